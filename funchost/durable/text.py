"""Text at the border: what a worker, a client or a web server sends can be stored, or is refused.

A task hub stores UTF-8. JSON that holds a lone surrogate is stored in its escaped form, exactly; plain text
that holds one is stored with the escape in its place.
"""

import json
from typing import Any

from funchost.durable.refusals import Unreadable

_compact = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, check_circular=False).encode
_compact_ascii = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode

_TOO_DEEP = "it is nested too deeply"


def dump_json(value: Any) -> str:
    """Compact JSON that can be stored: characters beyond ASCII as themselves, lone surrogates escaped.

    Raises Unreadable when the value is nested too deeply.
    """
    try:
        text = _compact(value)
        text.encode()
    except UnicodeEncodeError:
        return _compact_ascii(value)
    except RecursionError:
        raise Unreadable(_TOO_DEEP) from None
    return text


def parse_json(text: str | bytes, *, strict: bool = False) -> Any:
    """The value of JSON text. A strict reading refuses NaN, Infinity and numbers too large for a double,
    which other readers do not take.

    Raises Unreadable, which says why.
    """
    try:
        decoded = text.decode() if isinstance(text, bytes) else text
        return _decode_strictly(decoded) if strict else json.loads(decoded)
    except RecursionError:
        raise Unreadable(_TOO_DEEP) from None
    except ValueError as error:
        raise Unreadable(str(error)) from None


def storable(text: str) -> str:
    """Plain text with every lone surrogate replaced by its escape, such as \\ud800."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="backslashreplace").decode()
    return text


def is_storable(text: str) -> bool:
    """Whether the text can be stored as it is."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _finite(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"the number {digits[:40]} is too large")
    return number


_decode_strictly = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite).decode
