"""Inline route constraints, such as `{id:int}` or `{name:length(2,5)}`.

Each is a question about one text; the text itself is never changed.
Source: ASP.NET Core inline constraints, invariant culture.
"""

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from funchost.http.dates import parse_date

Constraint = Callable[[str], bool]

_INTEGER = re.compile(r"\s*[+-]?[0-9]+\s*")
_NUMBER = re.compile(r"\s*([+-]?)([0-9][0-9,]*\.?[0-9]*|\.[0-9]+)([+-]?)\s*")
_FLOAT = re.compile(r"\s*[+-]?([0-9][0-9,]*\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?\s*", re.IGNORECASE)
_NOT_FINITE = frozenset({"nan", "infinity", "-infinity", "+infinity", "-nan", "+nan", "∞", "-∞"})
_HEX = "[0-9a-f]"
_DASHED = rf"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}"
_GUID = re.compile(
    rf"\s*({_HEX}{{32}}|{_DASHED}|\{{{_DASHED}\}}|\({_DASHED}\))\s*",
    re.IGNORECASE,
)
_ALPHA = re.compile(r"[a-z]*", re.IGNORECASE | re.ASCII)
_INT32 = range(-(2**31), 2**31)
_INT64 = range(-(2**63), 2**63)
_DECIMAL_MAX = Decimal(79228162514264337593543950335)


class ConstraintError(Exception):
    """A constraint does not exist or its arguments are wrong; the text says which and what is allowed."""


def make_constraint(text: str) -> Constraint:
    """The test behind one constraint as written in a template, such as `int` or `range(1,9)`.

    Raises ConstraintError when there is no such constraint or it cannot take these arguments.
    """
    name, opened, rest = text.partition("(")
    arguments = rest[:-1] if opened and rest.endswith(")") else None
    key = name.strip().casefold()
    if arguments is None and key in _PLAIN:
        return _PLAIN[key]
    if arguments is not None and key == "regex":
        return _matching(arguments)
    if arguments is not None and key in _WITH_NUMBERS:
        make, counts = _WITH_NUMBERS[key]
        return make(*_numbers(text, arguments, counts))
    raise ConstraintError(
        f"The constraint reference '{text}' could not be resolved to a type. "
        f"There are {', '.join(_PLAIN)}, regex(pattern), {', '.join(f'{each}(n)' for each in _WITH_NUMBERS)}."
    )


def _integer(text: str, allowed: range) -> int | None:
    if not _INTEGER.fullmatch(text) or len(text) > 100:
        return None
    number = int(text)
    return number if number in allowed else None


def _is_decimal(text: str) -> bool:
    parts = _NUMBER.fullmatch(text)
    if parts is None or (parts.group(1) and parts.group(3)):
        return False
    try:
        return Decimal(parts.group(2).replace(",", "")) <= _DECIMAL_MAX
    except InvalidOperation:
        return False


def _is_double(text: str) -> bool:
    return text.strip().casefold() in _NOT_FINITE or _FLOAT.fullmatch(text) is not None


def _is_file(text: str) -> bool:
    _, dot, extension = text.rpartition("/")[2].partition(".")
    return bool(dot) and bool(extension.strip("."))


_PLAIN: dict[str, Constraint] = {
    "int": lambda text: _integer(text, _INT32) is not None,
    "long": lambda text: _integer(text, _INT64) is not None,
    "bool": lambda text: text.strip().casefold() in ("true", "false"),
    "datetime": lambda text: parse_date(text) is not None,
    "decimal": _is_decimal,
    "double": _is_double,
    "float": _is_double,
    "guid": lambda text: _GUID.fullmatch(text) is not None,
    "alpha": lambda text: _ALPHA.fullmatch(text) is not None,
    "required": lambda text: bool(text),
    "file": _is_file,
    "nonfile": lambda text: not _is_file(text),
}


def _length(text: str) -> int:
    """Length as .NET counts it: UTF-16 units."""
    return len(text) + sum(ord(c) > 0xFFFF for c in text)


def _length_between(low: int, high: int | None = None) -> Constraint:
    return lambda text: low <= _length(text) <= (low if high is None else high)


def _value_between(low: int, high: int) -> Constraint:
    def test(text: str) -> bool:
        number = _integer(text, _INT64)
        return number is not None and low <= number <= high

    return test


_WITH_NUMBERS: dict[str, tuple[Callable[..., Constraint], tuple[int, ...]]] = {
    "minlength": (lambda low: lambda text: _length(text) >= low, (1,)),
    "maxlength": (lambda high: lambda text: _length(text) <= high, (1,)),
    "length": (_length_between, (1, 2)),
    "min": (lambda low: _value_between(low, _INT64[-1]), (1,)),
    "max": (lambda high: _value_between(_INT64[0], high), (1,)),
    "range": (_value_between, (2,)),
}


def _numbers(text: str, arguments: str, counts: tuple[int, ...]) -> list[int]:
    numbers = [_integer(part, _INT64) for part in arguments.split(",")]
    whole = [number for number in numbers if number is not None]
    if len(whole) != len(numbers) or len(whole) not in counts:
        allowed = " or ".join(str(count) for count in counts)
        raise ConstraintError(f"The constraint '{text}' takes {allowed} whole number(s).")
    return whole


def _matching(pattern: str) -> Constraint:
    # The two places where .NET's patterns are spelled differently from Python's.
    translated = re.sub(r"\(\?<(?![=!])", "(?P<", pattern).replace(r"\z", r"\Z")
    try:
        compiled = re.compile(translated, re.IGNORECASE)
    except re.error as error:
        raise ConstraintError(f"The constraint 'regex({pattern})' is not a pattern: {error}.") from error
    return lambda text: compiled.search(text) is not None
