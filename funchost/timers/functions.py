"""The timer functions of an app, and what each is given when it fires."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Any

from funchost.conventions.names import TIMER_TRIGGER
from funchost.taskhub.timer_records import TimerStatus
from funchost.timers.moments import json_text
from funchost.timers.schedule import BadSchedule, Schedule, parse
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

    @classmethod
    def of(cls, function: FunctionInfo, zone: tzinfo) -> "TimerFunction":
        """Raises BadSchedule."""
        trigger = next(binding for binding in function.bindings if binding["type"] == TIMER_TRIGGER)
        expression = trigger.get("schedule", "")
        schedule = parse(expression, zone)
        # What fires several times a minute would write as often. Source: TimerSchedule.Create.
        is_monitored = bool(trigger.get("useMonitor", True)) and not schedule.is_frequent
        runs_on_startup = bool(trigger.get("runOnStartup", False))
        return cls(function.name, expression, schedule, runs_on_startup, is_monitored)


def checked(functions: Iterable[FunctionInfo], zone: tzinfo) -> list[FunctionInfo]:
    """The functions; a timer whose schedule cannot be read carries that as its error."""
    return [_checked(function, zone) for function in functions]


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
