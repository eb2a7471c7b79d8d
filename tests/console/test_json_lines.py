"""Lines as JSON objects, for programs."""

import json
import logging
from typing import Any

from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from funchost.console.log_lines import JsonLines, timestamp
from funchost.settings import LogLevels
from tests.console.conftest import Piped


def _objects(
    piped: Piped, text: str, *, logger: str = "Function.hello.User", level: int = logging.INFO, **extra: Any
) -> list[dict[str, Any]]:
    handler = JsonLines(piped.output, LogLevels(user=5), "i1")
    exc_info = extra.pop("exc_info", None)
    record = logging.getLogger(logger).makeRecord(logger, level, "f", 1, text, (), exc_info, extra=extra)
    record.created = 1767323045.6785
    handler.handle(record)
    piped.output.write("END\n")
    return [json.loads(line) for line in piped.text().removesuffix("END\n").split("\n") if line]


def test_a_record_is_one_object_with_what_is_known_of_it(piped: Piped) -> None:
    (line,) = _objects(piped, "text", worker=4711, function="hello", invocation="id-1", instance="one")
    assert line == {
        "time": timestamp(1767323045.6785),
        "level": "Information",
        "category": "Function.hello.User",
        "message": "text",
        "host": "i1",
        "worker": 4711,
        "function": "hello",
        "invocation": "id-1",
        "instance": "one",
    }


def test_keys_without_a_value_are_left_out(piped: Piped) -> None:
    (line,) = _objects(piped, "text", worker=None, function=None)
    assert list(line) == ["time", "level", "category", "message", "host"]


def test_levels_have_the_names_that_host_json_has_for_them(piped: Piped) -> None:
    levels = [_objects(piped, "text", level=level)[0]["level"] for level in (5, 10, 20, 30, 40, 50)]
    assert levels == ["Trace", "Debug", "Information", "Warning", "Error", "Critical"]


def test_lines_below_the_level_of_their_category_are_left_out(piped: Piped) -> None:
    assert _objects(piped, "text", logger="Host.General") == []


def test_a_text_of_several_lines_is_one_object(piped: Piped) -> None:
    (line,) = _objects(piped, "one\ntwo")
    assert line["message"] == "one\ntwo"


def test_an_exception_has_a_key_of_its_own(piped: Piped) -> None:
    error = ValueError("no good")
    (line,) = _objects(piped, "failed", exc_info=(ValueError, error, None))
    assert (line["message"], line["exception"]) == ("failed", "ValueError: no good")
    (line,) = _objects(piped, "failed", exception="ValueError: no good")
    assert line["exception"] == "ValueError: no good"


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_any_text_is_kept(piped: Piped, text: str) -> None:
    (line,) = _objects(piped, text.replace("%", "%%"))
    assert line["message"] == text.replace("%", "%%")


def test_what_is_announced_is_one_object_with_its_fields(piped: Piped) -> None:
    handler = JsonLines(piped.output, LogLevels(), "i1")
    handler.announce(
        "for people\n", "for programs", logging.ERROR, "Host.Startup", {"url": "http://x", "n": [1]}
    )
    line = json.loads(piped.text())
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "Error",
        "category": "Host.Startup",
        "message": "for programs",
        "host": "i1",
        "url": "http://x",
        "n": [1],
    }


def test_what_the_output_says_itself_is_an_object_too(piped: Piped) -> None:
    JsonLines(piped.output, LogLevels(), "i1")
    line = json.loads(piped.output.note("3 lines were dropped."))
    assert (line["level"], line["message"]) == ("Warning", "3 lines were dropped.")
