"""Times as the durable protocol writes them; the engine counts in microseconds since 1970, UTC."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FRACTION = re.compile(r"\.(\d+)")


def format_timestamp(microseconds: int) -> str:
    """A .NET round-trip timestamp with seven fraction digits, such as 2024-05-01T10:00:00.1234560Z."""
    seconds, fraction = divmod(microseconds, 1_000_000)
    return f"{_format_second(seconds)}.{fraction:06}0Z"


def format_compact_timestamp(microseconds: int) -> str:
    """The same moment in the short form of ISO 8601, such as 20240501T100000.123456Z."""
    seconds, fraction = divmod(microseconds, 1_000_000)
    return f"{_format_compact_second(seconds)}.{fraction:06}Z"


@lru_cache(maxsize=256)
def _format_compact_second(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).strftime("%Y%m%dT%H%M%S")


@lru_cache(maxsize=256)
def _format_second(seconds: int) -> str:
    """Thousands of events are written in one second."""
    return (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")


def parse_timestamp(text: str) -> int:
    """Microseconds since 1970 of an ISO timestamp; without an offset it counts as UTC.

    Raises ValueError when the text is not a timestamp.
    """
    moment = datetime.fromisoformat(_FRACTION.sub(lambda m: "." + m.group(1)[:6].ljust(6, "0"), text))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // _MICROSECOND
