"""NCRONTAB expressions. Source: NCrontab, CrontabField and CrontabSchedule."""

from datetime import datetime, timedelta
from itertools import islice, takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funchost.triggers.timers.schedules import Crontab, parse_crontab

NEW_YEAR = datetime(2026, 1, 1)  # a Thursday


def following(expression: str, count: int, after: datetime = NEW_YEAR) -> list[str]:
    return [f"{each:%a %m-%d %H:%M:%S}" for each in islice(parse_crontab(expression).after(after), count)]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("*/20 * * * * *", ["Thu 01-01 00:00:20", "Thu 01-01 00:00:40", "Thu 01-01 00:01:00"]),
        ("0 */5 * * * *", ["Thu 01-01 00:05:00", "Thu 01-01 00:10:00", "Thu 01-01 00:15:00"]),
        ("30 0 9-10 * * *", ["Thu 01-01 09:00:30", "Thu 01-01 10:00:30", "Fri 01-02 09:00:30"]),
        ("0 30 9 * * 1-5", ["Thu 01-01 09:30:00", "Fri 01-02 09:30:00", "Mon 01-05 09:30:00"]),
        ("0 0 0 1,15 * *", ["Thu 01-15 00:00:00", "Sun 02-01 00:00:00", "Sun 02-15 00:00:00"]),
        ("0 0 0 31 * *", ["Sat 01-31 00:00:00", "Tue 03-31 00:00:00", "Sun 05-31 00:00:00"]),
        ("0 0 0 * JUN SUN", ["Sun 06-07 00:00:00", "Sun 06-14 00:00:00", "Sun 06-21 00:00:00"]),
    ],
)
def test_an_expression_gives_its_times_in_order(expression, expected):
    assert following(expression, 3) == expected


def test_five_fields_leave_the_seconds_away():
    assert following("*/5 * * * *", 3) == following("0 */5 * * * *", 3)


def test_a_day_has_to_fit_the_month_and_the_week():
    assert following("0 0 12 13 * 5", 2) == ["Fri 02-13 12:00:00", "Fri 03-13 12:00:00"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("0 0 0 * 1-3 *", "0 0 0 * jan-mar *"),
        ("0 0 0 * * 1", "0 0 0 * * Monday"),
        ("0 0 0 * * 1", "0 0 0 * * m"),
        ("0 0 0 * 1 *", "0 0 0 * J *"),
        ("0 10-20 * * * *", "0 20-10 * * * *"),
        ("0 5/20 * * * *", "0 5,25,45 * * * *"),
        ("0 5-25/10 * * * *", "0 5,15,25 * * * *"),
        ("0 */1 * * * *", "0 * * * * *"),
        ("0 */0 * * * *", "0 * * * * *"),
        ("0 */-3 * * * *", "0 * * * * *"),
        ("0 7/99 * * * *", "0 7 * * * *"),
        ("0 1,2-4,8/50 * * * *", "0 1,2,3,4,8,58 * * * *"),
        ("  0 0   0 * * * ", "0 0 0 * * *"),
    ],
)
def test_two_spellings_mean_the_same(one, other):
    assert parse_crontab(one) == parse_crontab(other)


@pytest.mark.parametrize(
    "expression",
    [
        *("", "*", "* * * *", "* * * * * * *", "0 0 0 * * 7", "60 * * * * *", "0 60 * * * *", "0 0 24 * * *"),
        *("0 0 0 0 * *", "0 0 0 32 * *", "0 0 0 * 0 *", "0 0 0 * 13 *", "0 0 0 * Foo *", "0 0 0 Jan * *"),
        *("0 1, * * * *", "0 ,1 * * * *", "0 /5 * * * *", "0 */ * * * *", "0 */x * * * *", "0 1- * * * *"),
        *("0 -1 * * * *", "0 1-2-3 * * * *", "0 ** * * * *", "0 ? * * * *", "0 0 0 L * *", "0 1_0 * * * *"),
        *("0 1.5 * * * *", "0\t0 0 * * *", "@daily", "0 \u0663 * * * *"),
    ],
)
def test_what_ncrontab_does_not_know_is_refused(expression):
    with pytest.raises(ValueError):  # noqa: PT011
        parse_crontab(expression)


def test_a_date_that_no_year_has_never_comes():
    assert following("0 0 0 30 2 *", 1) == []


def test_the_longest_wait_is_forty_years_for_a_leap_day_on_one_day_of_the_week():
    times = parse_crontab("0 0 0 29 2 SUN").after(datetime(2088, 2, 29))

    assert next(times) == datetime(2128, 2, 29)


def field(least: int, most: int) -> st.SearchStrategy[str]:
    value = st.integers(least, most)
    part = st.one_of(
        st.just("*"),
        value.map(str),
        st.tuples(value, value).map(lambda ends: f"{ends[0]}-{ends[1]}"),
        st.tuples(st.just("*") | value.map(str), st.integers(1, 70)).map(lambda step: f"{step[0]}/{step[1]}"),
    )
    return st.lists(part, min_size=1, max_size=3).map(",".join)


SIX_FIELDS = st.tuples(field(0, 59), field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 6))
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1))


def fits(expression: Crontab, wall: datetime) -> bool:
    return (
        wall.second in expression.seconds
        and wall.minute in expression.minutes
        and wall.hour in expression.hours
        and wall.day in expression.days
        and wall.month in expression.months
        and wall.isoweekday() % 7 in expression.days_of_week
    )


@given(SIX_FIELDS, MOMENTS)
def test_the_next_time_fits_and_is_later(fields, moment):
    expression = parse_crontab(" ".join(fields))

    for found in islice(expression.after(moment), 1):
        assert fits(expression, found)
        assert found > moment


@given(SIX_FIELDS, MOMENTS, st.integers(1, 3000))
def test_no_fitting_second_is_passed_over(fields, moment, seconds):
    expression = parse_crontab(" ".join(fields))
    start = moment.replace(microsecond=0)
    walls = [start + timedelta(seconds=number) for number in range(1, seconds + 1)]

    found = takewhile(lambda wall: wall <= walls[-1], expression.after(moment))

    assert list(found) == [wall for wall in walls if fits(expression, wall)]
