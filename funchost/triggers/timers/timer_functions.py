"""The timer functions of an app: what is declared, what their records mean, and what each is given.

Pure. It fires nothing; records are kept in the task hub.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Any

from funchost.conventions.names import TIMER_TRIGGER
from funchost.conventions.retry_policies import RetryPolicy
from funchost.taskhub.timer_records import TimerStatus
from funchost.triggers.timers.moments import json_text
from funchost.triggers.timers.schedules import BadSchedule, Schedule, parse_schedule
from funchost.worker.invocations import FunctionInfo

# What .NET has for a time that never came and for one that never comes.
_NEVER_YET = "0001-01-01T00:00:00+00:00"
_NEVER_AGAIN = "9999-12-31T23:59:59.9999999+00:00"


@dataclass(frozen=True, slots=True)
class TimerFunction:
    """One timer function. Where it is monitored, it is known when it fired last and what it has missed."""

    name: str
    expression: str
    schedule: Schedule
    runs_on_startup: bool
    is_monitored: bool
    retry: RetryPolicy | None

    @classmethod
    def of(cls, function: FunctionInfo, zone: tzinfo) -> "TimerFunction":
        """Raises BadSchedule."""
        trigger = next(binding for binding in function.bindings if binding["type"] == TIMER_TRIGGER)
        expression = trigger.get("schedule", "")
        schedule = parse_schedule(expression, zone)
        # What fires several times a minute would write as often. Source: TimerSchedule.Create.
        is_monitored = bool(trigger.get("useMonitor", True)) and not schedule.is_frequent
        runs_on_startup = bool(trigger.get("runOnStartup", False))
        return cls(function.name, expression, schedule, runs_on_startup, is_monitored, function.retry)


def checked(functions: Iterable[FunctionInfo], zone: tzinfo) -> list[FunctionInfo]:
    """The functions; a timer whose schedule cannot be read carries that as its error."""
    return [_checked(function, zone) for function in functions]


def status_at_start(recorded: TimerStatus | None, schedule: Schedule, now: int) -> TimerStatus:
    """The record to go on with when a host begins to fire a timer.

    One that the schedule contradicts is of another schedule, and begins anew.
    Source: Azure WebJobs SDK extensions, ScheduleMonitor.CheckPastDueAsync.
    """
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


def payload(
    schedule: Schedule | None, status: TimerStatus | None, zone: tzinfo, *, is_past_due: bool
) -> bytes:
    """The JSON text that becomes the function's TimerRequest.

    Without a schedule (one that could not be read) the function can still be run by hand.
    Source: Azure WebJobs SDK extensions, TimerInfo as Newtonsoft.Json writes it.
    """
    value = {
        "Schedule": {"AdjustForDST": schedule is None or schedule.adjusts_for_dst},
        "ScheduleStatus": None if status is None else _status_json(status, zone),
        "IsPastDue": is_past_due,
    }
    return json.dumps(value, separators=(",", ":")).encode()


def _checked(function: FunctionInfo, zone: tzinfo) -> FunctionInfo:
    if function.trigger == TIMER_TRIGGER and function.error is None:
        try:
            TimerFunction.of(function, zone)
        except BadSchedule as error:
            return replace(function, error=str(error))
    return function


def _status_json(status: TimerStatus, zone: tzinfo) -> dict[str, Any]:
    return {
        "Last": _NEVER_YET if status.last is None else json_text(status.last, zone),
        "Next": _NEVER_AGAIN if status.next is None else json_text(status.next, zone),
        "LastUpdated": json_text(status.updated, zone),
    }
