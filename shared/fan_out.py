"""The input of the orchestrator `fan_out_fan_in`, as those who start it and it itself see it.

Everything that shapes the orchestration is in it, because an orchestrator reads no environment.
The bounds here only keep a mistake from filling a task hub; the bounds of the HTTP API are
app settings.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared import exceptions

MOST_TASKS = 1_000_000
LONGEST_SECONDS = 86_400.0
BATCH_SIZE = 100
SMALLEST_BATCH = 2
LARGEST_BATCH = 1_000
ACTIVITIES = ("sleep", "sleep_async")

_EXAMPLE = 'a task count, for example 100, or {"taskCount": 100, "seconds": 1.0}'
_KEYS = ("taskCount", "seconds", "activity", "batchSize", "firstIndex")


@dataclass(frozen=True, slots=True)
class FanOut:
    """How many tasks, and how they run."""

    task_count: int
    seconds: float = 1.0
    activity: str = ACTIVITIES[0]
    batch_size: int = BATCH_SIZE
    first_index: int | None = None
    """The index of the first task of a part of a larger fan-out; None for the whole."""

    def to_input(self) -> dict[str, Any]:
        """Give the JSON object that `from_input` reads."""
        described: dict[str, Any] = {
            "taskCount": self.task_count,
            "seconds": self.seconds,
            "activity": self.activity,
            "batchSize": self.batch_size,
        }
        if self.first_index is not None:
            described["firstIndex"] = self.first_index
        return described


def from_input(value: Any) -> FanOut:
    """Read the input of an instance: a bare task count, or an object with `taskCount`.

    Raises InvalidValue that names the key and what it may be.
    """
    if isinstance(value, Mapping):
        return _from_object(value)
    if value is None:
        raise exceptions.InvalidValue("input", value, "is no input", _EXAMPLE)
    return FanOut(task_count=_whole("input", value, 0, MOST_TASKS, _EXAMPLE))


def _from_object(described: Mapping[str, Any]) -> FanOut:
    for key in described:
        if key not in _KEYS:
            allowed = "one or more of " + ", ".join(_KEYS)
            raise exceptions.InvalidValue("input", key, "is not a key of it", allowed)
    if "taskCount" not in described:
        raise exceptions.InvalidValue("input", json.dumps(described), "has no taskCount", _EXAMPLE)
    activity = described.get("activity", ACTIVITIES[0])
    if activity not in ACTIVITIES:
        allowed = " or ".join(ACTIVITIES)
        raise exceptions.InvalidValue("activity", activity, "is not such an activity", allowed)
    first_index = described.get("firstIndex")
    return FanOut(
        task_count=_whole("taskCount", described["taskCount"], 0, MOST_TASKS),
        seconds=_seconds(described.get("seconds", 1.0)),
        activity=activity,
        batch_size=_whole("batchSize", described.get("batchSize", BATCH_SIZE), SMALLEST_BATCH, LARGEST_BATCH),
        first_index=None if first_index is None else _whole("firstIndex", first_index, 0, MOST_TASKS),
    )


def _whole(name: str, value: Any, lowest: int, highest: int, allowed: str | None = None) -> int:
    allowed = allowed or f"a whole number from {lowest} to {highest}"
    # A bool is an int to Python, and not to anybody who writes JSON.
    if not isinstance(value, int) or isinstance(value, bool):
        raise exceptions.InvalidValue(name, value, "is not a whole number", allowed)
    if not lowest <= value <= highest:
        raise exceptions.InvalidValue(name, value, f"is not within {lowest} to {highest}", allowed)
    return value


def _seconds(value: Any) -> float:
    allowed = f"a number from 0 to {LONGEST_SECONDS:g}"
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise exceptions.InvalidValue("seconds", value, "is not a number", allowed)
    # NaN, which Python's JSON can hold, is not within any bounds either.
    if not 0 <= value <= LONGEST_SECONDS:
        raise exceptions.InvalidValue("seconds", value, "is out of range", allowed)
    return float(value)
