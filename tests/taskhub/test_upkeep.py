"""The clock of the machine is set back or forward; a file that is mostly empty becomes smaller."""

import asyncio
from pathlib import Path

import pytest

from funchost.clock import SYSTEM_CLOCK
from funchost.durable.actions import CreateTimer
from funchost.durable.events import TaskCompleted, TimerFired
from funchost.durable.instances import InstanceFilter, Status
from funchost.taskhub import TaskHub
from tests.clocks import ManualClock
from tests.taskhub.stepping import (
    ALL,
    SECOND,
    OpenHub,
    client,
    commit_of,
    decide,
    lease,
    lease_activities,
    lease_activity,
    lease_one,
    query,
    schedule_activities,
    step,
)

HOUR = 3600
EACH_WAY = pytest.mark.parametrize("seconds", [-HOUR, HOUR])


@pytest.fixture
def time() -> ManualClock:
    return ManualClock(SYSTEM_CLOCK.now() + HOUR * SECOND)


@pytest.fixture
async def hub(open_hub: OpenHub, time: ManualClock) -> TaskHub:
    return await open_hub(clock=time)


async def set_clock(hub: TaskHub, time: ManualClock, seconds: float) -> None:
    """Set the clock and let the hub notice it."""
    # The watch and the upkeep.
    await time.asleep(2)
    time.set_by(seconds)
    time.advance(1)
    await time.asleep(2)


@EACH_WAY
async def test_what_was_ready_is_ready_after_the_clock_was_set(
    hub: TaskHub, time: ManualClock, seconds: float
) -> None:
    await schedule_activities(hub, "busy", 2)
    first, waiting = await lease_activities(hub, 2)
    await hub.work.finish_activity(first, TaskCompleted(time.now(), 0, "1"))
    await hub.work.return_activity(waiting, 5, 1)
    await client(hub).start("work", "new", None)
    await client(hub).signal_entity("@counter@one", "add", None)

    await set_clock(hub, time, seconds)

    assert {item.instance.instance_id for item in await lease(hub, 9)} == {"busy", "new", "@counter@one"}
    time.advance(5)
    assert (await lease_activity(hub)).task == waiting.task


async def test_an_instance_that_rests_hears_of_a_message_after_the_clock_was_set_back(
    hub: TaskHub, time: ManualClock
) -> None:
    await client(hub).start("work", "one", None)
    leased = await lease_one(hub)
    await hub.work.commit_episode(leased, commit_of(leased, open_tasks=2), 200_000)
    await set_clock(hub, time, -HOUR)
    await client(hub).raise_event("one", "go", "1")
    assert (await lease_one(hub)).instance.instance_id == "one"


async def test_what_is_meant_for_a_later_time_waits_for_it_however_the_clock_is_set(
    hub: TaskHub, time: ManualClock
) -> None:
    due = time.now() + 10 * SECOND
    await client(hub).start("work", "timer", None)
    await decide(hub, CreateTimer(due))
    await client(hub).start("work", "later", None, start_at=due)
    await client(hub).signal_entity("@counter@one", "add", None, due=due)

    await set_clock(hub, time, -HOUR)

    assert await lease(hub, 9) == []
    assert await hub.work.next_instance_at(ALL) == due
    time.go_to(due)
    assert len(await lease(hub, 9)) == 3


async def test_what_was_ready_is_taken_in_its_order_after_the_clock_was_set_back(
    hub: TaskHub, time: ManualClock
) -> None:
    await client(hub).start("work", "one", None)
    time.advance(HOUR)
    await decide(hub, CreateTimer(time.now() - 3 * HOUR * SECOND))
    for name in ("first", "second"):
        await client(hub).raise_event("one", name, None)
    await set_clock(hub, time, -HOUR)
    await client(hub).raise_event("one", "third", None)
    timer, *raised = (message.event for message in (await lease_one(hub)).messages)
    assert isinstance(timer, TimerFired)
    assert [getattr(event, "name", "") for event in raised] == ["first", "second", "third"]


async def test_a_clock_that_was_set_back_while_no_host_ran_is_noticed_at_the_start(
    open_hub: OpenHub, folder: Path, time: ManualClock
) -> None:
    first = await TaskHub.open(folder, "Hub", clock=time)
    await client(first).start("work", "one", None)
    await first.close()
    time.set_by(-HOUR)
    second = await open_hub(clock=time)
    assert (await lease_one(second)).instance.instance_id == "one"


@EACH_WAY
async def test_setting_the_clock_ends_no_lease(open_hub: OpenHub, time: ManualClock, seconds: float) -> None:
    one, other = await open_hub(clock=time), await open_hub(clock=time)
    await client(one).start("work", "one", None)
    leased = await lease_one(one)
    await time.asleep(4)
    time.set_by(seconds)
    await other._watch._look_for_others()
    await one.work.commit_episode(leased, commit_of(leased))


async def test_a_file_that_stays_mostly_empty_becomes_smaller(
    hub: TaskHub, time: ManualClock, folder: Path
) -> None:
    await client(hub).start("work", "kept", "x" * 100_000)
    for number in range(30):
        await client(hub).start("work", f"big{number}", "x" * 300_000)
    for _ in range(31):
        await step(hub, Status.COMPLETED)
    await client(hub).purge_where(InstanceFilter(prefix="big"))

    def size() -> int:
        (pages,) = query(folder, "PRAGMA page_count")[0]
        return int(pages)

    before = size()
    for _ in range(29):
        await time.asleep(2)
        time.advance(1)
    await time.asleep(2)
    assert size() == before > 2000
    time.advance(1)
    async with asyncio.timeout(10):
        while size() > 1200:
            await asyncio.sleep(0.01)
    kept = await client(hub).get("kept")
    assert kept is not None
    assert kept.input == "x" * 100_000
    assert query(folder, "PRAGMA integrity_check") == [("ok",)]
