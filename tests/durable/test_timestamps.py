"""Timestamps. Expectations: .NET round-trip format; what the SDK writes for a timer."""

from datetime import UTC, datetime

import pytest
from azure.durable_functions.models.history.HistoryEvent import HistoryEvent
from hypothesis import given
from hypothesis import strategies as st

from funchost.durable.timestamps import format_compact_timestamp, format_timestamp, parse_timestamp
from tests.durable.instances import NOON


def test_a_timestamp_has_seven_digits_and_a_z() -> None:
    assert format_timestamp(NOON + 123_456) == "2024-05-01T12:00:00.1234560Z"


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        ("2024-05-01T12:00:00Z", 0),
        ("2024-05-01T12:00:00.5Z", 500_000),
        ("2024-05-01T12:00:00.1234567Z", 123_456),
        ("2024-05-01T14:00:00+02:00", 0),
        ("2024-05-01T12:00:00", 0),
    ],
)
def test_timestamps_of_several_forms_are_read(text: str, microseconds: int) -> None:
    assert parse_timestamp(text) == NOON + microseconds


def test_what_is_no_timestamp_is_refused() -> None:
    with pytest.raises(ValueError, match="soon"):
        parse_timestamp("soon")


@given(st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)))
def test_a_timestamp_is_read_as_it_was_written(moment: datetime) -> None:
    written = moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    assert format_timestamp(parse_timestamp(written)) == written[:-1] + "0Z"


@given(st.integers(min_value=0, max_value=2**52))
def test_the_sdk_reads_the_short_form_as_the_same_moment(microseconds: int) -> None:
    short, long = (
        HistoryEvent(12, -1, False, form(microseconds)).timestamp
        for form in (format_compact_timestamp, format_timestamp)
    )
    assert short == long
