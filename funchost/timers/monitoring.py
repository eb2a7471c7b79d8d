"""What the record of a timer means when a host begins to fire it: is it still right, and was a run missed.

Pure. Source: Azure WebJobs SDK extensions, ScheduleMonitor.CheckPastDueAsync.
"""

from funchost.taskhub.timer_records import TimerStatus
from funchost.timers.schedule import Schedule


def status_at_start(recorded: TimerStatus | None, schedule: Schedule, now: int) -> TimerStatus:
    """The record to go on with. One that the schedule contradicts is of another schedule, and begins anew."""
    if recorded is None:
        return TimerStatus(None, schedule.next_after(now), now)
    decided = recorded.updated if recorded.last is None else recorded.last
    expected = schedule.next_after(decided)
    if expected == recorded.next:
        return recorded
    # What only the new schedule would have had in the past was not missed.
    if expected is not None and expected < now:
        decided, expected = now, schedule.next_after(now)
    return TimerStatus(None, expected, decided)


def is_past_due(status: TimerStatus, now: int) -> bool:
    """Whether a time at which the timer was due has passed."""
    return status.next is not None and status.next < now


def status_after(status: TimerStatus, schedule: Schedule, fired_at: int, *, on_schedule: bool) -> TimerStatus:
    """The record after a run that began at `fired_at`."""
    # A clock that is set back must not make the same time due twice.
    if on_schedule and status.next is not None:
        fired_at = max(fired_at, status.next)
    return TimerStatus(fired_at, schedule.next_after(fired_at), fired_at)
