"""Durations as text. Expectations: .NET, TimeSpan.Parse and the format "c"; timer trigger documentation."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funchost.conventions import time_spans


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("00:05:00", timedelta(minutes=5)),
        ("00:00:01.5", timedelta(seconds=1.5)),
        ("1:2", timedelta(hours=1, minutes=2)),
        ("1.12:00:00", timedelta(days=1, hours=12)),
        ("1:02:03:04", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("00:00:00:00", timedelta(0)),
        ("7", timedelta(days=7)),
        (" -00:00:02 ", timedelta(seconds=-2)),
        ("-10675199.02:48:05", timedelta(days=-10675199, seconds=-10085)),
    ],
)
def test_a_time_span_is_read_as_dotnet_reads_it(text: str, span: timedelta) -> None:
    assert time_spans.parse(text) == span


@pytest.mark.parametrize(
    ("text", "span"),
    [("24:00:00", timedelta(days=24)), ("25:12:30", timedelta(days=25, hours=12, minutes=30))],
)
def test_more_hours_than_a_day_has_are_taken_for_days(text: str, span: timedelta) -> None:
    assert time_spans.parse(text) == span


@pytest.mark.parametrize(
    "text", ["", "5m", "24:30", "00:60:00", "00:00:60", "1.5", "1.24:00:00", "00:05:", "10675200"]
)
def test_other_texts_are_no_time_span(text: str) -> None:
    assert time_spans.parse(text) is None


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(0), "00:00:00"),
        (timedelta(seconds=5.5), "00:00:05.5000000"),
        (timedelta(minutes=5), "00:05:00"),
        (timedelta(seconds=86399), "23:59:59"),
        (timedelta(seconds=93784), "1.02:03:04"),
        (timedelta(minutes=-1), "-00:01:00"),
    ],
)
def test_a_duration_is_written_as_dotnet_writes_it(span: timedelta, text: str) -> None:
    assert time_spans.format_span(span) == text


@given(st.timedeltas(-timedelta(days=10**6), timedelta(days=10**6)))
def test_what_is_written_is_read_as_the_same_duration(span: timedelta) -> None:
    assert time_spans.parse(time_spans.format_span(span)) == span
