"""App settings: the process environment together with the Values of local.settings.json.

Knows which of the two each setting came from. A variable that the environment sets to something wins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from funchost.settings.model import Known, SettingsError


class AppSettings(Mapping[str, str]):
    """The merged settings, by exact name; `skipped` are the Values that the environment overrides."""

    def __init__(self, environment: Mapping[str, str], values: Mapping[str, str]) -> None:
        self.skipped = tuple(name for name in values if environment.get(name))
        self._from_file = {name: value for name, value in values.items() if not environment.get(name)}
        self._merged = {**environment, **self._from_file}

    def __getitem__(self, name: str) -> str:
        return self._merged[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._merged)

    def __len__(self) -> int:
        return len(self._merged)

    def origin(self, name: str) -> str:
        """Where this setting came from."""
        return "local.settings.json" if name in self._from_file else "environment"

    def known(self, name: str) -> Known[str] | None:
        """The setting with its origin; None when it is unset or empty."""
        value = self._merged.get(name)
        return Known(value, self.origin(name)) if value else None


def resolve_percent(text: str, settings: Mapping[str, str]) -> str:
    """The text with each `%NAME%` replaced by the app setting of that name, in any case.

    Raises SettingsError when a name has no value or a `%` stands alone.
    Source: azure-webjobs-sdk, name resolution in binding values.
    """
    parts: list[str] = []
    position = 0
    while (start := text.find("%", position)) >= 0:
        end = text.find("%", start + 1)
        if end < 0:
            raise SettingsError(f"The '%' at position {start} does not have a closing '%'")
        name = text[start + 1 : end]
        value = setting_in_any_case(name, settings)
        if value is None:
            raise SettingsError(f"'%{name}%' does not resolve to a value.")
        parts += [text[position:start], value]
        position = end + 1
    return "".join([*parts, text[position:]])


def setting_in_any_case(name: str, settings: Mapping[str, str]) -> str | None:
    """The value of a setting; the exact name first, then the name in any case."""
    if name in settings:
        return settings[name]
    folded = name.casefold()
    return next((value for other, value in settings.items() if other.casefold() == folded), None)
