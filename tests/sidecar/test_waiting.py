"""Waiting for an instance to start and to end."""

import asyncio

import pytest
from durabletask.client import OrchestrationStatus

from funchost.durable.instances import SdkProtocol, Status
from funchost.taskhub import TaskHub, Work
from tests.sidecar.playing import condition, episode


async def start(client):
    await client.schedule_new_orchestration("hello", input=1, instance_id="one")


async def test_a_wait_for_the_start_ends_with_the_first_episode(client, hub):
    await start(client)
    waiting = asyncio.create_task(client.wait_for_orchestration_start("one", fetch_payloads=True))
    await episode(hub)
    state = await waiting
    assert state.runtime_status is OrchestrationStatus.RUNNING
    assert state.serialized_input == "1"


async def test_a_wait_for_the_end_is_woken_by_the_commit_that_ends_it(client, hub, listeners):
    await start(client)
    await episode(hub)
    waiting = asyncio.create_task(client.wait_for_orchestration_completion("one"))
    await condition(lambda: listeners() == 1)
    await client.raise_orchestration_event("one", "go")
    assert not waiting.done()
    await episode(hub, Status.COMPLETED, output='"done"')
    state = await waiting
    assert (state.runtime_status, state.serialized_output) == (OrchestrationStatus.COMPLETED, '"done"')
    await condition(lambda: listeners() == 0)


async def test_an_instance_that_is_there_already_is_not_waited_for(client, hub):
    await start(client)
    await episode(hub, Status.FAILED)
    for wait in (client.wait_for_orchestration_start, client.wait_for_orchestration_completion):
        assert (await wait("one")).runtime_status is OrchestrationStatus.FAILED


async def test_an_unknown_instance_is_not_waited_for(client):
    assert await client.wait_for_orchestration_start("nobody") is None
    assert await client.wait_for_orchestration_completion("nobody") is None
    assert await client.wait_for_orchestration_completion("@counter@one") is None


async def test_many_who_wait_are_all_woken(client, hub):
    await start(client)
    waiting = [asyncio.create_task(client.wait_for_orchestration_completion("one")) for _ in range(20)]
    await episode(hub, Status.COMPLETED)
    states = await asyncio.gather(*waiting)
    assert {state.runtime_status for state in states} == {OrchestrationStatus.COMPLETED}


async def test_an_instance_that_another_host_ends_is_seen(client, hub, tmp_path):
    await start(client)
    other = await TaskHub.open(tmp_path / "data", "Hub")
    try:
        waiting = asyncio.create_task(client.wait_for_orchestration_completion("one", timeout=10))
        await episode(other, Status.COMPLETED)
        assert (await waiting).runtime_status is OrchestrationStatus.COMPLETED
    finally:
        await other.close()


async def test_a_wait_ends_at_its_deadline(client, listeners):
    await start(client)
    with pytest.raises(TimeoutError, match="waiting for the orchestration to complete"):
        await client.wait_for_orchestration_completion("one", timeout=0.3)
    await condition(lambda: listeners() == 0)


async def test_a_wait_ends_when_its_client_gives_up(client, listeners):
    await start(client)
    waiting = asyncio.create_task(client.wait_for_orchestration_completion("one"))
    await condition(lambda: listeners() == 1)
    waiting.cancel()
    await asyncio.wait([waiting])
    await condition(lambda: listeners() == 0)


async def test_a_purged_instance_is_not_waited_for_any_longer(client, hub, listeners):
    await start(client)
    await episode(hub)
    waiting = asyncio.create_task(client.wait_for_orchestration_completion("one"))
    await condition(lambda: listeners() == 1)
    await hub.clients(SdkProtocol.JSON1).purge("one")
    hub.wake_ups.tell(Work.EPISODES)
    assert await waiting is None
