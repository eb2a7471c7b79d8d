"""Dates in URLs. Expectations: DateTime.TryParse of .NET with the invariant culture."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funchost.http.dates import parse_date, parse_microseconds

TEN = datetime(2024, 5, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-05-01T10:00:00Z", TEN),
        ("2024-05-01T10:00:00", TEN),
        ("2024-05-01 10:00", TEN),
        ("2024-05-01T12:00:00+02:00", TEN),
        ("2024-05-01T12:00:00 02:00", TEN),
        ("2024-05-01T10:00:00.1234567Z", TEN.replace(microsecond=123456)),
        ("2024-05-01T10:00:00.5Z", TEN.replace(microsecond=500000)),
        ("05/01/2024 10:00:00", TEN),
        ("5/1/2024 10:00 AM", TEN),
        ("1 May 2024", TEN.replace(hour=0)),
        ("Wed, 01 May 2024 10:00:00 GMT", TEN),
        (" 2024-05-01 ", TEN.replace(hour=0)),
        ("", None),
        ("tomorrow", None),
        ("20240501", None),
        ("2024-13-01", None),
        ("0001-01-01T00:00:00+05:00", None),
    ],
)
def test_a_date_is_read_as_utc_or_not_at_all(text: str, moment: datetime | None) -> None:
    assert parse_date(text) == moment


@given(st.integers(min_value=0, max_value=2**51))
def test_every_microsecond_survives_the_round_trip(microseconds: int) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    assert parse_microseconds(moment.isoformat().replace("+00:00", "Z")) == microseconds


@given(st.text(max_size=30))
def test_any_text_is_a_date_or_none(text: str) -> None:
    parse_microseconds(text)
