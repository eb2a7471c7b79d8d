"""Timers over a real task hub: who fires, when, and what of it is known afterwards.

The tests own the clock. Listeners that sleep have done all there was to do, so that a test waits for that.
"""

import asyncio
import dataclasses
import json
import logging
from datetime import UTC

import pytest

from funchost.taskhub.timer_records import TimerStatus
from funchost.triggers.timers.timer_listeners import TimerListeners
from funchost.worker.invocations import FunctionTimedOut, InvocationError, PoolStopped, WorkerLost

OFTEN_SECONDS = 10
OFTEN = "00:00:10"
DAILY = "0 0 0 * * *"
LEASE_SECONDS = 1
HOUR_SECONDS = 3600
MINUTE = 60_000_000
MIDNIGHT = 1_767_225_600_000_000  # 2026-01-01T00:00:00Z, half a day before the clock's first time


@pytest.fixture
async def listen(pool, clock):
    """Starts the listeners of these functions as one host instance."""
    all_listeners: list[TimerListeners] = []

    def start(hub, *functions):
        listeners = TimerListeners(hub, pool, functions, UTC, clock)
        all_listeners.append(listeners)
        listeners.start()
        return listeners

    yield start
    pool.free.set()
    for listeners in all_listeners:
        await listeners.stop(5)


@pytest.fixture
def pass_by(clock):
    """Lets so many seconds pass, from when the listeners sleep until they sleep again."""

    async def wait(seconds, listeners=1):
        await clock.asleep(listeners)
        clock.advance(seconds)
        await clock.asleep(listeners)

    return wait


def missed(minutes: int) -> TimerStatus:
    """The record of a daily timer that was due so many minutes after its last run, and that is long ago."""
    return TimerStatus(MIDNIGHT - minutes * MINUTE, MIDNIGHT, MIDNIGHT - minutes * MINUTE)


async def record(hub, status: TimerStatus, function: str = "tick") -> None:
    await hub.timers.lease(function)
    await hub.timers.record(function, status)
    await hub.free_leases()


def listening() -> int:
    """How many listeners have not ended."""
    return sum(task.get_name().startswith("timer: ") for task in asyncio.all_tasks())


async def test_a_timer_fires_again_and_again(open_hub, listen, info, pool, pass_by):
    listen(await open_hub(), info(OFTEN))

    for _ in range(3):
        await pass_by(OFTEN_SECONDS)

    assert pool.payloads == 3 * [
        {"Schedule": {"AdjustForDST": False}, "ScheduleStatus": None, "IsPastDue": False}
    ]
    assert {invocation.datum for invocation in pool.invocations} == {"json"}
    assert len({invocation.invocation_id for invocation in pool.invocations}) == 3


async def test_a_timer_fires_at_its_second_and_not_before(open_hub, listen, info, pool, clock, pass_by):
    listen(await open_hub(), info(DAILY))

    await pass_by(12 * HOUR_SECONDS - 0.000001)
    assert pool.invocations == []
    await pass_by(0.000001)

    assert len(pool.invocations) == 1


async def test_a_run_is_announced_as_the_original_does(open_hub, listen, info, pass_by, caplog):
    caplog.set_level(logging.INFO)
    listen(await open_hub(), info(OFTEN))

    await pass_by(OFTEN_SECONDS)

    assert "Executing 'Functions.tick' (Reason='Timer fired at 2026-01-01T12:00:10.0000000+00:00', Id=" in (
        caplog.text
    )
    assert "Executed 'Functions.tick' (Succeeded" in caplog.text
    assert "Trigger Details" not in caplog.text


async def test_a_timer_does_not_overlap_with_itself(open_hub, listen, info, pool, clock, until):
    listen(await open_hub(), info(OFTEN))
    await clock.asleep()
    pool.free.clear()
    clock.advance(OFTEN_SECONDS)
    await until(lambda: pool.running)

    # Nobody sleeps until the next time: what comes due during the run waits for its end.
    assert clock.sleepers == 0
    clock.advance(3 * OFTEN_SECONDS)
    pool.free.set()
    await clock.asleep()

    assert len(pool.invocations) == 2
    assert pool.most_running == 1


@pytest.mark.parametrize(
    "outcome",
    [
        InvocationError("ValueError", "no", ""),
        WorkerLost(4711, "python exited with code 137 (0x89)"),
        FunctionTimedOut("tick", "00:00:05", 4711),
    ],
)
async def test_no_failure_stops_the_schedule(open_hub, listen, info, pool, pass_by, caplog, outcome):
    pool.outcome = outcome
    listen(await open_hub(), info(OFTEN))

    for _ in range(3):
        await pass_by(OFTEN_SECONDS)

    assert caplog.text.count("Executed 'Functions.tick' (Failed") == 3


async def test_an_unforeseen_error_does_not_stop_the_schedule(open_hub, listen, info, pool, pass_by, caplog):
    pool.outcome = RuntimeError("unforeseen")
    listen(await open_hub(), info(OFTEN))
    await pass_by(OFTEN_SECONDS)
    assert "Timer 'tick' could not be listened to. It is tried again." in caplog.text

    pool.outcome = None
    await pass_by(1)
    await pass_by(OFTEN_SECONDS)

    assert len(pool.invocations) == 2


async def test_a_bad_or_disabled_timer_does_not_hinder_the_others(open_hub, listen, info, pool, pass_by):
    disabled = dataclasses.replace(info(OFTEN, "disabled"), disabled=True)
    bad = dataclasses.replace(info("x", "bad"), error="bad")

    listen(await open_hub(), disabled, bad, info(OFTEN))
    await pass_by(OFTEN_SECONDS)

    assert listening() == 1
    assert [invocation.function for invocation in pool.invocations] == ["tick"]


async def test_run_on_startup_fires_once_at_the_start(open_hub, listen, info, pool, pass_by, caplog):
    caplog.set_level(logging.INFO)
    listen(await open_hub(), info(DAILY, runOnStartup=True))

    await pass_by(HOUR_SECONDS)

    assert [given["IsPastDue"] for given in pool.payloads] == [False]
    assert "Trigger Details: UnscheduledInvocationReason: RunOnStartup" in caplog.messages


async def test_run_on_startup_is_not_tried_again_after_an_unforeseen_error(
    open_hub, listen, info, pool, pass_by
):
    pool.outcome = RuntimeError("unforeseen")
    listen(await open_hub(), info(DAILY, runOnStartup=True))

    await pass_by(1)

    assert len(pool.invocations) == 1


async def test_without_it_nothing_runs_before_its_time(open_hub, listen, info, pool, pass_by, caplog):
    caplog.set_level(logging.INFO)
    listen(await open_hub(), info(DAILY))

    await pass_by(HOUR_SECONDS)

    announced = f"The next 5 occurrences of the 'tick' schedule ({DAILY}) will be:"
    assert f"{announced}\n01/02/2026 00:00:00+0000\n01/03/2026 00:00:00+0000\n" in caplog.text
    assert pool.invocations == []


async def test_a_missed_run_is_made_up_for_once_and_is_past_due(
    open_hub, listen, info, pool, pass_by, caplog
):
    caplog.set_level(logging.INFO)
    hub = await open_hub()
    await record(hub, missed(30))

    listen(hub, info(DAILY, runOnStartup=True))
    await pass_by(HOUR_SECONDS)

    assert [given["IsPastDue"] for given in pool.payloads] == [True]
    assert pool.payloads[0]["ScheduleStatus"]["Next"] == "2026-01-01T00:00:00+00:00"
    assert (
        "Trigger Details: UnscheduledInvocationReason: IsPastDue, "
        "OriginalSchedule: 2026-01-01T00:00:00.0000000+00:00"
    ) in caplog.text


async def test_a_run_is_recorded_and_not_repeated_at_the_next_start(
    open_hub, listen, info, pool, clock, pass_by
):
    hub = await open_hub()
    await record(hub, missed(30))
    first = listen(hub, info(DAILY))
    await clock.asleep()
    await first.stop(5)

    status = await hub.timers.status("tick")
    listen(hub, info(DAILY))
    await pass_by(HOUR_SECONDS)

    assert len(pool.invocations) == 1
    noon = MIDNIGHT + 12 * 60 * MINUTE
    assert status == TimerStatus(last=noon, next=MIDNIGHT + 24 * 60 * MINUTE, updated=noon)


async def test_what_is_not_monitored_has_missed_nothing(open_hub, listen, info, pool, pass_by):
    hub = await open_hub()
    await record(hub, missed(30))

    listen(hub, info(DAILY, useMonitor=False))
    await pass_by(HOUR_SECONDS)

    assert pool.invocations == []


async def test_of_several_hosts_one_fires(open_hub, listen, info, pool, pass_by):
    hubs = [await open_hub() for _ in range(3)]
    await record(hubs[0], missed(30))

    for hub in hubs:
        listen(hub, info(DAILY), info(DAILY, "other", runOnStartup=True))
    for _ in range(3):
        await pass_by(LEASE_SECONDS, listeners=6)

    assert sorted(invocation.function for invocation in pool.invocations) == ["other", "tick"]


async def test_another_host_goes_on_where_one_has_left(open_hub, listen, info, pool, clock, pass_by):
    leaving, staying = await open_hub(), await open_hub()
    listeners = listen(leaving, info(OFTEN))
    await pass_by(OFTEN_SECONDS)
    listen(staying, info(OFTEN))
    await clock.asleep(2)

    await listeners.stop(5)
    await leaving.free_leases()
    await pass_by(LEASE_SECONDS)
    await pass_by(OFTEN_SECONDS)

    assert len(pool.invocations) == 2
    assert await staying.timers.is_leased("tick")


async def test_a_host_that_was_taken_for_dead_fires_no_more(open_hub, listen, info, pool, pass_by, caplog):
    hanging, other = await open_hub(), await open_hub()
    listen(hanging, info(OFTEN))
    await pass_by(OFTEN_SECONDS)

    await hanging.free_leases()
    assert await other.timers.lease("tick")
    for _ in range(3):
        await pass_by(OFTEN_SECONDS)

    assert caplog.text.count("Timer 'tick' is fired by another host now.") == 1
    assert len(pool.invocations) == 1


async def test_a_run_that_the_stop_ended_is_made_up_for_at_the_next_start(
    open_hub, listen, info, pool, clock, until
):
    hub = await open_hub()
    await record(hub, missed(30))
    first = listen(hub, info(DAILY))
    pool.free.clear()
    await until(lambda: pool.running)

    first.drain()
    pool.outcome = WorkerLost(4711, "python exited with code 137 (0x89)")
    pool.free.set()
    await first.stop(5)
    pool.outcome = None
    listen(hub, info(DAILY))
    await clock.asleep()

    assert [given["IsPastDue"] for given in pool.payloads] == [True, True]


async def test_a_stop_waits_for_what_runs_and_records_it(open_hub, listen, info, pool, until):
    hub = await open_hub()
    await record(hub, missed(30))
    listeners = listen(hub, info(DAILY))
    pool.free.clear()
    await until(lambda: pool.running)

    stop = asyncio.ensure_future(listeners.stop(10))
    (listener,) = listeners._listeners
    await until(lambda: listener._is_draining)
    assert not stop.done()
    pool.free.set()
    await stop

    status = await hub.timers.status("tick")
    assert status is not None
    assert status.next == MIDNIGHT + 24 * 60 * MINUTE


async def test_a_drained_timer_rests_until_it_is_resumed(open_hub, listen, info, pool, clock, pass_by, until):
    listeners = listen(await open_hub(), info(OFTEN))
    await pass_by(OFTEN_SECONDS)

    listeners.drain()
    await until(lambda: not listening())
    clock.advance(HOUR_SECONDS)
    listeners.resume()
    await clock.asleep()
    assert len(pool.invocations) == 1

    await pass_by(OFTEN_SECONDS)
    assert len(pool.invocations) == 2


async def test_a_drain_that_is_taken_back_at_once_leaves_the_timer_firing(
    open_hub, listen, info, pool, clock, pass_by, until
):
    listeners = listen(await open_hub(), info(OFTEN))
    await clock.asleep()

    listeners.drain()
    listeners.resume()
    await until(lambda: listening() == 1)
    await pass_by(OFTEN_SECONDS)

    assert len(pool.invocations) == 1


async def test_a_pool_that_stops_ends_the_listening_with_nothing_said_but_of_the_refused_call(
    open_hub, listen, info, pool, clock, until, caplog
):
    pool.outcome = PoolStopped()
    listen(await open_hub(), info(OFTEN))
    await clock.asleep()

    clock.advance(OFTEN_SECONDS)
    await until(lambda: not listening())

    assert len(pool.invocations) == 1
    assert {record.name for record in caplog.records} == {"Function.tick"}


async def test_by_hand_a_monitored_timer_is_given_its_record(open_hub, listen, info, clock):
    hub = await open_hub()
    await record(hub, missed(30))
    listeners = listen(hub, info(DAILY), info(OFTEN, "often"))
    await clock.asleep(2)

    monitored = json.loads(await listeners.payload_by_hand("tick"))
    unmonitored = json.loads(await listeners.payload_by_hand("often"))

    assert monitored["ScheduleStatus"].keys() == {"Last", "Next", "LastUpdated"}
    assert monitored["IsPastDue"] is False
    assert unmonitored == {"Schedule": {"AdjustForDST": False}, "ScheduleStatus": None, "IsPastDue": False}


async def test_by_hand_a_timer_runs_although_its_schedule_is_bad(open_hub, listen, info):
    listeners = listen(await open_hub(), dataclasses.replace(info("x"), error="bad"))

    assert json.loads(await listeners.payload_by_hand("tick"))["Schedule"] == {"AdjustForDST": True}
