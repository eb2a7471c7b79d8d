"""When a timer is due: NCRONTAB expressions and .NET time spans, in a time zone.

Pure; times are microseconds since 1970, UTC.
Source: Azure WebJobs SDK extensions, CronSchedule, ConstantSchedule and TimerSchedule.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Protocol

from funchost.conventions import time_spans
from funchost.timers import crontab
from funchost.timers.moments import LAST_MOMENT, from_local, to_local

_MINUTE = 60_000_000


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


def parse(text: str, zone: tzinfo) -> Schedule:
    """The schedule that a timer trigger's text means in a time zone.

    Raises BadSchedule.
    """
    try:
        return CronSchedule(crontab.parse(text), zone)
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

    crontab: crontab.Crontab
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
