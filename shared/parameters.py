"""Text that comes from outside (query, app settings, body) turned into values, or refused.

Pure functions; each raises `InvalidValue` that says what is allowed. Python's own `int` and
`float` take more than a person means (`1_000`, `nan`, digits of other scripts), so the
accepted forms are spelled out here.
"""

import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from shared import exceptions

_WHOLE = re.compile(r"-?[0-9]+")
_LONGEST_WHOLE = 20  # digits; Python's int refuses some thousands of them in its own words
_NUMBER = re.compile(r"-?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


def query_value(url: str, name: str, default: str) -> str:
    """Give the value of a query parameter.

    The URL is read, and not the parameters that the host has parsed already: hosts drop empty
    values and join repeated ones with a comma, so `taskCount=` would silently be the default.

    Raises InvalidValue when the parameter is given more than once.
    """
    values = parse_qs(urlsplit(url).query, keep_blank_values=True).get(name, [default])
    if len(values) > 1:
        allowed = f"one value, for example {name}={default}"
        raise exceptions.InvalidValue(name, values, "is given more than once", allowed)
    return values[0]


def whole_number(name: str, text: str, lowest: int, highest: int, example: int) -> int:
    """Read a whole number in decimal digits, from `lowest` to `highest`.

    Raises InvalidValue for anything else.
    """
    allowed = f"{lowest} to {highest}, for example {name}={example}"
    if not _WHOLE.fullmatch(text):
        raise exceptions.InvalidValue(name, text, "is not a whole number", allowed)
    if len(text) > _LONGEST_WHOLE or not lowest <= int(text) <= highest:
        raise exceptions.InvalidValue(name, text, "is out of range", allowed)
    return int(text)


def number(name: str, text: str, lowest: float, highest: float, example: float) -> float:
    """Read a decimal number from `lowest` to `highest`; NaN and infinity are none.

    Raises InvalidValue for anything else.
    """
    allowed = f"{lowest:g} to {highest:g}, for example {name}={example:g}"
    if not _NUMBER.fullmatch(text):
        raise exceptions.InvalidValue(name, text, "is not a number", allowed)
    value = float(text)
    if not lowest <= value <= highest:
        raise exceptions.InvalidValue(name, text, "is out of range", allowed)
    return value


def json_body(body: bytes) -> Any:
    """Read an optional JSON body; no body is None, as the JSON `null` is.

    Raises InvalidValue when there is a body that is not JSON as RFC 8259 has it, so without
    NaN and Infinity, which Python would take.
    """
    if not body:
        return None
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        text = body.decode("utf-8", "replace")
        allowed = 'no body, or JSON in UTF-8, for example 100 or {"taskCount": 100}'
        raise exceptions.InvalidValue("body", text, f"is not JSON ({error})", allowed) from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")
