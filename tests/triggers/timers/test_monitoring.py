"""What the record of a timer means at a start. Source: Azure WebJobs SDK extensions, ScheduleMonitor."""

from datetime import UTC

from hypothesis import given
from hypothesis import strategies as st

from funchost.taskhub.timer_records import TimerStatus
from funchost.triggers.timers.schedules import parse_schedule
from funchost.triggers.timers.timer_functions import is_past_due, status_after, status_at_start

NOON = 1_767_268_800_000_000  # 2026-01-01T12:00:00Z
MINUTE = 60_000_000
HOURLY = parse_schedule("0 0 * * * *", UTC)
QUARTERLY = parse_schedule("0 */15 * * * *", UTC)


def test_without_a_record_the_next_time_is_waited_for():
    status = status_at_start(None, HOURLY, NOON + MINUTE)

    assert status == TimerStatus(None, NOON + 60 * MINUTE, NOON + MINUTE)
    assert not is_past_due(status, NOON + MINUTE)


def test_a_run_that_was_missed_is_past_due():
    fired = status_after(TimerStatus(None, NOON, NOON), HOURLY, NOON, on_schedule=True)

    now = NOON + 61 * MINUTE

    assert status_at_start(fired, HOURLY, now) == fired
    assert is_past_due(fired, now)


def test_a_first_run_that_was_missed_is_past_due():
    status = status_at_start(TimerStatus(None, NOON, NOON - MINUTE), HOURLY, NOON + MINUTE)

    assert is_past_due(status, NOON + MINUTE)


def test_several_missed_runs_are_one():
    fired = status_after(
        TimerStatus(NOON, NOON + 60 * MINUTE, NOON), HOURLY, NOON + 301 * MINUTE, on_schedule=False
    )

    assert fired.next == NOON + 360 * MINUTE


def test_another_schedule_has_missed_nothing():
    recorded = status_after(TimerStatus(None, NOON, NOON), HOURLY, NOON, on_schedule=True)

    now = NOON + 61 * MINUTE
    status = status_at_start(recorded, QUARTERLY, now)

    assert status == TimerStatus(None, NOON + 75 * MINUTE, now)
    assert not is_past_due(status, now)


def test_another_schedule_that_is_still_to_come_counts_from_the_last_run():
    recorded = status_after(TimerStatus(None, NOON, NOON), QUARTERLY, NOON, on_schedule=True)

    status = status_at_start(recorded, HOURLY, NOON + 16 * MINUTE)

    assert status == TimerStatus(None, NOON + 60 * MINUTE, NOON)


def test_a_clock_that_is_set_back_during_a_run_does_not_make_it_due_twice():
    status = status_after(TimerStatus(None, NOON, 0), HOURLY, NOON - MINUTE, on_schedule=True)

    assert status.next == NOON + 60 * MINUTE


SCHEDULES = st.sampled_from(
    [HOURLY, QUARTERLY, parse_schedule("00:07:00", UTC), parse_schedule("0 30 12 * * 1", UTC)]
)
MOMENTS = st.integers(NOON - 10**13, NOON + 10**13)


@given(SCHEDULES, MOMENTS, MOMENTS)
def test_a_record_of_the_same_schedule_is_kept_whenever_the_host_starts(schedule, fired_at, now):
    recorded = status_after(TimerStatus(None, None, 0), schedule, fired_at, on_schedule=False)

    assert status_at_start(recorded, schedule, now) == recorded


@given(SCHEDULES, SCHEDULES, MOMENTS, MOMENTS)
def test_a_change_of_the_schedule_is_never_past_due(old, new, fired_at, now):
    recorded = status_after(TimerStatus(None, None, 0), old, fired_at, on_schedule=False)

    status = status_at_start(recorded, new, now)

    assert status == recorded or not is_past_due(status, now)
