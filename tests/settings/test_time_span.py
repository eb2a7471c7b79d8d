from __future__ import annotations

import pytest

from funchost.settings import time_span


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("00:05:00", 300),
        ("00:00:01.5", 1.5),
        ("1:2", 3720),
        ("1.12:00:00", 129_600),
        ("7", 604_800),
        (" -00:00:02 ", -2),
    ],
)
def test_a_time_span_is_read_as_dotnet_reads_it(text: str, seconds: float) -> None:
    assert time_span.parse(text) == seconds


@pytest.mark.parametrize("text", ["", "5m", "24:00:00", "00:60:00", "00:00:60", "1.5", "00:00:00:00"])
def test_other_texts_are_no_time_span(text: str) -> None:
    assert time_span.parse(text) is None
