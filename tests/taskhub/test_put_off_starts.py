"""Starts that are put off, and what is asked of an instance until then."""

import asyncio

from funchost.durable import events
from funchost.durable.instances import Status
from funchost.taskhub import TaskHub
from tests.taskhub.stepping import SECOND, client, clock, lease, lease_one


async def put_off(hub: TaskHub, by: int = 3600 * SECOND) -> int:
    start_at = clock() + by
    await client(hub).start("hello", "one", None, start_at=start_at)
    return start_at


async def test_an_instance_is_pending_until_its_start(hub: TaskHub) -> None:
    start_at = await put_off(hub)
    instance = await client(hub).get("one")
    assert instance is not None
    assert (instance.status, instance.scheduled_at) == (Status.PENDING, start_at)
    assert await lease(hub) == []


async def test_a_start_in_the_past_is_a_start_now(hub: TaskHub) -> None:
    await put_off(hub, by=-SECOND)
    assert (await lease_one(hub)).instance.instance_id == "one"


async def test_an_event_arrives_behind_the_start(hub: TaskHub) -> None:
    await put_off(hub, by=SECOND // 5)
    await client(hub).raise_event("one", "go", "1")
    assert await lease(hub) == []
    while not (leased := await lease(hub)):
        await asyncio.sleep(0.01)
    assert [type(message.event) for message in leased[0].messages] == [
        events.ExecutionStarted,
        events.EventRaised,
    ]


async def test_an_instance_that_is_terminated_before_its_start_never_runs(hub: TaskHub) -> None:
    await put_off(hub)
    await client(hub).terminate("one", "changed my mind")
    instance = await client(hub).get("one")
    assert instance is not None
    assert (instance.status, instance.output) == (Status.TERMINATED, "changed my mind")
    assert instance.completed_at is not None
    assert await lease(hub) == []
    assert await client(hub).purge("one") == 1


async def test_tags_come_along_with_a_start_and_a_restart(hub: TaskHub) -> None:
    await client(hub).start("hello", "one", None, tags={"team": "x"})
    again = await client(hub).restart("one", new_id=True)
    stored = await client(hub).get(again.instance_id)
    assert stored is not None
    assert stored.tags == {"team": "x"}
