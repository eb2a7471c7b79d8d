"""How a setting is read: the places where it may stand, and the walk over a table of settings.

host.json is flattened to keys, dotted paths that are compared without case; app settings may override them.
Which settings there are is in `table`, and what each may hold in `kinds`.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from funchost.settings.run_settings import Flags, SettingsError

_OVERRIDE = re.compile(r"azurefunctionsjobhost(?:__|:)(?P<path>.+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Entry:
    """One value as written: its name as it is spelled, where it came from, and how an error names it."""

    key: str
    value: Any
    origin: str
    place: str
    is_app_setting: bool = False

    @property
    def text(self) -> str:
        """The value as the host's configuration holds it: always text."""
        return str(self.value)

    def wrong(self, allowed: str) -> SettingsError:
        """The error that names this entry, its value and what is allowed."""
        if self.is_app_setting:
            return SettingsError(f"{self.key} is '{self.value}' ({self.origin}). {allowed}")
        return SettingsError(f"{self.place} is {json.dumps(self.value, ensure_ascii=False)}. {allowed}")


Kind = Callable[[Entry], Any]
"""Gives the value of an entry, or raises SettingsError with what is allowed."""


@dataclass(frozen=True, slots=True)
class SectionKind:
    """What a whole object or list of host.json holds; `read` takes its entries by the rest of their keys."""

    read: Callable[[Mapping[str, Entry]], Any]
    allowed: str = "It must be an object."


@dataclass(frozen=True, slots=True)
class Row:
    """One setting: where it may stand, of what kind it is, its default, the field it fills.

    Of its places the first counts: `flag`, app setting (`setting`), `Host` in local.settings.json (`local`),
    path in host.json (`key`). Of several rows of one field the first that is given counts.

    `field` is that of Settings, or after a dot that of a part of it; empty: the setting is checked only.
    `in_place_of_wrong` replaces a wrong value, under a warning. `unnoticed_as` is for what changes something
    on Azure only: the value, in lower case, that changes nothing there.
    """

    field: str
    kind: Kind | SectionKind
    default: Any = None
    flag: str = ""
    setting: str = ""
    local: str = ""
    key: str = ""
    in_place_of_wrong: Any = None
    unnoticed_as: str | None = None


class AppSettings(Mapping[str, str]):
    """The environment with the Values of local.settings.json, by exact name.

    A variable that the environment sets to something wins; `skipped` are the Values that lose by that.
    """

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

    def entry(self, name: str) -> Entry | None:
        """The setting, or None when it is unset or empty."""
        origin = "local.settings.json" if name in self._from_file else "environment"
        value = self._merged.get(name)
        return Entry(name, value, origin, f"{name} ({origin})", is_app_setting=True) if value else None


class Configuration:
    """The entries of host.json and the `AzureFunctionsJobHost__...` app settings over them."""

    def __init__(self, document: Mapping[str, Any], app_settings: Mapping[str, str]) -> None:
        self._entries = {entry.key.casefold(): entry for entry in _flattened(document, "")}
        for name, value in app_settings.items():
            if match := _OVERRIDE.fullmatch(name):
                key = match["path"].replace("__", ".").replace(":", ".")
                origin = f"app setting {name}"
                self._entries[key.casefold()] = Entry(key, value, origin, place=origin)

    def entry(self, key: str) -> Entry | None:
        """The entry of a key, or None. Raises SettingsError when an object stands in its place."""
        folded = key.casefold()
        self._refuse_values_above(folded, "It must be an object.")
        if entry := self._entries.get(folded):
            if isinstance(entry.value, dict | list):
                raise entry.wrong("It must be a single value.")
            return entry
        if below := next(self._below(folded), None):
            raise SettingsError(f"host.json: {key} holds {below.key}. It must be a single value.")
        return None

    def section(self, key: str, allowed: str) -> dict[str, Entry]:
        """The entries below a key, each under the rest of its key as spelled.

        Raises SettingsError, with `allowed` as its last words, when a single value stands there.
        """
        self._refuse_values_above(key.casefold() + ".", allowed)
        return {entry.key[len(key) + 1 :]: entry for entry in self._below(key.casefold())}

    def _refuse_values_above(self, folded_key: str, allowed: str) -> None:
        parts = folded_key.split(".")
        for length in range(1, len(parts)):
            above = self._entries.get(".".join(parts[:length]))
            if above and above.value not in ({}, []):
                raise above.wrong(allowed)

    def _below(self, folded_key: str) -> Iterator[Entry]:
        prefix = folded_key + "."
        return (entry for key, entry in self._entries.items() if key.startswith(prefix))


def _flattened(value: Any, key: str) -> Iterator[Entry]:
    """One entry for each leaf; null is as good as absent."""
    if isinstance(value, dict | list) and (value or not key):
        children = value.items() if isinstance(value, dict) else enumerate(value)
        for name, child in children:
            yield from _flattened(child, f"{key}.{name}" if key else str(name))
    elif value is not None:
        yield Entry(key, value, "host.json", f"host.json: {key}")


@dataclass(frozen=True, slots=True)
class Places:
    """Everything that a setting may stand in; `host` is the section `Host` of local.settings.json."""

    flags: Flags
    app_settings: AppSettings
    host: Mapping[str, Any]
    configuration: Configuration

    def flag(self, row: Row) -> Any:
        """What the command line gives for a setting, as `Flags` holds it; None or empty when it does not."""
        return getattr(self.flags, row.flag.removeprefix("--").replace("-", "_")) if row.flag else None

    def entry(self, row: Row) -> Entry | None:
        """Where a setting stands; None when it is not given."""
        if (value := self.flag(row)) is not None:
            return Entry(row.flag, value, row.flag, row.flag)
        if row.setting and (entry := self.app_settings.entry(row.setting)):
            return entry
        if row.local and (value := self.host.get(row.local.casefold())) not in (None, ""):
            origin = "local.settings.json"
            return Entry(row.local, value, origin, f"{origin}: Host.{row.local}")
        return self.configuration.entry(row.key) if row.key else None


class Readings:
    """The settings of a table as they stand in their places.

    `values` and `origins` go by field, `warnings` name wrong values that were replaced, and `unnoticed` are
    the keys that change something on Azure only.
    """

    def __init__(self, table: Iterable[Row], places: Places) -> None:
        """Raises SettingsError for the first wrong value."""
        self.values: dict[str, Any] = {}
        self.origins: dict[str, str] = {}
        self.warnings: list[str] = []
        self.unnoticed: list[str] = []
        for row in table:
            if self.origins.get(row.field, "default") == "default":
                value, origin = self._reading(row, places)
                if row.field:
                    self.values[row.field], self.origins[row.field] = value, origin

    def below(self, part: str) -> dict[str, Any]:
        """The values of the fields of a part of Settings, such as `hub`; of those of no part for ``."""
        fields = (field.rpartition(".") for field in self.values)
        return {name: self.values[f"{part}{dot}{name}"] for each, dot, name in fields if each == part}

    def _reading(self, row: Row, places: Places) -> tuple[Any, str]:
        if isinstance(row.kind, SectionKind):
            section = places.configuration.section(row.key, row.kind.allowed)
            if section and row.unnoticed_as is not None:
                self.unnoticed.append(row.key)
            value = row.kind.read(section)
            if given := places.flag(row):
                return given, row.flag
            return (value, next(iter(section.values())).origin) if section else (row.default, "default")
        entry = places.entry(row)
        if entry is None:
            return row.default, "default"
        if row.unnoticed_as not in (None, entry.text.strip().casefold()):
            self.unnoticed.append(row.key)
        try:
            return row.kind(entry), entry.origin
        except SettingsError as error:
            if row.in_place_of_wrong is None:
                raise
            self.warnings.append(str(error))
            return row.in_place_of_wrong, f"default, {entry.key} is invalid"
