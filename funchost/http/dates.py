"""Dates that a client writes in a URL, read about as liberally as .NET reads them.

Only reading; how the host writes dates is a matter of each document.
Source: DateTime.TryParse with the invariant culture, for the forms that people send.
"""

import re
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FRACTION = re.compile(r"\.(\d+)")
# An unencoded `+` in a query arrives as a blank, behind the time.
_LOST_PLUS = re.compile(r"(:\d\d(?:\.\d+)?) (\d\d:?\d\d)$")
_DAYS = ("%m/%d/%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y-%m-%d", "%d %b %Y", "%d %B %Y", "%b %d %Y", "%B %d %Y")
_TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
_RFC_1123 = "%a, %d %b %Y %H:%M:%S GMT"
_FORMS = (_RFC_1123, *(day + time for day in _DAYS for time in _TIMES))


def parse_date(text: str) -> datetime | None:
    """The moment that `text` names, in UTC (also when it names no zone), or None when it is no date."""
    text = _LOST_PLUS.sub(r"\1+\2", text.strip())
    moment = _iso(text) or _written(text)
    if moment is None:
        return None
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        return None


def parse_microseconds(text: str) -> int | None:
    """Like `parse_date`, as microseconds since 1970."""
    moment = parse_date(text)
    return None if moment is None else (moment - _EPOCH) // timedelta(microseconds=1)


def _iso(text: str) -> datetime | None:
    # A bare number is a date to fromisoformat (20240501) but not to .NET.
    if text.isdigit():
        return None
    try:
        return datetime.fromisoformat(_FRACTION.sub(_six_digits, text))
    except ValueError:
        return None


def _six_digits(fraction: re.Match[str]) -> str:
    return "." + fraction.group(1)[:6].ljust(6, "0")


def _written(text: str) -> datetime | None:
    text = re.sub(r"\s+", " ", text)
    for form in _FORMS:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    return None
