"""App settings: the process environment together with the Values of local.settings.json.

Knows which of the two each setting came from. A variable that the environment sets to something wins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from funchost.settings.model import Known


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
