"""Strings that functions return. Expectations: Azure Functions host, HttpBinding and RawScriptResult;
numbers as .NET prints them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funchost.http.replies import TEXT, printed, reply_to_text

PLAIN = (("Content-Type", TEXT),)


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("hello", "hello"),
        ("{'a': nope}", "{'a': nope}"),
        ("5 apples", "5 apples"),
        ('"abc"', "abc"),
        ("true", "True"),
        ("false", "False"),
        ("null", ""),
        ("", ""),
        ("1.0", "1"),
        ("12", "12"),
        ("007", "007"),
        ('{"a":1}', '{\n  "a": 1\n}'),
        ('[1,"é"]', '[\n  1,\n  "é"\n]'),
        ("{}", "{}"),
        ("[]", "[]"),
        ("[" * 100_000, "[" * 100_000),
    ],
)
def test_a_string_is_read_as_json_first(text: str, body: str) -> None:
    reply = reply_to_text(text)
    assert (reply.status, reply.headers, reply.body.decode()) == (200, PLAIN, body)


@pytest.mark.parametrize(
    ("described", "status", "body"),
    [
        ({"body": "hi"}, 200, "hi"),
        ({"Body": {"a": 1}, "statusCode": 201}, 201, '{\n  "a": 1\n}'),
        ({"body": None, "status": "204"}, 204, ""),
        ({"body": "x", "status": "junk"}, 200, "x"),
        ({"body": True}, 200, "True"),
    ],
)
def test_an_object_with_a_body_describes_the_response(
    described: dict[str, object], status: int, body: str
) -> None:
    reply = reply_to_text(json.dumps(described))
    assert (reply.status, reply.headers, reply.body.decode()) == (status, PLAIN, body)


def test_a_description_may_carry_headers_and_cookies() -> None:
    reply = reply_to_text(
        json.dumps(
            {
                "body": "<p>",
                "headers": {"content-type": "text/html", "X-N": 5},
                "cookies": [{"name": "a", "value": "1 2", "path": "/", "secure": True}, "junk"],
            }
        )
    )
    assert reply.headers == (
        ("content-type", "text/html"),
        ("X-N", "5"),
        ("Set-Cookie", "a=1%202; path=/; secure"),
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.5, "1.5"),
        (-0.25, "-0.25"),
        (100.0, "100"),
        (1e14, "100000000000000"),
        (1e15, "1E+15"),
        (1.25e20, "1.25E+20"),
        (0.0001, "0.0001"),
        (0.00001, "1E-05"),
        (-1.5e-300, "-1.5E-300"),
        (float("inf"), "∞"),
        (float("nan"), "NaN"),
    ],
)
def test_a_number_with_a_fraction_is_printed_as_dotnet_does(value: float, text: str) -> None:
    assert printed(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_printed_number_is_still_the_same_number(value: float) -> None:
    assert float(printed(value)) == value


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_an_array_keeps_its_value_when_it_is_printed_anew(value: object) -> None:
    assert json.loads(reply_to_text(json.dumps([value])).body) == [value]
