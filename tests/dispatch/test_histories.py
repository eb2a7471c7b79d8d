"""Histories that are kept in memory: the same to the orchestrator as those in the hub."""

import asyncio
import json
from typing import Any

import pytest
from funchost.dispatch.history_cache import Execution, HistoryCache
from funchost.durable.model import Instance, Status

from funchost.durable import events
from tests.dispatch.conftest import StartHost


async def test_a_kept_history_and_one_that_is_read_again_give_the_same_contexts(
    start_host: StartHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    contexts: dict[str, list[list[Any]]] = {}
    for label, limit in (("kept", 64_000_000), ("read", 0)):
        host = await start_host()
        host.instances._cache = HistoryCache(limit)
        for name in ("chain", "wait", "fan_out"):
            await host.hub.start(name, f"{label}-{name}", None)
        await host.hub.raise_event(f"{label}-wait", "go", "1")
        await host.status_until(f"{label}-wait", lambda instance: instance.status is Status.RUNNING)
        await host.hub.raise_event(f"{label}-wait", "go", "2")
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
    from_history = Execution.from_history

    def note(execution_id: str, episode: int, history: Any) -> Execution:
        reads.append(episode)
        return from_history(execution_id, episode, history)

    monkeypatch.setattr(Execution, "from_history", note)
    host = await start_host()
    await host.run("chain")
    assert reads == [0]


async def test_a_history_goes_on_correctly_on_another_host(start_host: StartHost) -> None:
    first = await start_host()
    await first.hub.start("wait", "one", None)
    await first.status_until("one", lambda instance: instance.status is Status.RUNNING)
    await first.stop()
    second = await start_host()
    await second.hub.raise_event("one", "go", '"from the first"')
    async with asyncio.timeout(10):
        while len(await second.hub.events("one")) < 6:
            await asyncio.sleep(0.005)
    third = await start_host()
    await second.stop()
    await third.hub.raise_event("one", "go", '"from the second"')
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


def execution(length: int = 1, episode: int = 1) -> Execution:
    started = events.execution_started(0, name="w", version="", instance_id="one", execution_id="e")
    return Execution.from_history("e", episode, [started] * length)


def test_a_copy_is_current_only_for_its_execution_and_episode() -> None:
    cache = HistoryCache()
    cache.put("one", execution(episode=3))
    assert cache.is_current(instance("one"), 3)
    assert not cache.is_current(instance("one"), 4)
    assert not cache.is_current(instance("one", "later"), 3)
    assert not cache.is_current(instance("other"), 3)


def test_a_copy_that_is_taken_is_gone_until_it_is_put_back() -> None:
    cache = HistoryCache()
    kept = execution()
    cache.put("one", kept)
    assert cache.take("one") is kept
    assert cache.take("one") is None
    assert not cache.is_current(instance("one"), 1)


def test_the_least_recently_used_copies_are_forgotten_first() -> None:
    size = execution().size
    cache = HistoryCache(limit_characters=3 * size)
    for name in "abc":
        cache.put(name, execution())
    again = cache.take("a")
    assert again is not None
    cache.put("a", again)
    cache.put("d", execution())
    assert [name for name in "abcd" if cache.is_current(instance(name), 1)] == ["a", "c", "d"]


def test_a_copy_that_is_replaced_counts_once_and_as_new() -> None:
    size = execution().size
    cache = HistoryCache(limit_characters=2 * size)
    for name in "ab":
        cache.put(name, execution())
    for _ in range(10):
        cache.put("a", execution(episode=2))
    cache.put("c", execution())
    assert cache.is_current(instance("a"), 2)
    assert not cache.is_current(instance("b"), 1)


def test_a_history_larger_than_the_limit_is_not_kept() -> None:
    cache = HistoryCache(limit_characters=execution(5).size - 1)
    cache.put("one", execution(5))
    cache.put("two", execution(1))
    assert cache.take("one") is None
    assert cache.take("two") is not None


async def test_what_is_kept_after_many_orchestrations_is_bounded(start_host: StartHost) -> None:
    host = await start_host()
    for number in range(20):
        await host.run("chain", f"i{number}")
    assert host.instances._cache._size == 0
    assert not host.instances._cache._kept
