"""Work that cannot be done: tried again after pauses that grow, a limited number of times, then failed with
the reason; everything else goes on meanwhile."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import azure.durable_functions as df
import pytest

from funchost.durable.events import ExecutionCompleted, TaskFailed
from funchost.durable.instances import Status
from funchost.durable.refusals import HubUnavailable
from funchost.protocols.json1.rules import Json1Rules
from funchost.taskhub.work_items import WorkItems
from funchost.worker.invocations import FunctionTimedOut, WorkerLost
from tests.clocks import ManualClock
from tests.dispatch.conftest import ALL, Host, StartHost
from tests.dispatch.fakes import FakePool

ALWAYS = 1_000_000
ENTITY = "@list@one"
GROWING = [0.1, 0.3, 0.9, 2.7, 8.1, 24.3, 30.0, 30.0, 30.0]


def append(context: df.DurableEntityContext) -> None:
    """Keeps the inputs of its operations in order."""
    items = context.get_state(lambda: [])
    items.append(context.get_input())
    context.set_state(items)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def pool(pool: FakePool) -> FakePool:
    pool.entities["list"] = df.Entity.create(append)
    return pool


async def pauses_until(host: Host, clock: ManualClock, is_over: Callable[[], Any]) -> list[float]:
    """Let time pass from one thing that is due to the next until it is over. Returns the pauses (seconds)."""
    pauses: list[float] = []
    async with asyncio.timeout(20):
        while not await is_over():
            work = host.hub.work
            times = (
                await work.next_instance_at(ALL),
                await work.next_activity_at(ALL),
            )
            due = min((time for time in times if time is not None), default=0)
            if due > clock.now():
                pauses.append(round((due - clock.now()) / 1_000_000, 3))
                clock.go_to(due)
                host.instances.wake()
                host.activities.wake()
            await asyncio.sleep(0.002)
    return pauses


async def pauses_of(host: Host, clock: ManualClock, instance_id: str = "one") -> list[float]:
    async def is_over() -> bool:
        instance = await host.app.get(instance_id)
        return instance is not None and instance.status.is_final

    return await pauses_until(host, clock, is_over)


async def test_an_activity_whose_worker_dies_each_time_fails_with_the_reason(
    start_host: StartHost, clock: ManualClock
) -> None:
    host = await start_host(attempts=10, clock=clock)
    host.pool.deaths["say"] = ALWAYS
    await host.app.start("chain", "one", None)

    assert await pauses_of(host, clock) == GROWING
    assert host.pool.count("say") == 10
    (failed,) = [each for each in await host.app.history("one") if isinstance(each, TaskFailed)]
    assert failed.reason == (
        "Activity function 'say' was tried 10 times and did not come to an end. Worker process 4711 died: "
        "python exited with code 137 (0x89)"
    )
    ended = await host.end_of("one")
    assert ended.status is Status.FAILED
    assert failed.reason in (ended.output or "")


async def test_an_activity_that_the_host_cannot_hand_in_fails_with_the_reason(
    start_host: StartHost, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_always(*arguments: Any) -> Any:
        raise AssertionError("a defect of the host")

    host = await start_host(attempts=3, clock=clock)
    monkeypatch.setattr(Json1Rules, "activity_ended", break_always)
    await host.app.start("chain", "one", None)

    assert await pauses_of(host, clock) == GROWING[:3]
    assert host.pool.count("say") == 3
    (failed,) = [each for each in await host.app.history("one") if isinstance(each, TaskFailed)]
    assert failed.reason == (
        "Activity function 'say' was tried 3 times and did not come to an end. The log of the host says why."
    )


async def test_what_was_lost_with_its_worker_twice_runs_alone_from_then_on(
    start_host: StartHost, clock: ManualClock
) -> None:
    host = await start_host(attempts=5, clock=clock)
    host.pool.deaths = Counter({"say": 3, "chain": 3, "list": 3})
    await host.app.start("chain", "one", None)
    await host.app.start("call_entity", "two", json.dumps(json.dumps("list")))

    await pauses_of(host, clock, "one")
    await pauses_of(host, clock, "two")

    assert Counter(host.pool.alone) == {"say": 2, "chain": 2, "list": 2}
    assert [(await host.end_of(name)).status for name in ("one", "two")] == [Status.COMPLETED] * 2


async def test_what_cannot_run_alone_yet_makes_room_for_others_and_counts_no_attempt(
    start_host: StartHost, clock: ManualClock
) -> None:
    host = await start_host(instances=1, activities=1, attempts=4, clock=clock)
    host.pool.deaths["say"] = 2
    host.pool.can_run_alone = False
    await host.app.start("chain", "one", None)

    async def waits() -> bool:
        return host.pool.count("say") == 2 and clock.now() > began + 10_000_000

    began = clock.now()
    pauses = await pauses_until(host, clock, waits)
    assert pauses[:2] == GROWING[:2]
    assert set(pauses[2:]) == {0.3}
    assert (await host.run("chain", "other")).status is Status.COMPLETED

    host.pool.can_run_alone = True
    await pauses_of(host, clock)
    assert (await host.end_of("one")).status is Status.COMPLETED


@pytest.mark.parametrize(
    "loss", [WorkerLost(4711, "killed"), FunctionTimedOut("chain", "00:05:00", 4711), MemoryError()]
)
async def test_an_episode_that_is_lost_each_time_fails_its_instance_with_the_reason(
    start_host: StartHost, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, loss: Exception
) -> None:
    async def lose(*arguments: Any) -> Any:
        host.pool.calls.append(("chain", ""))
        raise loss

    host = await start_host(attempts=10, clock=clock)
    monkeypatch.setattr(host.pool, "invoke", lose)
    await host.app.start("chain", "one", None)

    assert await pauses_of(host, clock) == [*GROWING, 30.0]
    assert host.pool.count("chain") == 10
    reason = (
        "The episode of orchestrator 'chain' was tried 10 times and could not be carried out. The log of the "
        "host says why. FUNCHOST_MAX_ATTEMPTS says how often it is tried."
    )
    ended = await host.end_of("one")
    assert (ended.status, ended.output) == (Status.FAILED, reason)
    completed = (await host.app.history("one"))[-2]
    assert isinstance(completed, ExecutionCompleted)
    assert completed.result == reason


async def test_the_parent_of_an_instance_that_is_given_up_hears_of_it(
    start_host: StartHost, clock: ManualClock
) -> None:
    host = await start_host(attempts=2, clock=clock)
    host.pool.deaths["chain"] = ALWAYS
    await host.app.start("call_child", "one", None)

    await pauses_of(host, clock)

    ended = await host.end_of("one")
    assert ended.status is Status.FAILED
    assert "The episode of orchestrator 'chain' was tried 2 times" in (ended.output or "")


async def test_an_attempt_that_succeeds_makes_the_next_work_begin_with_none(
    start_host: StartHost, clock: ManualClock
) -> None:
    host = await start_host(attempts=3, clock=clock)
    replay = host.pool.orchestrators["chain"]
    calls = 0

    def lost_twice_of_three_times(text: str) -> str:
        nonlocal calls
        calls += 1
        if calls % 3:
            raise WorkerLost(4711, "killed")
        returned: str = replay(text)
        return returned

    host.pool.orchestrators["chain"] = lost_twice_of_three_times
    await host.app.start("chain", "one", None)

    assert await pauses_of(host, clock) == GROWING[:2] * 4
    assert (await host.end_of("one")).status is Status.COMPLETED


async def test_other_instances_go_on_while_one_is_tried_again(
    start_host: StartHost, clock: ManualClock
) -> None:
    host = await start_host(instances=1, activities=1, attempts=10, clock=clock)
    host.pool.deaths["fan_out"] = ALWAYS
    await host.app.start("fan_out", "poison", None)
    began = clock.now()

    assert (await host.run("chain", "other")).status is Status.COMPLETED
    assert clock.now() == began


async def test_a_hub_that_cannot_be_written_is_not_counted(
    start_host: StartHost, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    troubles = {"commit_episode": 20, "finish_activity": 20}
    for name in troubles:
        _fail_some_times(monkeypatch, name, troubles, HubUnavailable("Hub.db", "the disk is full", ""))
    host = await start_host(attempts=2, clock=clock)
    await host.app.start("chain", "one", None)

    assert set(await pauses_of(host, clock)) == {1.0}
    assert set(troubles.values()) == {0}
    assert (await host.end_of("one")).status is Status.COMPLETED


def _fail_some_times(
    monkeypatch: pytest.MonkeyPatch, name: str, troubles: dict[str, int], error: Exception
) -> None:
    real = getattr(WorkItems, name)

    async def fails(*arguments: Any, **options: Any) -> Any:
        if troubles[name] > 0:
            troubles[name] -= 1
            raise error
        return await real(*arguments, **options)

    monkeypatch.setattr(WorkItems, name, fails)


async def test_one_operation_that_kills_each_worker_fails_alone(
    start_host: StartHost, clock: ManualClock
) -> None:
    def die_of_poison(text: str) -> str:
        names = [each["name"] for each in json.loads(text)["batch"]]
        batches.append(names)
        if "poison" in names:
            raise WorkerLost(4711, "killed")
        returned: str = run(text)
        return returned

    async def is_over() -> bool:
        return bool(json.loads(await host.app.entity_state(ENTITY) or "[]") == [1, 3, 4])

    batches: list[list[str]] = []
    host = await start_host(attempts=4, clock=clock)
    run, host.pool.entities["list"] = host.pool.entities["list"], die_of_poison
    host.instances.drain()
    for number, operation in enumerate(("add", "poison", "add", "add"), 1):
        await host.app.signal_entity(ENTITY, operation, json.dumps(json.dumps(number)))
    host.instances.resume()

    await pauses_until(host, clock, is_over)

    whole, rest = ["add", "poison", "add", "add"], ["poison", "add", "add"]
    assert batches == [whole, ["add"], rest, *[["poison"]] * 3, ["add", "add"]]


async def test_the_caller_of_an_operation_that_is_given_up_is_told_why(
    start_host: StartHost, clock: ManualClock
) -> None:
    host = await start_host(attempts=2, clock=clock)
    host.pool.deaths["list"] = ALWAYS
    await host.app.start("call_entity", "one", json.dumps(json.dumps("list")))

    await pauses_of(host, clock)

    ended = await host.end_of("one")
    assert ended.status is Status.FAILED
    assert "The operation of entity 'list' was tried 2 times and could not be carried out." in (
        ended.output or ""
    )
