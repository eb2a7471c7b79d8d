"""Waiting for a status: woken by commits, looking at nothing while nobody waits."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from funchost.clock import Clock
from funchost.durable.instances import Instance, Status
from funchost.taskhub import TaskHub
from tests.taskhub.stepping import OpenHub, client, run_to, step

Waiting = asyncio.Task[Instance | None]


def wait_for_end(hub: TaskHub, instance_id: str) -> Waiting:
    return asyncio.create_task(client(hub).wait_for(instance_id, lambda status: status.is_final))


class NoLookAround(Clock):
    """A clock under which the hub never looks around by itself, so that only calls wake who waits."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.Event().wait()


async def condition(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.01)


async def test_a_wait_ends_with_the_commit_it_waits_for(open_hub: OpenHub) -> None:
    hub = await open_hub(clock=NoLookAround())
    await run_to(hub, "one", Status.RUNNING)
    waiting = wait_for_end(hub, "one")
    await client(hub).raise_event("one", "go", None)
    await step(hub)
    assert not waiting.done()
    await client(hub).raise_event("one", "go", None)
    await step(hub, Status.COMPLETED)
    instance = await asyncio.wait_for(waiting, 10)
    assert instance is not None
    assert instance.status is Status.COMPLETED


async def test_a_commit_of_another_host_wakes_who_waits(open_hub: OpenHub) -> None:
    hub = await open_hub(clock=NoLookAround())
    await run_to(hub, "one", Status.RUNNING)
    waiting = wait_for_end(hub, "one")
    other = await open_hub()
    await client(other).raise_event("one", "go", None)
    await step(other, Status.COMPLETED)
    assert await asyncio.wait_for(waiting, 10) is not None


async def test_what_nobody_called_out_is_seen_when_the_hub_looks_around(hub: TaskHub, folder: Path) -> None:
    await run_to(hub, "one", Status.RUNNING)
    waiting = wait_for_end(hub, "one")
    await client(hub).get("one")
    connection = sqlite3.connect(folder / "Hub.db")
    connection.execute("UPDATE instances SET status = 'Completed'")
    connection.commit()
    connection.close()
    assert await asyncio.wait_for(waiting, 10) is not None


async def test_a_status_that_is_reached_already_is_not_waited_for(hub: TaskHub) -> None:
    await run_to(hub, "one", Status.FAILED)
    instance = await wait_for_end(hub, "one")
    assert instance is not None
    assert instance.status is Status.FAILED


async def test_an_unknown_instance_is_not_waited_for(hub: TaskHub) -> None:
    assert await wait_for_end(hub, "nobody") is None


async def test_each_of_many_hears_of_its_own_instance(hub: TaskHub) -> None:
    for name in ("a", "b"):
        await run_to(hub, name, Status.RUNNING)
    clients = client(hub)
    waits = {
        name: asyncio.create_task(clients.wait_for(name, lambda status: status.is_final))
        for name in ("a", "b")
    }
    await client(hub).raise_event("a", "go", None)
    await step(hub, Status.COMPLETED)
    assert await waits["a"] is not None
    assert not waits["b"].done()
    await client(hub).raise_event("b", "go", None)
    await step(hub, Status.COMPLETED)
    assert await waits["b"] is not None


async def test_nobody_listens_when_nobody_waits_any_more(
    hub: TaskHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    listening: list[object] = []
    subscribe = hub.wake_ups.subscribe

    def counted(*arguments: object) -> Callable[[], None]:
        end = subscribe(*arguments)  # type: ignore[arg-type]
        listening.append(end)

        def end_listening() -> None:
            listening.remove(end)
            end()

        return end_listening

    monkeypatch.setattr(hub.wake_ups, "subscribe", counted)
    await run_to(hub, "one", Status.RUNNING)
    clients = client(hub)
    waits = [asyncio.create_task(clients.wait_for("one", lambda status: status.is_final)) for _ in range(3)]
    await condition(lambda: len(listening) == 1)
    for wait in waits:
        wait.cancel()
    await asyncio.wait(waits)
    assert listening == []


async def test_a_hub_that_cannot_be_read_ends_the_waits(
    hub: TaskHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run_to(hub, "one", Status.RUNNING)

    async def fail(query: object) -> None:
        raise OSError("the disk is gone")

    clients = client(hub)
    monkeypatch.setattr(clients._database, "read", fail)
    with pytest.raises(OSError, match="the disk is gone"):
        await clients.wait_for("one", lambda status: status.is_final)
