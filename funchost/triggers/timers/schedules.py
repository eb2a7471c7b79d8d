"""When a timer is due: NCRONTAB expressions and .NET time spans, in a time zone.

Pure; times are microseconds since 1970, UTC. Who fires a timer, and what it has missed, is not known here.
The rules are not those of a cron library: seconds come first, a day has to fit both the day of the month and
the day of the week where cron takes either, ranges may run backwards, and names may be cut short.
Source: NCrontab, CrontabField and CrontabSchedule; Azure WebJobs SDK extensions, CronSchedule,
ConstantSchedule and TimerSchedule.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Protocol

from funchost.conventions import time_spans
from funchost.triggers.timers.moments import LAST_MOMENT, from_local, to_local

_MINUTE = 60_000_000
# In the Gregorian calendar every date that exists falls on each day of the week within so many years.
_YEARS_UNTIL_ALL_DATES = 40

_MONTHS = [
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
]
_DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

_NUMBER = re.compile(r"[0-9]+")
_STEP = re.compile(r"[+-]?[0-9]+")


class BadSchedule(ValueError):
    """The text is neither an NCRONTAB expression nor a time span."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"The schedule expression '{text}' was not recognized as a valid cron expression or timespan "
            "string."
        )


class Schedule(Protocol):
    """What a timer is due by."""

    @property
    def adjusts_for_dst(self) -> bool:
        """Whether the clock on the wall counts, not the time that passes."""

    @property
    def is_frequent(self) -> bool:
        """Whether it is due more often than once a minute; such a timer is not monitored."""

    def next_after(self, moment: int) -> int | None:
        """The first time it is due later than `moment`; None when that never comes."""


def parse_schedule(text: str, zone: tzinfo) -> Schedule:
    """The schedule that a timer trigger's text means in a time zone.

    Raises BadSchedule.
    """
    try:
        return CronSchedule(parse_crontab(text), zone)
    except ValueError:
        interval = time_spans.parse(text)
    if interval is None or interval <= timedelta(0):
        raise BadSchedule(text)
    return ConstantSchedule(interval // timedelta(microseconds=1))


@dataclass(frozen=True, slots=True)
class ConstantSchedule:
    """Due whenever `interval` microseconds have passed since the last time."""

    interval: int
    adjusts_for_dst = False

    @property
    def is_frequent(self) -> bool:
        """Source: TimerSchedule.Create."""
        return self.interval < _MINUTE

    def next_after(self, moment: int) -> int | None:
        """As `Schedule`."""
        due = moment + self.interval
        return due if due <= LAST_MOMENT else None


@dataclass(frozen=True, slots=True)
class CronSchedule:
    """An NCRONTAB expression on the clocks of a time zone."""

    crontab: Crontab
    zone: tzinfo
    adjusts_for_dst = True

    @property
    def is_frequent(self) -> bool:
        """Source: TimerSchedule.ShouldDisableScheduleMonitor."""
        fields = self.crontab
        others = (fields.minutes, fields.hours, fields.days, fields.months, fields.days_of_week)
        return len(fields.seconds) > 1 and [len(field) for field in others] == [60, 24, 31, 12, 7]

    @property
    def repeats(self) -> bool:
        """Whether it stands for an interval, which goes on in an hour that the clock shows twice.

        Points in time come once. Source: CronSchedule.IsInterval.
        """
        fields = (self.crontab.seconds, self.crontab.minutes, self.crontab.hours)
        return any(value + 1 in field for field in fields for value in field)

    def next_after(self, moment: int) -> int | None:
        """As `Schedule`. A time that the clock leaps over is due as much later as the clock leaps."""
        here = to_local(moment, self.zone)
        clock = here.replace(tzinfo=None, fold=0)
        # What the clock has shown and will show again may be due again.
        start = clock - _set_back_by(clock, self.zone) if self.repeats and not here.fold else clock
        found: list[int] = []
        for wall in self.crontab.after(start):
            found += (due for due in self._due(wall) if due > moment)
            if found and wall > clock:
                break
        return min(found, default=None)

    def _due(self, wall: datetime) -> list[int]:
        """The moments at which the clock shows this time, as far as they count."""
        shown_twice = self.repeats and _set_back_by(wall, self.zone)
        return [
            from_local(wall.replace(tzinfo=self.zone, fold=fold))
            for fold in ((0, 1) if shown_twice else (0,))
        ]


def _set_back_by(wall: datetime, zone: tzinfo) -> timedelta:
    """How far the clock is set back after it has shown this time; zero when it shows it once or never."""
    first = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    second = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return max(second - first, timedelta(0))


@dataclass(frozen=True, slots=True)
class Crontab:
    """The values that each field of an NCRONTAB expression allows, in order."""

    seconds: Sequence[int]
    minutes: Sequence[int]
    hours: Sequence[int]
    days: Sequence[int]
    months: Sequence[int]
    days_of_week: Sequence[int]  # Sunday is 0

    def after(self, wall: datetime) -> Iterator[datetime]:
        """The later times on a clock without a zone that fit, in order."""
        while (following := self._next_after(wall)) is not None:
            yield (wall := following)

    def _next_after(self, wall: datetime) -> datetime | None:
        start = wall.replace(microsecond=0) + timedelta(seconds=1)
        if self._fits(start.date()) and (rest_of_day := self._time_from(start.time())):
            return datetime.combine(start.date(), rest_of_day)
        day = self._day_after(start.date())
        return None if day is None else datetime.combine(day, self._earliest(self.hours[0]))

    def _earliest(self, hour: int, minute: int | None = None) -> time:
        return time(hour, self.minutes[0] if minute is None else minute, self.seconds[0])

    def _time_from(self, start: time) -> time | None:
        """The first time of day that fits, from `start` on."""
        for hour in self.hours:
            if hour > start.hour:
                return self._earliest(hour)
            if hour < start.hour:
                continue
            for minute in self.minutes:
                if minute > start.minute:
                    return self._earliest(hour, minute)
                seconds = [second for second in self.seconds if second >= start.second]
                if minute == start.minute and seconds:
                    return time(hour, minute, seconds[0])
        return None

    def _day_after(self, day: date) -> date | None:
        for year in range(day.year, min(day.year + _YEARS_UNTIL_ALL_DATES, date.max.year) + 1):
            for month in self.months:
                length = monthrange(year, month)[1]
                for candidate in (date(year, month, number) for number in self.days if number <= length):
                    if candidate > day and self._fits(candidate):
                        return candidate
        return None

    def _fits(self, day: date) -> bool:
        return day.month in self.months and day.day in self.days and day.isoweekday() % 7 in self.days_of_week


def parse_crontab(text: str) -> Crontab:
    """The expression with six fields, or with five that leave the seconds away.

    Raises ValueError when it is none.
    """
    fields = [field for field in text.split(" ") if field]
    if len(fields) == 5:
        fields = ["0", *fields]
    second, minute, hour, day, month, day_of_week = fields
    return Crontab(
        _parse_field(second, 0, 59),
        _parse_field(minute, 0, 59),
        _parse_field(hour, 0, 23),
        _parse_field(day, 1, 31),
        _parse_field(month, 1, 12, _MONTHS),
        _parse_field(day_of_week, 0, 6, _DAYS),
    )


def _parse_field(field: str, least: int, most: int, names: Sequence[str] = ()) -> list[int]:
    values: set[int] = set()
    for part in field.split(","):
        values |= set(_parse_part(part, least, most, names))
    return sorted(values)


def _parse_part(part: str, least: int, most: int, names: Sequence[str]) -> range:
    """A star, a value or a range, with a step or without."""
    values, slash, step = part.partition("/")
    if slash and not _STEP.fullmatch(step):
        raise ValueError(part)
    first, dash, last = values.partition("-")
    if values == "*":
        bounds = [least, most]
    elif dash:
        # The wrong way round means the same, as in the original.
        bounds = sorted((_parse_value(first, least, names), _parse_value(last, least, names)))
    else:
        value = _parse_value(values, least, names)
        bounds = [value, most if slash else value]
    if not least <= bounds[0] <= bounds[1] <= most:
        raise ValueError(part)
    return range(bounds[0], bounds[1] + 1, max(int(step or 1), 1))


def _parse_value(value: str, least: int, names: Sequence[str]) -> int:
    if _NUMBER.fullmatch(value):
        return int(value)
    # Any beginning of a name will do; where two begin alike it is the earlier one.
    matching = [place for place, name in enumerate(names) if name.casefold().startswith(value.casefold())]
    if not value or not matching:
        raise ValueError(value)
    return least + matching[0]
