"""What a request to the singleton starter asks for, read from its query.

Pure: it takes the URL and the settings, and refuses what is out of bounds.
"""

from dataclasses import dataclass

from shared import exceptions, fan_out, instance_ids, parameters
from shared.settings import Settings

DEFAULT_ID = "my-id-2024001"
DEFAULT_TASKS = 100
DEFAULT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class SingletonRequest:
    """The instance that a caller wants to run."""

    instance_id: str
    job: fan_out.FanOut
    """The input. Every orchestrator gets it; one that takes no such input ignores it."""


def read(url: str, body: bytes, settings: Settings) -> SingletonRequest:
    """Read the query parameters `myId`, `taskCount`, `seconds` and `activity`.

    A body is refused, whatever is in it: it would look like an input, and nobody would read it.

    Raises InvalidValue that names the parameter and what it may be.
    """
    if body:
        allowed = "no body, and taskCount and seconds in the query"
        raise exceptions.InvalidValue("body", body.decode("utf-8", "replace"), "is not read here", allowed)
    instance_id = instance_ids.checked("myId", parameters.query_value(url, "myId", DEFAULT_ID))
    task_count = _task_count(url, settings)
    seconds = _seconds(url, settings)
    activity = parameters.query_value(url, "activity", fan_out.ACTIVITIES[0])
    if activity not in fan_out.ACTIVITIES:
        allowed = " or ".join(fan_out.ACTIVITIES)
        raise exceptions.InvalidValue("activity", activity, "is not such an activity", allowed)
    return SingletonRequest(instance_id, fan_out.FanOut(task_count, seconds, activity, settings.batch_size))


def _task_count(url: str, settings: Settings) -> int:
    default = min(DEFAULT_TASKS, settings.max_tasks)
    text = parameters.query_value(url, "taskCount", str(default))
    return parameters.whole_number("taskCount", text, 0, settings.max_tasks, example=default)


def _seconds(url: str, settings: Settings) -> float:
    default = min(DEFAULT_SECONDS, settings.max_seconds)
    text = parameters.query_value(url, "seconds", f"{default:g}")
    return parameters.number("seconds", text, 0, settings.max_seconds, example=default)
