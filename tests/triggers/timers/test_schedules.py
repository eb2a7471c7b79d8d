"""When timers are due, in time zones and over changes of the clock.

Source: Azure WebJobs SDK extensions, CronSchedule and its tests, ConstantSchedule, TimerSchedule.
"""

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funchost.triggers.timers.moments import from_local, to_local
from funchost.triggers.timers.schedules import BadSchedule, CronSchedule, Schedule, parse_schedule

PACIFIC = ZoneInfo("America/Los_Angeles")
MINUTE = 60_000_000
HOUR = 60 * MINUTE


def due(schedule: Schedule, after: datetime, count: int, zone: tzinfo = PACIFIC) -> list[str]:
    found, moment = [], from_local(after)
    for _ in range(count):
        following = schedule.next_after(moment)
        assert following is not None
        found.append(f"{to_local(following, zone):%m-%d %H:%M %z}")
        moment = following
    return found


@pytest.mark.parametrize(
    ("text", "start", "expected"),
    [
        (
            "0 30 * * * *",
            datetime(2018, 3, 11),
            ["03-11 00:30 -0800", "03-11 01:30 -0800", "03-11 03:30 -0700", "03-11 04:30 -0700"],
        ),
        (
            "0 30 1 * * *",
            datetime(2018, 3, 10),
            ["03-10 01:30 -0800", "03-11 01:30 -0800", "03-12 01:30 -0700", "03-13 01:30 -0700"],
        ),
        (
            "0 */20 * * * *",
            datetime(2018, 11, 4, 0, 30),
            [
                *("11-04 00:40 -0700", "11-04 01:00 -0700", "11-04 01:20 -0700", "11-04 01:40 -0700"),
                *("11-04 01:00 -0800", "11-04 01:20 -0800", "11-04 01:40 -0800", "11-04 02:00 -0800"),
            ],
        ),
        (
            "0 30 * * * *",
            datetime(2018, 11, 4),
            ["11-04 00:30 -0700", "11-04 01:30 -0700", "11-04 01:30 -0800", "11-04 02:30 -0800"],
        ),
        (
            "0 30 1 * * *",
            datetime(2018, 11, 3),
            ["11-03 01:30 -0700", "11-04 01:30 -0700", "11-05 01:30 -0800", "11-06 01:30 -0800"],
        ),
    ],
)
def test_changes_of_the_clock_are_met_as_the_original_does(text, start, expected):
    schedule = parse_schedule(text, PACIFIC)

    assert due(schedule, start.replace(tzinfo=PACIFIC), len(expected)) == expected


def test_a_point_in_time_that_the_clock_leaps_over_is_due_an_hour_later():
    start = datetime(2018, 3, 11, tzinfo=PACIFIC)

    assert due(parse_schedule("0 30 2 * * *", PACIFIC), start, 2) == [
        "03-11 03:30 -0700",
        "03-12 02:30 -0700",
    ]


def test_a_point_in_time_is_not_due_again_when_the_host_starts_in_the_second_hour():
    second_hour = datetime(2018, 11, 4, 1, 29, fold=1, tzinfo=PACIFIC)

    assert due(parse_schedule("0 30 1 * * *", PACIFIC), second_hour, 1) == ["11-05 01:30 -0800"]


def test_an_interval_of_one_day_in_a_year_goes_on_when_the_clock_is_set_back():
    first_hour = datetime(2018, 11, 4, 1, 10, tzinfo=PACIFIC)

    assert due(parse_schedule("0 0-10 1 4 11 *", PACIFIC), first_hour, 1) == ["11-04 01:00 -0800"]


def test_an_hour_that_is_shown_twice_next_year_counts_from_its_first_time():
    second_hour = datetime(2018, 11, 4, 1, 10, fold=1, tzinfo=PACIFIC)
    schedule = parse_schedule("0 0-10 1 1-7 11 SUN", PACIFIC)

    assert due(schedule, second_hour, 1) == ["11-03 01:00 -0700"]


@pytest.mark.parametrize(
    ("text", "repeats"),
    [
        *(("* * * * * *", True), ("0 * * * * *", True), ("0 0 * * * *", True), ("0 0-15 * * * *", True)),
        *(("0 0 1-3 * * 0", True), ("0 0 0 * * *", False), ("0 0 0 1 * *", False), ("0 0 0 * * 1", False)),
        *(("* * * * *", True), ("0 1-3 * * 0", True), (" 0 1 * * *", False), ("0 0 */6 * * *", False)),
    ],
)
def test_intervals_are_told_from_points_in_time_as_in_the_original(text, repeats):
    schedule = parse_schedule(text, UTC)

    assert isinstance(schedule, CronSchedule)
    assert schedule.repeats is repeats


WHOLE_HOURS = [PACIFIC, ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata"), UTC]
HALF_AN_HOUR = [ZoneInfo("Australia/Lord_Howe")]
MOMENTS = st.integers(
    from_local(datetime(2020, 1, 1, tzinfo=UTC)), from_local(datetime(2030, 1, 1, tzinfo=UTC))
)
MINUTES = st.lists(st.integers(0, 59), min_size=1, max_size=4, unique=True).map(
    lambda minutes: ",".join(map(str, minutes))
)


@st.composite
def near_changes(draw: st.DrawFn, zones: list[tzinfo]) -> tuple[tzinfo, int]:
    """A zone, and a moment at most three hours away from a change of its clock."""
    zone = draw(st.sampled_from(zones))
    moment = draw(MOMENTS)
    for day in range(370):
        there, later = (to_local(moment + (day + n) * 24 * HOUR, zone) for n in (0, 1))
        if there.utcoffset() != later.utcoffset():
            low, high = from_local(there), from_local(later)
            while high - low > MINUTE:
                middle = (low + high) // 2
                is_before = to_local(middle, zone).utcoffset() == there.utcoffset()
                low, high = (middle, high) if is_before else (low, middle)
            return zone, high + draw(st.integers(-3 * HOUR, 3 * HOUR))
    return zone, moment


# On clocks that leap by half an hour, what they leap over is due at other minutes.
@given(near_changes(WHOLE_HOURS), MINUTES)
def test_an_interval_is_due_whenever_the_clock_shows_it(place, minutes):
    zone, moment = place
    schedule = parse_schedule(f"0 {minutes} * * * *", zone)
    allowed = {int(minute) for minute in minutes.split(",")}

    first_minute = moment // MINUTE + 1
    expected = next(
        number * MINUTE
        for number in range(first_minute, first_minute + 200)
        if to_local(number * MINUTE, zone).minute in allowed
    )

    assert schedule.next_after(moment) == expected


@given(near_changes([*WHOLE_HOURS, *HALF_AN_HOUR]), MINUTES, st.integers(0, 23))
def test_points_in_time_come_once_a_day_and_always_later(place, minutes, hour):
    zone, moment = place
    schedule = parse_schedule(f"0 {minutes} {hour} * * *", zone)
    shown: list[datetime] = []

    for _ in range(12):
        following = schedule.next_after(moment)
        assert following is not None
        assert following > moment
        assert following - moment <= 26 * HOUR
        shown.append(to_local(following, zone).replace(fold=0, tzinfo=None))
        moment = following

    assert len(set(shown)) == len(shown)


@given(MOMENTS, st.integers(1, 10**6))
def test_a_time_span_is_due_when_it_has_passed(moment, seconds):
    text = f"{seconds // 86400}.{timedelta(seconds=seconds % 86400)}"

    assert parse_schedule(text, PACIFIC).next_after(moment) == moment + seconds * 1_000_000


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("00:05:00", timedelta(minutes=5)),
        ("0:5", timedelta(minutes=5)),
        (" 00:00:01.5 ", timedelta(seconds=1.5)),
        ("1.02:03:04", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("1:02:03:04", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("7", timedelta(days=7)),
        ("23:59:59", timedelta(hours=23, minutes=59, seconds=59)),
        ("24:00:00", timedelta(days=24)),
        ("25:12:30", timedelta(days=25, hours=12, minutes=30)),
    ],
)
def test_time_spans_are_read_as_dotnet_reads_them(text, span):
    assert parse_schedule(text, UTC).next_after(0) == span // timedelta(microseconds=1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "5m",
        "00:60:00",
        "00:00:60",
        "24:30",
        "00:00:00",
        "-00:05:00",
        "0 0 0 32 * *",
        "1.24:00:00",
        "00:05:",
    ],
)
def test_what_is_neither_is_refused_with_the_text_of_the_original(text):
    with pytest.raises(BadSchedule) as caught:
        parse_schedule(text, UTC)

    assert str(caught.value) == (
        f"The schedule expression '{text}' was not recognized as a valid cron expression or timespan string."
    )


@pytest.mark.parametrize(
    ("text", "is_frequent"),
    [
        *(("*/10 * * * * *", True), ("0 * * * * *", False), ("*/10 0 * * * *", False), ("* * * * *", False)),
        *(("00:00:59", True), ("00:01:00", False)),
    ],
)
def test_schedules_below_a_minute_are_known(text, is_frequent):
    assert parse_schedule(text, UTC).is_frequent is is_frequent


def test_only_clock_times_adjust_for_daylight_saving():
    assert parse_schedule("0 0 0 * * *", UTC).adjusts_for_dst
    assert not parse_schedule("01:00:00", UTC).adjusts_for_dst


def test_what_is_due_beyond_the_calendar_is_never_due():
    assert parse_schedule("10675199", UTC).next_after(0) is None
