"""Moments on the clocks of a time zone, and as .NET writes them; the house counts microseconds since 1970."""

import logging
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# A day before the end of the calendar, so that every zone has a name for it.
LAST_MOMENT = (datetime(9999, 12, 31, tzinfo=UTC) - _EPOCH) // _MICROSECOND
_LOCAL_ZONE = Path("/etc/localtime")

_log = logging.getLogger("Host.Triggers.Timer")


def find_zone(name: str | None) -> tzinfo:
    """The zone of this name in the tz database; without one, that of the process.

    A name that the database does not have, such as those of Windows, is named in a warning.
    """
    if name:
        try:
            return ZoneInfo(name.removeprefix(":"))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            _log.warning(
                "WEBSITE_TIME_ZONE or TZ is '%s', which is no time zone that this machine knows. Timers use "
                "the local time zone. Give a name of the tz database, for example America/New_York.",
                name,
            )
    try:
        with _LOCAL_ZONE.open("rb") as file:
            return ZoneInfo.from_file(file)
    except (ValueError, OSError):
        return UTC


def to_local(moment: int, zone: tzinfo) -> datetime:
    """The date and time in a zone."""
    return (_EPOCH + timedelta(microseconds=moment)).astimezone(zone)


def from_local(local: datetime) -> int:
    """The moment of a date and time that knows its zone."""
    return (local - _EPOCH) // _MICROSECOND


def round_trip_text(moment: int, zone: tzinfo) -> str:
    """As `ToString("o")` writes it: 2026-01-01T00:00:00.0000000+00:00."""
    local = to_local(moment, zone)
    return f"{local:%Y-%m-%dT%H:%M:%S}.{local.microsecond:06}0{_offset(local)}"


def json_text(moment: int, zone: tzinfo) -> str:
    """As Newtonsoft.Json writes it, which leaves zeros at the end away: 2026-01-01T00:00:00.5+00:00."""
    local = to_local(moment, zone)
    fraction = f".{local.microsecond:06}".rstrip("0").rstrip(".")
    return f"{local:%Y-%m-%dT%H:%M:%S}{fraction}{_offset(local)}"


def _offset(local: datetime) -> str:
    text = f"{local:%z}"
    return f"{text[:3]}:{text[3:5]}"
