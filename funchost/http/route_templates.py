"""Route templates: from `items/{id:int}/{*rest}` to an expression that paths are tried against.

Which template belongs to what is the router's affair.
Source: ASP.NET Core route templates and inline constraints, invariant culture.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from funchost.http.dates import parse_date

Constraint = Callable[[str], bool]

_NAME_RULES = "Write {name}, {name?}, {name=default}, {name:constraint} or, as the last segment, {*name}."
_PART = re.compile(r"(?P<brace>\{\{|\}\})|\{(?P<parameter>(?:[^{}]|\{\{|\}\})*)\}|(?P<text>[^{}]+)")
# A constraint's arguments end at the parenthesis before the next mark: a pattern has parentheses of its own.
_CONSTRAINT = r":[^:=(]*(?:\(.*?\)(?=[:=]|\Z))?"
_PARAMETER = re.compile(rf"(\*{{0,2}})([^*?:=/{{}}]+)((?:{_CONSTRAINT})*)(?:=(.*))?", re.DOTALL)
_NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)"
_GUID = r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}"


class TemplateError(Exception):
    """A template is wrong; the text says why, in the real host's words where people know them."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A `{name}` of a template, with what its inline marks say."""

    name: str
    constraints: tuple[Constraint, ...]
    default: str | None
    is_optional: bool
    is_catch_all: bool

    def takes(self, value: str) -> bool:
        """Whether the value meets every constraint."""
        return all(test(value) for test in self.constraints)


class RouteTemplate:
    """A template made ready for matching."""

    def __init__(self, template: str) -> None:
        """Raises TemplateError when the template is wrong."""
        segments = _segments(template)
        self._parameters = [part for segment in segments for part in segment if isinstance(part, Parameter)]
        seen: set[str] = set()
        for name in (parameter.name for parameter in self._parameters):
            if name.casefold() in seen:
                raise TemplateError(
                    f"The route parameter name '{name}' appears more than one time in the route template."
                )
            seen.add(name.casefold())
        pattern = "".join(
            _expression(segment, is_last=index == len(segments) - 1) for index, segment in enumerate(segments)
        )
        self._pattern = re.compile(f"{pattern}/*", re.IGNORECASE | re.DOTALL)

    def match(self, path: str) -> dict[str, str] | None:
        """The parameter values when this decoded path fits, else None; absent ones are left out."""
        found = self._pattern.fullmatch(path)
        if found is None:
            return None
        values: dict[str, str] = {}
        for parameter, text in zip(self._parameters, found.groups(), strict=True):
            value = text or parameter.default
            if value:
                if not parameter.takes(value):
                    return None
                values[parameter.name] = value
        return values


Segment = list[str | Parameter]


def _segments(template: str) -> list[Segment]:
    """Literals and parameters between slashes; a slash inside braces (in a pattern) separates nothing."""
    segments: list[Segment] = [[]]
    position = 0
    for part in _PART.finditer(template):
        if part.start() != position:
            break
        position = part.end()
        if part["parameter"] is not None:
            segments[-1].append(_parameter(part["parameter"].replace("{{", "{").replace("}}", "}")))
            continue
        first, *others = (part["text"] or part["brace"][0]).split("/")
        for text in (first, *others):
            if "?" in text:
                raise TemplateError(f"The literal section '{text}' contains '?'. {_NAME_RULES}")
        segments[-1] += [first] if first else []
        segments += [[text] if text else [] for text in others]
    if position != len(template):
        raise TemplateError(
            "There is an incomplete parameter in the route template. "
            "Check that each '{' character has a matching '}' character."
        )
    if not segments[-1]:
        del segments[-1]
    if [] in segments:
        raise TemplateError(
            "The route template separator character '/' cannot appear consecutively. "
            "It must be separated by either a parameter or a literal value."
        )
    return segments


def _parameter(inner: str) -> Parameter:
    is_optional = inner.endswith("?")
    found = _PARAMETER.fullmatch(inner.removesuffix("?"))
    if found is None or (is_optional and (found[1] or found[4] is not None)):
        raise TemplateError(f"The route parameter '{{{inner}}}' is invalid. {_NAME_RULES}")
    stars, name, constraints, default = found.groups()
    tests = tuple(make_constraint(text[1:]) for text in re.findall(_CONSTRAINT, constraints, re.DOTALL))
    return Parameter(name, tests, default, is_optional, bool(stars))


def _expression(segment: Segment, is_last: bool) -> str:
    """The expression for one segment and the slash before it, with one group for each parameter."""
    part = segment[0]
    if len(segment) == 1:
        if isinstance(part, str):
            return f"/{re.escape(part)}"
        if part.is_catch_all and is_last:
            return "(?:/(.*))?"
        if not part.is_catch_all:
            # Possessive: a value that is there is never left to the segments behind it.
            return "(?:/([^/]*))?+" if part.is_optional or part.default is not None else "/([^/]+)"
    return "/" + _mixed(segment)


def _mixed(segment: Segment) -> str:
    """Several parts in one segment: each parameter takes as much as the literals behind it leave."""
    expression, before = "", ""
    for index, part in enumerate(segment):
        if isinstance(part, str):
            expression, before = expression + re.escape(part), part
            continue
        if part.is_catch_all:
            raise TemplateError(
                "A catch-all parameter can only appear as the last segment of the route template, alone."
            )
        if index > 0 and not before:
            raise TemplateError(
                "A path segment cannot contain two consecutive parameters. "
                "They must be separated by a '/' or by a literal string."
            )
        if not part.is_optional:
            expression += "([^/]+)"
        elif index == len(segment) - 1 and before.endswith("."):
            # `{name}.{ext?}`: without the extension the dot is absent too.
            expression = (
                expression.removesuffix(r"\.").replace("([^/]+)", "([^/]+?)") + r"(?:\.([^/.]+)|(?<!\.))"
            )
        else:
            raise TemplateError(
                f"The optional parameter '{part.name}' must be a segment of its own, "
                "or the last part of one, behind a period."
            )
        before = ""
    return expression


def make_constraint(text: str) -> Constraint:
    """The test behind one constraint as written in a template, such as `int` or `range(1,9)`.

    Raises TemplateError when there is no such constraint or it cannot take these arguments.
    """
    name, opened, rest = text.partition("(")
    name, arguments = name.strip().casefold(), rest.removesuffix(")")
    try:
        if not opened and name in _PLAIN:
            return _PLAIN[name]
        if opened and name == "regex":
            return partial(_found, re.compile(_as_python(arguments), re.IGNORECASE))
        if opened and name in _WITH_NUMBERS:
            return _WITH_NUMBERS[name](*map(int, arguments.split(",")))
    except re.error as error:
        raise TemplateError(f"The constraint '{text}' is not a pattern: {error}.") from error
    except (ValueError, TypeError) as error:
        raise TemplateError(f"The constraint '{text}' cannot take these arguments.") from error
    raise TemplateError(
        f"The constraint reference '{text}' could not be resolved to a type. "
        f"There are {', '.join(_PLAIN)}, regex(pattern), {', '.join(f'{each}(n)' for each in _WITH_NUMBERS)}."
    )


def _as_python(pattern: str) -> str:
    """The two places where .NET's patterns are spelled differently from Python's."""
    return re.sub(r"\(\?<(?![=!])", "(?P<", pattern).replace(r"\z", r"\Z")


def _found(pattern: re.Pattern[str], text: str) -> bool:
    return pattern.search(text) is not None


def _fits(pattern: str) -> Constraint:
    compiled = re.compile(rf"\s*(?:{pattern})\s*", re.IGNORECASE | re.ASCII)
    return lambda text: compiled.fullmatch(text) is not None


def _between(low: int, high: int) -> Constraint:
    """A whole number in these bounds."""
    is_whole = _fits(r"[+-]?[0-9]{1,100}")
    return lambda text: is_whole(text) and low <= int(text) <= high


def _length(low: int, high: int | None = None) -> Constraint:
    return lambda text: low <= len(text) <= (low if high is None else high)


_INT64_MAX = 2**63 - 1
_PLAIN: dict[str, Constraint] = {
    "int": _between(-(2**31), 2**31 - 1),
    "long": _between(-_INT64_MAX - 1, _INT64_MAX),
    "bool": _fits("true|false"),
    "datetime": lambda text: parse_date(text) is not None,
    "decimal": _fits(_NUMBER),
    "double": _fits(rf"{_NUMBER}(e[+-]?[0-9]+)?"),
    "float": _fits(rf"{_NUMBER}(e[+-]?[0-9]+)?"),
    "guid": _fits(rf"{_GUID}|\{{{_GUID}\}}"),
    "alpha": _fits("[a-z]*"),
    "required": bool,
}
_WITH_NUMBERS: dict[str, Callable[..., Constraint]] = {
    "minlength": lambda low: _length(low, _INT64_MAX),
    "maxlength": lambda high: _length(0, high),
    "length": _length,
    "min": lambda low: _between(low, _INT64_MAX),
    "max": lambda high: _between(-_INT64_MAX - 1, high),
    "range": _between,
}
