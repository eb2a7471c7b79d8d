"""Reading a route template: its text becomes segments of literals and parameters.

Only the grammar and its refusals; matching a request is in `routes`.
Source: ASP.NET Core route templates (TemplateParser, InlineRouteParameterParser).
"""

from dataclasses import dataclass

from funchost.http.routing.constraints import Constraint, ConstraintError, make_constraint

_NOT_IN_NAMES = frozenset("{}/*?")


class TemplateError(Exception):
    """A template is wrong; the text is what the real host says about it."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A `{name}` of a template, with what its inline marks say."""

    name: str
    constraints: tuple[Constraint, ...] = ()
    default: str | None = None
    is_optional: bool = False
    is_catch_all: bool = False


Segment = tuple[str | Parameter, ...]


def parse_template(template: str) -> tuple[Segment, ...]:
    """The segments of a template; a string is a literal.

    Raises TemplateError when the template is not one that ASP.NET Core takes.
    """
    segments = [_parse_segment(text) for text in _split(template)]
    _check(segments)
    return tuple(segments)


def _split(template: str) -> list[str]:
    """The texts between slashes; a slash inside braces (in a pattern) separates nothing."""
    if not template:
        return []
    texts, start, position = [], 0, 0
    while position < len(template):
        char = template[position]
        if char == "{" and template[position : position + 2] != "{{":
            position = _end_of_parameter(template, position)
        elif char == "{":
            position += 1
        elif char == "/":
            texts.append(template[start:position])
            start = position + 1
        position += 1
    texts.append(template[start:])
    if texts[-1] == "":
        del texts[-1]
    if "" in texts:
        raise TemplateError(
            "The route template separator character '/' cannot appear consecutively. "
            "It must be separated by either a parameter or a literal value."
        )
    return texts


def _end_of_parameter(text: str, start: int) -> int:
    """Where the closing brace of the parameter that opens at `start` stands; doubled braces are text."""
    position = start + 1
    while position < len(text):
        pair = text[position : position + 2]
        if pair in ("{{", "}}"):
            position += 2
        elif text[position] == "}":
            return position
        else:
            position += 1
    raise TemplateError(
        "There is an incomplete parameter in the route template. "
        "Check that each '{' character has a matching '}' character."
    )


def _parse_segment(text: str) -> Segment:
    parts: list[str | Parameter] = []
    literal, position = "", 0
    while position < len(text):
        char = text[position]
        if text[position : position + 2] in ("{{", "}}"):
            literal += char
            position += 2
        elif char == "{":
            if literal:
                parts.append(_literal(literal))
                literal = ""
            end = _end_of_parameter(text, position)
            inner = text[position + 1 : end].replace("{{", "{").replace("}}", "}")
            parts.append(_parse_parameter(inner))
            position = end + 1
        elif char == "}":
            raise TemplateError(
                "There is an incomplete parameter in the route template. "
                "Check that each '{' character has a matching '}' character."
            )
        else:
            literal += char
            position += 1
    if literal:
        parts.append(_literal(literal))
    return tuple(parts)


def _literal(text: str) -> str:
    if "?" in text:
        raise TemplateError(
            f"The literal section '{text}' is invalid. Literal sections cannot contain the '?' character."
        )
    return text


def _parse_parameter(inner: str) -> Parameter:
    stars = len(inner) - len(inner.removeprefix("**" if inner.startswith("**") else "*"))
    text = inner[stars:]
    is_optional = text.endswith("?")
    text = text.removesuffix("?")
    ends = [position for position in (text.find(":"), text.find("=")) if position >= 0]
    name, marks = (text[: min(ends)], text[min(ends) :]) if ends else (text, "")
    if not name or not _NOT_IN_NAMES.isdisjoint(name):
        raise TemplateError(
            f"The route parameter name '{name}' is invalid. Route parameter names must be non-empty and "
            "cannot contain these characters: '{', '}', '/'. The '?' character marks a parameter as "
            "optional, and can occur only at the end of the parameter. The '*' character marks a parameter "
            "as catch-all, and can occur only at the start of the parameter."
        )
    constraints, default = _parse_marks(marks)
    if is_optional and stars:
        raise TemplateError("A catch-all parameter cannot be marked optional.")
    if is_optional and default is not None:
        raise TemplateError("An optional parameter cannot have default value.")
    try:
        tests = tuple(make_constraint(constraint) for constraint in constraints)
    except ConstraintError as error:
        raise TemplateError(
            f"The constraint entry '{name}' - '{':'.join(constraints)}' on the route cannot be used: {error}"
        ) from error
    return Parameter(name, tests, default, is_optional, bool(stars))


def _parse_marks(marks: str) -> tuple[list[str], str | None]:
    """Constraints and default of `:int:min(1)=5`; inside parentheses `:` and `=` are text."""
    constraints: list[str] = []
    position = 0
    while position < len(marks) and marks[position] == ":":
        end = position + 1
        while end < len(marks) and marks[end] not in ":=":
            end = _end_of_arguments(marks, end) if marks[end] == "(" else end + 1
        if end > position + 1:
            constraints.append(marks[position + 1 : end])
        position = end
    return constraints, marks[position + 1 :] if position < len(marks) else None


def _end_of_arguments(marks: str, opening: int) -> int:
    """Just behind the parenthesis that closes a constraint's arguments.

    A pattern may hold parentheses of its own, so the closing one is that before the next mark or the end.
    """
    position = opening
    while True:
        closing = marks.find(")", position)
        if closing < 0:
            return len(marks)
        if closing + 1 == len(marks) or marks[closing + 1] in ":=":
            return closing + 1
        position = closing + 1


def _check(segments: list[Segment]) -> None:
    seen: set[str] = set()
    for index, segment in enumerate(segments):
        last_segment = index == len(segments) - 1
        for position, part in enumerate(segment):
            if isinstance(part, str):
                continue
            if part.name.casefold() in seen:
                raise TemplateError(
                    f"The route parameter name '{part.name}' appears more than one time "
                    "in the route template."
                )
            seen.add(part.name.casefold())
            _check_place(segment, position, part, last_segment)


def _check_place(segment: Segment, position: int, part: Parameter, last_segment: bool) -> None:
    if part.is_catch_all and len(segment) > 1:
        raise TemplateError(
            "A path segment that contains more than one section, such as a literal section or a parameter, "
            "cannot contain a catch-all parameter."
        )
    if part.is_catch_all and not last_segment:
        raise TemplateError(
            "A catch-all parameter can only appear as the last segment of the route template."
        )
    if position > 0 and isinstance(segment[position - 1], Parameter):
        raise TemplateError(
            "A path segment cannot contain two consecutive parameters. "
            "They must be separated by a '/' or by a literal string."
        )
    if part.is_optional and len(segment) > 1:
        text = "".join(each if isinstance(each, str) else "{" + each.name + "}" for each in segment)
        if position < len(segment) - 1:
            raise TemplateError(
                "An optional parameter must be at the end of the segment. "
                f"In the segment '{text}', optional parameter '{part.name}' is followed by other text."
            )
        before = segment[position - 1]
        if before != "." and not (isinstance(before, str) and before.endswith(".")):
            raise TemplateError(
                f"In the segment '{text}', the optional parameter '{part.name}' is preceded by an invalid "
                f"segment '{before}'. Only a period (.) can precede an optional parameter."
            )
