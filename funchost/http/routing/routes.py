"""Which function a request belongs to.

Functions are asked in the order of their names, and the first whose route and method fit gets the
request; nothing ranks a literal above a parameter. This module knows no server and no request object.
Source: Azure Functions HTTP routing (WebJobs Extensions Http) on ASP.NET Core's route matcher.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from funchost.http.routing.templates import Parameter, Segment, TemplateError, parse_template


class RouteError(Exception):
    """A function's route cannot be registered, so the host cannot start."""

    def __init__(self, function: str, template: str, reason: str) -> None:
        super().__init__(
            f"An error occurred while creating the route with name '{function}' and template '{template}'. "
            f"{reason}"
        )
        self.function = function
        self.template = template


@dataclass(frozen=True, slots=True)
class HttpFunction:
    """What routing needs to know of a function; no methods means every method."""

    name: str
    route: str | None
    methods: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """The function a request goes to, and the values its path gave; absent ones are left out."""

    function: str
    params: Mapping[str, str]


class RouteTemplate:
    """A template made ready for matching."""

    def __init__(self, template: str) -> None:
        """Raises TemplateError when the template is wrong."""
        self._segments = parse_template(template)
        self._patterns = [_patterns(segment) if len(segment) > 1 else () for segment in self._segments]

    def match(self, path: str) -> dict[str, str] | None:
        """The parameter values when this decoded path fits, else None."""
        tokens = path.removeprefix("/").split("/")
        if tokens[-1] == "":
            del tokens[-1]
        values: dict[str, str] = {}
        for index, segment in enumerate(self._segments):
            token = tokens[index] if index < len(tokens) else ""
            part = segment[0]
            if len(segment) > 1:
                if not _match_patterns(self._patterns[index], token, values):
                    return None
            elif isinstance(part, str):
                if token.casefold() != part.casefold():
                    return None
            elif part.is_catch_all:
                rest = "/".join(tokens[index:])
                # The rest takes every token, and a trailing slash is part of it.
                if rest and path.endswith("/"):
                    rest += "/"
                return values if _take(part, rest, values) else None
            elif not _take(part, token, values):
                return None
        return None if any(tokens[len(self._segments) :]) else values


class RouteTable:
    """All HTTP functions of an app, in the order in which they are asked."""

    def __init__(self, functions: Iterable[HttpFunction], prefix: str) -> None:
        """Raises RouteError for the first route that ASP.NET Core would refuse."""
        ordered = sorted(functions, key=lambda function: function.name.upper())
        self._routes = [
            (function.name, frozenset(m.upper() for m in function.methods), _template(function, prefix))
            for function in ordered
        ]

    def match(self, method: str, path: str) -> Match | None:
        """The first function whose methods and route fit; a wrong method is no match, never a 405."""
        method = method.upper()
        for name, methods, template in self._routes:
            if methods and method not in methods:
                continue
            params = template.match(path)
            if params is not None:
                return Match(name, params)
        return None


def full_route(function: HttpFunction, prefix: str) -> str:
    """The template with its prefix, as it stands in URLs: `api/hello/{name}`."""
    route = function.route or function.name
    # A plain join, as in the original: with a prefix, a route that begins with `/` cannot be registered.
    return f"{prefix}/{route}" if prefix else route.removeprefix("/")


def _template(function: HttpFunction, prefix: str) -> RouteTemplate:
    template = full_route(function, prefix)
    try:
        return RouteTemplate(template)
    except TemplateError as error:
        reason = str(error)
        if prefix and (function.route or "").startswith("/"):
            reason += (
                " Write the route without its leading '/', or set extensions.http.routePrefix"
                ' to "" in host.json.'
            )
        raise RouteError(function.name, template, reason) from error


def _take(part: Parameter, text: str, values: dict[str, str]) -> bool:
    """Store what the path, or else the default, gives for a parameter; False when it does not fit."""
    value = text or part.default
    if not value:
        return part.is_optional or part.is_catch_all or part.default is not None
    if not all(test(value) for test in part.constraints):
        return False
    values[part.name] = value
    return True


Patterns = tuple[tuple[re.Pattern[str], tuple[Parameter, ...]], ...]


def _patterns(segment: Segment) -> Patterns:
    """Expressions for a segment of several parts, the longer form first.

    The original looks for literals from the right, so a parameter takes as much as it can: greedy.
    """
    forms = [_pattern(segment)]
    last = segment[-1]
    if isinstance(last, Parameter) and last.is_optional:
        # `{name}.{ext?}`: without the extension the dot is absent too.
        before = segment[-2]
        assert isinstance(before, str)
        shorter = (*segment[:-2], before[:-1]) if len(before) > 1 else segment[:-2]
        forms.append(_pattern(shorter))
    return tuple(forms)


def _pattern(segment: Segment) -> tuple[re.Pattern[str], tuple[Parameter, ...]]:
    text = "".join(re.escape(part) if isinstance(part, str) else "(.+)" for part in segment)
    parameters = tuple(part for part in segment if isinstance(part, Parameter))
    return re.compile(text, re.IGNORECASE | re.DOTALL), parameters


def _match_patterns(patterns: Patterns, token: str, values: dict[str, str]) -> bool:
    for attempt, (pattern, parameters) in enumerate(patterns):
        if attempt and token.endswith("."):
            return False
        found = pattern.fullmatch(token)
        if found is not None:
            return all(_take(p, text, values) for p, text in zip(parameters, found.groups(), strict=True))
    return False
