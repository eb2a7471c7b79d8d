"""Durations as .NET writes them: `00:05:00`, `1.12:00:00`, `00:00:00.5000000`, or days alone.

Which durations a setting allows is elsewhere.
"""

import re
from datetime import timedelta

LONGEST_TEXT = "10675199.02:48:05.4775807"
"""The longest duration of .NET."""

_LONGEST = timedelta(days=10675199, hours=2, minutes=48, seconds=5, microseconds=477580)
_MICROSECOND = timedelta(microseconds=1)
_TIME_SPAN = re.compile(
    r"(?P<sign>-?)(?:(?P<days_alone>[0-9]{1,8})|(?:(?P<days>[0-9]{1,8})(?:\.|:(?=[0-9]+:[0-9]+:)))?"
    r"(?P<hours>[0-9]{1,8}):(?P<minutes>[0-9]{1,2})(?::(?P<seconds>[0-9]{1,2}(?:\.[0-9]{1,7})?))?)"
)


def parse(text: str) -> timedelta | None:
    """The duration of a TimeSpan text, or None when it is not one.

    Source: .NET, TimeSpan.Parse with the invariant culture; Azure Functions documentation of timer triggers.
    """
    match = _TIME_SPAN.fullmatch(text.strip())
    if match is None:
        return None
    days, hours = int(match["days_alone"] or match["days"] or 0), int(match["hours"] or 0)
    minutes, seconds = int(match["minutes"] or 0), float(match["seconds"] or 0)
    if hours > 23 and match["days"] is None and match["seconds"] and seconds.is_integer():
        # "24:00:00" are 24 days in .NET: what is too much for an hour is taken for days.
        days, hours, minutes, seconds = hours, minutes, int(seconds), 0
    if hours > 23 or minutes > 59 or seconds >= 60:
        return None
    span = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if span > _LONGEST:
        return None
    return -span if match["sign"] else span


def format_span(span: timedelta) -> str:
    """The text of a duration: 00:00:05, 1.02:00:00, 00:00:01.5000000, -00:01:00.

    Source: .NET, the format "c" of TimeSpan.
    """
    whole, microseconds = divmod(abs(span) // _MICROSECOND, 1_000_000)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    return (
        ("-" if span < timedelta(0) else "")
        + (f"{days}." if days else "")
        + f"{hour:02}:{minute:02}:{second:02}"
        + (f".{microseconds:06}0" if microseconds else "")
    )
