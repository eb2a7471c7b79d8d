"""Histories that are kept in memory: the same to the orchestrator as those in the hub."""

import asyncio
import json
from typing import Any

import pytest

from funchost.dispatch.replay_cache import CachedExecution, ReplayCache
from funchost.durable import events
from funchost.durable.episode_commit import Rules
from funchost.durable.instances import Instance, Status
from funchost.protocols.json1.rules import Json1Rules
from funchost.taskhub.work_items import WorkItems
from tests.dispatch.conftest import StartHost


async def test_a_kept_history_and_one_that_is_read_again_give_the_same_contexts(
    start_host: StartHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    contexts: dict[str, list[list[Any]]] = {}
    for label, limit in (("kept", 64_000_000), ("read", 0)):
        host = await start_host()
        host.instances._cache = ReplayCache(limit)
        for name in ("chain", "wait", "fan_out"):
            await host.app.start(name, f"{label}-{name}", None)
        await host.app.raise_event(f"{label}-wait", "go", "1")
        await host.status_until(f"{label}-wait", lambda instance: instance.status is Status.RUNNING)
        await host.app.raise_event(f"{label}-wait", "go", "2")
        for name in ("chain", "wait", "fan_out"):
            await host.end_of(f"{label}-{name}")
        contexts[label] = [_shape(text) for called, text in host.pool.calls if called == "chain"]
        host.pool.calls.clear()
        await host.stop()
    assert contexts["kept"] == contexts["read"]
    assert [len(shape) for shape in contexts["kept"]] == [2, 4, 6, 8]


def _shape(context: str) -> list[Any]:
    """The history of a context without its times and IDs."""
    return [(event["EventType"], event.get("TaskScheduledId")) for event in json.loads(context)["history"]]


async def test_the_history_is_read_once_and_not_for_every_episode(
    start_host: StartHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = []
    events_of = WorkItems.events

    async def note(work: WorkItems, instance_id: str) -> list[events.Event]:
        reads.append(instance_id)
        return await events_of(work, instance_id)

    monkeypatch.setattr(WorkItems, "events", note)
    host = await start_host()
    await host.app.start("wait", "one", None)
    await host.status_until("one", lambda instance: instance.status is Status.RUNNING)
    host.instances._cache = ReplayCache()
    for value in ("1", "2"):
        await host.app.raise_event("one", "go", value)
    assert (await host.end_of("one")).output == "[1,2]"
    assert reads == ["one"]


async def test_a_history_goes_on_correctly_on_another_host(start_host: StartHost) -> None:
    first = await start_host()
    await first.app.start("wait", "one", None)
    await first.status_until("one", lambda instance: instance.status is Status.RUNNING)
    await first.stop()
    second = await start_host()
    await second.app.raise_event("one", "go", '"from the first"')
    async with asyncio.timeout(10):
        while len(await second.hub.work.events("one")) < 6:
            await asyncio.sleep(0.005)
    third = await start_host()
    await second.stop()
    await third.app.raise_event("one", "go", '"from the second"')
    assert (await third.end_of("one")).output == '["from the first","from the second"]'


def instance(instance_id: str, execution_id: str = "e") -> Instance:
    return Instance(
        instance_id=instance_id,
        execution_id=execution_id,
        name="work",
        version="",
        status=Status.RUNNING,
        input=None,
        created_at=0,
        updated_at=0,
    )


def execution(length: int = 1, episode: int = 1) -> CachedExecution:
    started = events.ExecutionStarted(0, "w")
    return CachedExecution("e", episode, Json1Rules(Rules()).replay_of(instance("one"), [started] * length))


SIZE = execution().replay.size


def test_a_copy_is_current_only_for_its_execution_and_episode() -> None:
    def kept() -> ReplayCache:
        cache = ReplayCache()
        cache.put("one", execution(episode=3))
        return cache

    assert kept().take(instance("one"), 3) is not None
    assert kept().take(instance("one"), 4) is None
    assert kept().take(instance("one", "later"), 3) is None
    assert kept().take(instance("other"), 3) is None


def test_a_copy_that_is_taken_is_gone_until_it_is_put_back() -> None:
    cache = ReplayCache()
    kept = execution()
    cache.put("one", kept)
    assert cache.take(instance("one"), 1) is kept.replay
    assert cache.take(instance("one"), 1) is None


def test_a_copy_that_is_not_current_is_forgotten_when_it_is_asked_for() -> None:
    cache = ReplayCache()
    cache.put("one", execution())
    cache.take(instance("one"), 2)
    assert cache._size == 0


def test_the_least_recently_used_copies_are_forgotten_first() -> None:
    cache = ReplayCache(limit_bytes=3 * SIZE)
    for name in "abc":
        cache.put(name, execution())
    assert cache.take(instance("a"), 1) is not None
    cache.put("a", execution())
    cache.put("d", execution())
    assert [name for name in "abcd" if cache.take(instance(name), 1) is not None] == ["a", "c", "d"]


def test_a_copy_that_is_replaced_counts_once_and_as_new() -> None:
    cache = ReplayCache(limit_bytes=2 * SIZE)
    for name in "ab":
        cache.put(name, execution())
    for _ in range(10):
        cache.put("a", execution(episode=2))
    cache.put("c", execution())
    assert cache.take(instance("a"), 2) is not None
    assert cache.take(instance("b"), 1) is None


def test_a_history_larger_than_the_limit_is_not_kept() -> None:
    cache = ReplayCache(limit_bytes=execution(5).replay.size - 1)
    cache.put("one", execution(5))
    cache.put("two", execution(1))
    assert cache.take(instance("one"), 1) is None
    assert cache.take(instance("two"), 1) is not None


async def test_what_is_kept_after_many_orchestrations_is_bounded(start_host: StartHost) -> None:
    host = await start_host()
    for number in range(20):
        await host.run("chain", f"i{number}")
    assert host.instances._cache._size == 0
    assert not host.instances._cache._kept
