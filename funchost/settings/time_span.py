"""Durations as .NET writes them in host.json: `00:05:00`, `1.12:00:00`, `00:00:00.5`, or days alone."""

from __future__ import annotations

import re

_TIME_SPAN = re.compile(
    r"(?P<sign>-?)(?:(?P<days_alone>\d+)|"
    r"(?:(?P<days>\d+)\.)?(?P<hours>\d{1,2}):(?P<minutes>\d{1,2})(?::(?P<seconds>\d{1,2}(?:\.\d{1,7})?))?)"
)


def parse(text: str) -> float | None:
    """The seconds of a TimeSpan text, or None when it is not one."""
    match = _TIME_SPAN.fullmatch(text.strip())
    if match is None:
        return None
    days = int(match["days_alone"] or match["days"] or 0)
    hours, minutes = int(match["hours"] or 0), int(match["minutes"] or 0)
    seconds = float(match["seconds"] or 0)
    if hours > 23 or minutes > 59 or seconds >= 60:
        return None
    total = days * 86400 + hours * 3600 + minutes * 60 + seconds
    return -total if match["sign"] else total
