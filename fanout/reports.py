"""What goes into a `sleep` activity and what comes back. Plain data; nothing runs here."""

import os
import threading
from datetime import UTC, datetime, timedelta
from typing import TypedDict

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SleepTask(TypedDict):
    """One task: which it is, and how long it takes."""

    index: int
    seconds: float


class SleepReport(TypedDict):
    """Where and when a task ran; the times are ISO 8601 in UTC, to the microsecond."""

    index: int
    hostInstance: str
    process: int
    thread: str
    started: str
    finished: str


def of_this_thread(index: int, host_instance: str, started: int, microseconds: int) -> SleepReport:
    """Report on a task that ran here, from `started` (microseconds since 1970), for so long.

    The length is measured apart from the clock, which may be set while the task runs. It is
    1 at least, so that two tasks that follow each other never seem to overlap, and a task
    never seems to take no place.
    """
    return SleepReport(
        index=index,
        hostInstance=host_instance,
        process=os.getpid(),
        thread=threading.current_thread().name,
        started=iso_time(started),
        finished=iso_time(started + max(1, microseconds)),
    )


def iso_time(microseconds: int) -> str:
    """Write microseconds since 1970 as ISO 8601."""
    moment = _EPOCH + timedelta(microseconds=microseconds)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def microseconds_of(text: str) -> int:
    """Read what `iso_time` wrote."""
    return (datetime.fromisoformat(text) - _EPOCH) // timedelta(microseconds=1)
