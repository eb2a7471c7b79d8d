"""The host's configuration: host.json flattened to keys, with the app settings that override it.

Keys are dotted paths, compared without case. Every read checks the type and tells where the value
came from. Which keys exist and what they mean is elsewhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from funchost.conventions import time_spans
from funchost.settings.model import Known, SettingsError

_OVERRIDE = re.compile(r"azurefunctionsjobhost(?:__|:)(?P<path>.+)", re.IGNORECASE)
_LARGEST_INTEGER = 2**31 - 1
_AN_OBJECT = "It must be an object."


@dataclass(frozen=True, slots=True)
class Entry:
    """One value: the key as it is spelled, the value as written, and where it stands."""

    key: str
    value: Any
    origin: str

    @property
    def text(self) -> str:
        """The value as the host's configuration holds it: always text."""
        return str(self.value)

    def wrong(self, allowed: str) -> SettingsError:
        """The error that names this entry, its value and what is allowed."""
        where = f"host.json: {self.key}" if self.origin == "host.json" else self.origin
        return SettingsError(f"{where} is {json.dumps(self.value, ensure_ascii=False)}. {allowed}")


class Configuration:
    """The entries of host.json and the `AzureFunctionsJobHost__...` app settings over them."""

    def __init__(self, document: Mapping[str, Any], app_settings: Mapping[str, str]) -> None:
        self._entries = {entry.key.casefold(): entry for entry in _flattened(document, "")}
        for name, value in app_settings.items():
            if match := _OVERRIDE.fullmatch(name):
                key = match["path"].replace("__", ".").replace(":", ".")
                self._entries[key.casefold()] = Entry(key, value, f"app setting {name}")

    def entry(self, key: str) -> Entry | None:
        """The entry of a key, or None. Raises SettingsError when an object stands in its place."""
        folded = key.casefold()
        self._refuse_values_above(folded)
        if entry := self._entries.get(folded):
            if isinstance(entry.value, dict | list):
                raise entry.wrong("It must be a single value.")
            return entry
        if below := next(self._below(folded), None):
            raise SettingsError(f"host.json: {key} holds {below.key}. It must be a single value.")
        return None

    def section(self, key: str, allowed: str = _AN_OBJECT) -> dict[str, Entry]:
        """The entries below a key, each under the rest of its key as spelled.

        Raises SettingsError when a single value stands where the object (or list) should be.
        """
        self._refuse_values_above(key.casefold() + ".", allowed)
        return {entry.key[len(key) + 1 :]: entry for entry in self._below(key.casefold())}

    def text(self, key: str) -> Known[str] | None:
        """A string; None when unset."""
        entry = self.entry(key)
        return Known(entry.text, entry.origin) if entry else None

    def whole_number(self, key: str, least: int, allowed: str) -> Known[int] | None:
        """An integer of at least `least`. Raises SettingsError with `allowed` as its last words."""
        entry = self.entry(key)
        if entry is None:
            return None
        if (
            not re.fullmatch(r"\s*[+-]?\d+\s*", entry.text)
            or not least <= int(entry.text) <= _LARGEST_INTEGER
        ):
            raise entry.wrong(allowed)
        return Known(int(entry.text), entry.origin)

    def truth(self, key: str) -> Known[bool] | None:
        """A boolean. Raises SettingsError for anything but true and false, in any case."""
        entry = self.entry(key)
        if entry is None:
            return None
        value = {"true": True, "false": False}.get(entry.text.strip().casefold())
        if value is None:
            raise entry.wrong("It must be true or false.")
        return Known(value, entry.origin)

    def choice(self, key: str, names: Sequence[str]) -> Known[str] | None:
        """One of the names, in any case; given back as the list spells it. Raises SettingsError."""
        entry = self.entry(key)
        if entry is None:
            return None
        name = next((each for each in names if each.casefold() == entry.text.strip().casefold()), None)
        if name is None:
            raise entry.wrong(f"It must be {', '.join(names[:-1])} or {names[-1]}.")
        return Known(name, entry.origin)

    def seconds(self, key: str) -> Known[float] | None:
        """A TimeSpan, in seconds. Raises SettingsError for other texts."""
        entry = self.entry(key)
        if entry is None:
            return None
        value = time_spans.parse(entry.text)
        if value is None:
            raise entry.wrong('It must be a time span, for example "00:05:00".')
        return Known(value.total_seconds(), entry.origin)

    def _refuse_values_above(self, folded_key: str, allowed: str = _AN_OBJECT) -> None:
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
        yield Entry(key, value, "host.json")
