from __future__ import annotations

import logging
import re
import time
from typing import Any

import pytest

from funchost.console.log_lines import TextLines, short_id, timestamp
from funchost.settings import LogLevels
from tests.console.conftest import Piped

_GUID = "0f8fad5b-d9cb-469f-a165-70867728950e"
_TIME = r"\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\]"


def _lines(
    piped: Piped,
    text: str,
    *,
    logger: str = "Function.hello.User",
    level: int = logging.INFO,
    levels: LogLevels | None = None,
    label: str = "i1",
    colours: bool = False,
    **extra: Any,
) -> list[str]:
    """What one record looks like; an end mark makes sure that even nothing can be read."""
    handler = TextLines(piped.output, levels or LogLevels(), label, colours)
    exc_info = extra.pop("exc_info", None)
    record = logging.getLogger(logger).makeRecord(logger, level, "f", 1, text, (), exc_info, extra=extra)
    handler.handle(record)
    piped.output.write("END\n")
    return piped.text().removesuffix("END\n").splitlines()


def test_a_line_has_time_instance_worker_function_and_invocation(piped: Piped) -> None:
    (line,) = _lines(piped, "text", worker=4711, function="hello", invocation=_GUID)
    assert re.fullmatch(_TIME + r" i1 w4711    hello 0f8fad5b: text", line)


def test_columns_without_a_value_are_left_out_and_the_text_stays_in_line(piped: Piped) -> None:
    (line,) = _lines(piped, "text", worker=None, function=None)
    assert re.fullmatch(_TIME + r" i1          text", line)


def test_a_durable_instance_is_shown_in_place_of_the_invocation(piped: Piped) -> None:
    (line,) = _lines(piped, "text", instance="my-id-2024001", invocation=_GUID, function="hello")
    assert line.endswith(" hello my-id-2024001: text")


def test_a_text_that_begins_with_its_instance_has_no_column_for_it(piped: Piped) -> None:
    (line,) = _lines(piped, "my-id: text", instance="my-id", function="hello", worker=1)
    assert re.fullmatch(_TIME + r" i1 w1       my-id: text", line)


def test_each_line_of_a_text_repeats_the_prefix(piped: Piped) -> None:
    lines = _lines(piped, "one\r\n\ntwo\n", worker=1)
    assert [re.sub(_TIME, "T", line) for line in lines] == [
        "T i1 w1       one",
        "T i1 w1       ",
        "T i1 w1       two",
    ]


def test_an_exception_follows_its_text(piped: Piped) -> None:
    error = ValueError("no good")
    lines = _lines(piped, "failed", level=logging.ERROR, exc_info=(ValueError, error, None))
    assert lines[0].endswith(" failed")
    assert lines[1].endswith(" ValueError: no good")


def test_an_exception_that_is_given_as_text_follows_too(piped: Piped) -> None:
    lines = _lines(piped, "failed", exception="ValueError: no good\nStack: ...")
    assert [line.split("] i1          ")[1] for line in lines] == [
        "failed",
        "ValueError: no good",
        "Stack: ...",
    ]


def test_lines_below_the_level_of_their_category_are_not_shown(piped: Piped) -> None:
    assert _lines(piped, "text", logger="DurableTask.Core") == []
    assert len(_lines(piped, "text", logger="DurableTask.Core", level=logging.WARNING)) == 1
    assert _lines(piped, "text", level=logging.DEBUG) == []
    assert len(_lines(piped, "text", logger="DurableTask.Core", levels=LogLevels(system=20))) == 1


def test_piped_lines_are_plain(piped: Piped) -> None:
    (line,) = _lines(piped, "text", level=logging.ERROR)
    assert "\x1b" not in line


def test_errors_and_warnings_are_coloured_in_a_terminal(piped: Piped) -> None:
    (line,) = _lines(piped, "text", level=logging.ERROR, colours=True)
    assert line.endswith("\x1b[31mtext\x1b[0m")
    (line,) = _lines(piped, "text", level=logging.WARNING, colours=True)
    assert line.endswith("\x1b[33mtext\x1b[0m")


def test_a_text_that_cannot_be_encoded_is_written_all_the_same(piped: Piped) -> None:
    (line,) = _lines(piped, "lone \ud800 surrogate")
    assert line.endswith(r"lone \ud800 surrogate")


@pytest.mark.parametrize(
    ("identity", "short"),
    [
        (_GUID, "0f8fad5b"),
        (_GUID.replace("-", ""), "0f8fad5b"),
        ("my-id-2024001", "my-id-2024001"),
        ("a-very-long-instance-identity", "a-very-long-instance-id…"),
    ],
)
def test_random_ids_are_shortened_and_chosen_ones_kept(identity: str, short: str) -> None:
    assert short_id(identity) == short


def test_the_time_is_utc_with_milliseconds() -> None:
    assert timestamp(1767323045.6785) == "2026-01-02T03:04:05.678Z"


def test_a_line_costs_few_microseconds(piped: Piped) -> None:
    handler = TextLines(piped.output, LogLevels(), "i1", colours=False)
    record = logging.getLogger("Function.a").makeRecord("Function.a", 20, "f", 1, "text %d", (1,), None)
    started = time.process_time()
    for _ in range(500):
        handler.handle(record)
    assert (time.process_time() - started) / 500 < 100e-6  # measured: about 5
