"""Binding expressions: `%NAME%` in a binding's values stands for an app setting.

Pure. It knows neither which bindings there are nor where app settings come from.
"""

from collections.abc import Mapping
from typing import Any

_NEVER_EXPANDED = frozenset({"name", "type", "direction"})


class UnresolvedExpression(ValueError):
    """A `%NAME%` has no value, or its closing `%` is missing."""


def expand(text: str, app_settings: Mapping[str, str]) -> str:
    """The text with every `%NAME%` replaced by the app setting of that name, in any case.

    Raises:
        UnresolvedExpression: a name that no app setting has, or a single `%`.
    Source: Azure WebJobs SDK, NameResolverExtensions.
    """
    parts: list[str] = []
    position = 0
    while (start := text.find("%", position)) >= 0:
        end = text.find("%", start + 1)
        if end < 0:
            raise UnresolvedExpression(f"The '%' at position {start} does not have a closing '%'")
        parts += (text[position:start], _value_of(text[start + 1 : end], app_settings))
        position = end + 1
    return "".join(parts) + text[position:]


def expand_binding(binding: Mapping[str, Any], app_settings: Mapping[str, str]) -> dict[str, Any]:
    """The binding with `%NAME%` replaced in each of its text values.

    Raises:
        UnresolvedExpression: as `expand`.
    """
    return {
        key: expand(value, app_settings) if isinstance(value, str) and key not in _NEVER_EXPANDED else value
        for key, value in binding.items()
    }


def _value_of(name: str, app_settings: Mapping[str, str]) -> str:
    if name in app_settings:
        return app_settings[name]
    for other, value in app_settings.items():
        if other.lower() == name.lower():
            return value
    raise UnresolvedExpression(f"'%{name}%' does not resolve to a value.")
