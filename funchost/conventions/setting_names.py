"""What the names of app settings mean: `%NAME%` in a text, and the settings that disable a function.

Pure. It knows neither where app settings come from nor who asks.
"""

import re
from collections.abc import Mapping
from typing import Any

_NEVER_EXPANDED = frozenset({"name", "type", "direction"})
_DISABLES = re.compile(r"AzureWebJobs(?:\.(?P<dots>.+)\.|_(?P<lines>.+)_)Disabled", re.IGNORECASE)
_TRUTHS = {"true": True, "1": True, "false": False, "0": False}


class UnresolvedExpression(ValueError):
    """A `%NAME%` has no value, or its closing `%` is missing."""


class UnclearDisabling(ValueError):
    """`AzureWebJobs.<Name>.Disabled` is neither true nor false."""


def value_of(name: str, app_settings: Mapping[str, str]) -> str | None:
    """The app setting of this name, exactly spelled or else in any case; None when there is none."""
    if name in app_settings:
        return app_settings[name]
    lower = name.lower()
    return next((value for other, value in app_settings.items() if other.lower() == lower), None)


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
        name = text[start + 1 : end]
        value = value_of(name, app_settings)
        if value is None:
            mend = f" Set {name} in the Values of local.settings.json, or in the environment." if name else ""
            raise UnresolvedExpression(f"'%{name}%' does not resolve to a value.{mend}")
        parts += (text[position:start], value)
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


def disabled_functions(app_settings: Mapping[str, str]) -> frozenset[str]:
    """The functions that `AzureWebJobs.<Name>.Disabled` switches off, names in lower case.

    Raises:
        UnclearDisabling: a value is neither true nor false. The original takes it for false.
    Source: Azure WebJobs SDK, disabled functions.
    """
    disabled = set()
    for setting, text in app_settings.items():
        match = _DISABLES.fullmatch(setting)
        if match is None or not text:
            continue
        truth = _TRUTHS.get(text.strip().lower())
        if truth is None:
            raise UnclearDisabling(f"{setting} is '{text}'. It must be true or false.")
        if truth:
            disabled.add((match["dots"] or match["lines"]).lower())
    return frozenset(disabled)
