"""Timers over a real task hub: who fires, when, and what of it is known afterwards."""

import asyncio
import dataclasses
import json
import logging
from datetime import UTC

import pytest

from funchost.clock import SYSTEM_CLOCK
from funchost.taskhub.timer_records import TimerStatus
from funchost.timers.listeners import TimerListeners
from funchost.worker.invocations import FunctionTimedOut, PoolStopped, WorkerLost
from funchost.worker.invocations import InvocationError

OFTEN = "00:00:00.05"
DAILY = "0 0 0 * * *"
MINUTE = 60_000_000


@pytest.fixture
async def listen(pool):
    """Starts the listeners of these functions as one host instance."""
    all_listeners: list[TimerListeners] = []

    def start(hub, *functions, its_pool=pool):
        listeners = TimerListeners(hub, its_pool, functions, UTC)
        all_listeners.append(listeners)
        listeners.start()
        return listeners

    yield start
    pool.free.set()
    for listeners in all_listeners:
        await listeners.stop(5)


def missed(minutes: int) -> TimerStatus:
    """The record of a daily timer that was due so many minutes after its last run, and that is long ago."""
    midnight = SYSTEM_CLOCK.now() // (24 * 60 * MINUTE) * 24 * 60 * MINUTE
    return TimerStatus(midnight - minutes * MINUTE, midnight, midnight - minutes * MINUTE)


async def record(hub, status: TimerStatus, function: str = "tick") -> None:
    await hub.timers.lease(function)
    await hub.timers.record(function, status)
    await hub.free_leases()


async def test_a_timer_fires_again_and_again(open_hub, listen, info, pool, until):
    listen(await open_hub(), info(OFTEN))

    await until(lambda: len(pool.invocations) >= 3)

    assert pool.payloads[0] == {
        "Schedule": {"AdjustForDST": False},
        "ScheduleStatus": None,
        "IsPastDue": False,
    }
    assert {invocation.datum for invocation in pool.invocations} == {"json"}
    assert len({invocation.invocation_id for invocation in pool.invocations}) == len(pool.invocations)


async def test_a_cron_timer_fires_at_its_second_and_not_before(open_hub, listen, info, pool, until):
    listen(await open_hub(), info("* * * * * *"))
    began = SYSTEM_CLOCK.now()

    await until(lambda: pool.invocations)

    assert SYSTEM_CLOCK.now() // 1_000_000 > began // 1_000_000


async def test_a_run_is_announced_as_the_original_does(open_hub, listen, info, pool, until, caplog):
    caplog.set_level(logging.INFO)
    listen(await open_hub(), info(OFTEN))

    await until(lambda: "Executed 'Functions.tick' (Succeeded" in caplog.text)

    assert "Executing 'Functions.tick' (Reason='Timer fired at 20" in caplog.text
    assert "0+00:00', Id=" in caplog.text
    assert "Trigger Details" not in caplog.text


async def test_a_timer_does_not_overlap_with_itself(open_hub, listen, info, pool, until):
    listen(await open_hub(), info(OFTEN))
    pool.free.clear()
    await until(lambda: pool.running)

    await asyncio.sleep(0.3)
    pool.free.set()
    await until(lambda: len(pool.invocations) >= 3)

    assert pool.most_running == 1


@pytest.mark.parametrize(
    "outcome",
    [
        InvocationError("ValueError", "no", ""),
        WorkerLost(4711, "python exited with code 137 (0x89)"),
        FunctionTimedOut("tick", "00:00:05", 4711),
    ],
)
async def test_no_failure_stops_the_schedule(open_hub, listen, info, pool, until, caplog, outcome):
    pool.outcome = outcome
    listen(await open_hub(), info(OFTEN))

    await until(lambda: len(pool.invocations) >= 3)

    assert caplog.text.count("Executed 'Functions.tick' (Failed") >= 2


async def test_an_unforeseen_error_does_not_stop_the_schedule(open_hub, listen, info, pool, until, caplog):
    pool.outcome = RuntimeError("unforeseen")
    listen(await open_hub(), info(OFTEN))
    await until(lambda: "could not be listened to" in caplog.text)

    pool.outcome = None

    await until(lambda: len(pool.invocations) >= 3)


async def test_a_bad_or_disabled_timer_does_not_hinder_the_others(open_hub, listen, info, pool, until):
    disabled = dataclasses.replace(info(OFTEN, "disabled"), disabled=True)
    bad = dataclasses.replace(info("x", "bad"), error="bad")

    listen(await open_hub(), disabled, bad, info(OFTEN))
    await until(lambda: len(pool.invocations) >= 3)

    assert {invocation.function for invocation in pool.invocations} == {"tick"}


async def test_run_on_startup_fires_once_at_the_start(open_hub, listen, info, pool, until, caplog):
    caplog.set_level(logging.INFO)
    hub = await open_hub()
    listen(hub, info(DAILY, runOnStartup=True))

    await until(lambda: "Executed 'Functions.tick'" in caplog.text)
    await asyncio.sleep(0.2)

    assert len(pool.invocations) == 1
    assert pool.payloads[0]["IsPastDue"] is False
    assert "Trigger Details: UnscheduledInvocationReason: RunOnStartup" in caplog.messages


async def test_without_it_nothing_runs_before_its_time(open_hub, listen, info, pool, until, caplog):
    caplog.set_level(logging.INFO)
    listen(await open_hub(), info(DAILY))

    await until(lambda: f"The next 5 occurrences of the 'tick' schedule ({DAILY}) will be:" in caplog.text)
    await asyncio.sleep(0.2)

    assert pool.invocations == []


async def test_a_missed_run_is_made_up_for_once_and_is_past_due(open_hub, listen, info, pool, until, caplog):
    caplog.set_level(logging.INFO)
    hub = await open_hub()
    await record(hub, missed(30))

    listen(hub, info(DAILY, runOnStartup=True))
    await until(lambda: "Executed 'Functions.tick'" in caplog.text)
    await asyncio.sleep(0.2)

    assert [given["IsPastDue"] for given in pool.payloads] == [True]
    assert pool.payloads[0]["ScheduleStatus"]["Next"].endswith("T00:00:00+00:00")
    assert "Trigger Details: UnscheduledInvocationReason: IsPastDue, OriginalSchedule: 20" in caplog.text
    assert "T00:00:00.0000000+00:00" in caplog.text


async def test_a_run_is_recorded_and_not_repeated_at_the_next_start(open_hub, listen, info, pool, until):
    hub = await open_hub()
    await record(hub, missed(30))
    first = listen(hub, info(DAILY))
    await until(lambda: pool.invocations)
    await first.stop(5)

    status = await hub.timers.status("tick")
    listen(hub, info(DAILY))
    await asyncio.sleep(0.3)

    assert len(pool.invocations) == 1
    assert status is not None
    assert status.last is not None
    assert status.next is not None
    assert status.last == status.updated
    assert status.next > SYSTEM_CLOCK.now()


async def test_what_is_not_monitored_has_missed_nothing(open_hub, listen, info, pool):
    hub = await open_hub()
    await record(hub, missed(30))

    listen(hub, info(DAILY, useMonitor=False))
    await asyncio.sleep(0.3)

    assert pool.invocations == []


async def test_of_several_hosts_one_fires(open_hub, listen, info, pool, until):
    hubs = [await open_hub() for _ in range(3)]
    await record(hubs[0], missed(30))

    for hub in hubs:
        listen(hub, info(DAILY), info(DAILY, "other", runOnStartup=True))
    await until(lambda: len(pool.invocations) >= 2)
    await asyncio.sleep(1.5)

    assert sorted(invocation.function for invocation in pool.invocations) == ["other", "tick"]


async def test_another_host_goes_on_where_one_has_left(open_hub, listen, info, pool, until):
    leaving, staying = await open_hub(), await open_hub()
    listeners = listen(leaving, info(OFTEN))
    await until(lambda: pool.invocations)
    listen(staying, info(OFTEN))

    await listeners.stop(5)
    await leaving.free_leases()
    count = len(pool.invocations)

    await until(lambda: len(pool.invocations) > count)
    assert await staying.timers.is_leased("tick")


async def test_a_host_that_was_taken_for_dead_fires_no_more(open_hub, listen, info, pool, until, caplog):
    hanging, other = await open_hub(), await open_hub()
    listen(hanging, info(OFTEN))
    await until(lambda: pool.invocations)

    await hanging.free_leases()
    assert await other.timers.lease("tick")
    await until(lambda: "Timer 'tick' is fired by another host now." in caplog.text)
    count = len(pool.invocations)
    await asyncio.sleep(0.3)

    assert len(pool.invocations) == count


async def test_a_run_that_the_stop_ended_is_made_up_for_at_the_next_start(
    open_hub, listen, info, pool, until
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
    await until(lambda: len(pool.invocations) == 2)

    assert [given["IsPastDue"] for given in pool.payloads] == [True, True]


async def test_a_stop_waits_for_what_runs_and_records_it(open_hub, listen, info, pool, until):
    hub = await open_hub()
    await record(hub, missed(30))
    listeners = listen(hub, info(DAILY))
    pool.free.clear()
    await until(lambda: pool.running)

    stop = asyncio.ensure_future(listeners.stop(10))
    await asyncio.sleep(0.05)
    pool.free.set()
    await stop

    status = await hub.timers.status("tick")
    assert status is not None
    assert status.next is not None
    assert status.next > SYSTEM_CLOCK.now()


async def test_a_drained_timer_rests_until_it_is_resumed(open_hub, listen, info, pool, until):
    listeners = listen(await open_hub(), info(OFTEN))
    await until(lambda: pool.invocations)

    listeners.drain()
    await until(lambda: not pool.running)
    count = len(pool.invocations)
    await asyncio.sleep(0.3)
    assert len(pool.invocations) == count

    listeners.resume()
    await until(lambda: len(pool.invocations) > count)


async def test_a_pool_that_stops_ends_the_listening_with_nothing_said_but_of_the_refused_call(
    open_hub, listen, info, pool, until, caplog
):
    pool.outcome = PoolStopped()
    listen(await open_hub(), info(OFTEN))

    await until(lambda: pool.invocations)
    await asyncio.sleep(0.3)

    assert len(pool.invocations) == 1
    assert {record.name for record in caplog.records} == {"Function.tick"}


async def test_by_hand_a_monitored_timer_is_given_its_record(open_hub, listen, info, pool, until):
    hub = await open_hub()
    await record(hub, missed(30))
    listeners = listen(hub, info(DAILY), info(OFTEN, "often"))
    await until(lambda: pool.invocations)

    monitored = json.loads(await listeners.payload_by_hand("tick"))
    unmonitored = json.loads(await listeners.payload_by_hand("often"))

    assert monitored["ScheduleStatus"].keys() == {"Last", "Next", "LastUpdated"}
    assert monitored["IsPastDue"] is False
    assert unmonitored == {"Schedule": {"AdjustForDST": False}, "ScheduleStatus": None, "IsPastDue": False}


async def test_by_hand_a_timer_runs_although_its_schedule_is_bad(open_hub, listen, info):
    listeners = listen(await open_hub(), dataclasses.replace(info("x"), error="bad"))

    assert json.loads(await listeners.payload_by_hand("tick"))["Schedule"] == {"AdjustForDST": True}
