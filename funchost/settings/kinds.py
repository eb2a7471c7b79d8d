"""Kinds of values: what a setting may hold, and what it means to the host.

A kind takes an entry and gives its value, or raises SettingsError with what is allowed. Which setting is of
which kind is in `table`.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping

from funchost.conventions import time_spans
from funchost.conventions.retry_policies import BadRetryPolicy, RetryPolicy
from funchost.settings.log_levels import LEVEL_NAMES, level_named
from funchost.settings.reading import Entry, Kind, SectionKind
from funchost.settings.run_settings import SettingsError

_LARGEST_INTEGER = 2**31 - 1
_INTEGER = re.compile(r"\s*[+-]?[0-9]+\s*")
_SCRIPT_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*\.py")
_ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#\s]+")
_HOST_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9_])?")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def text(entry: Entry) -> str:
    """Any text."""
    return entry.text


def truth(entry: Entry) -> bool:
    """true or false, in any case."""
    value = {"true": True, "false": False}.get(entry.text.strip().casefold())
    if value is None:
        raise entry.wrong("It must be true or false.")
    return value


def whole(least: int, most: int = _LARGEST_INTEGER, allowed: str = "") -> Callable[[Entry], int]:
    """An integer within bounds, both included; `allowed` says so in the words of the original."""
    allowed = allowed or f"It must be a whole number from {least} to {most}."

    def read(entry: Entry) -> int:
        if not _INTEGER.fullmatch(entry.text) or not least <= int(entry.text) <= most:
            raise entry.wrong(allowed)
        return int(entry.text)

    return read


def positive(entry: Entry) -> int:
    """1 or more. The extension's words name the property: the last part of the key, with a capital."""
    name = entry.key.rpartition(".")[2]
    return whole(1, allowed=f"{name[0].upper()}{name[1:]} must be a positive integer value.")(entry)


def choice(*names: str) -> Kind:
    """One of the names in any case; given back as spelled here."""

    def read(entry: Entry) -> str:
        wanted = entry.text.strip().casefold()
        for name in names:
            if name.casefold() == wanted:
                return name
        raise entry.wrong(f"It must be {', '.join(names[:-1])} or {names[-1]}.")

    return read


def time_span_text(entry: Entry) -> str:
    """A TimeSpan, as it is written."""
    if time_spans.parse(entry.text) is None:
        raise entry.wrong('It must be a time span, for example "00:05:00".')
    return entry.text.strip()


def function_timeout(entry: Entry) -> float | None:
    """Seconds that a function may run; None is no limit. Local runs have no upper bound."""
    if entry.text.strip() == "-1":
        return None
    span = time_spans.parse(time_span_text(entry))
    if span is None or span.total_seconds() < 1:
        raise entry.wrong(
            f"FunctionTimeout must be greater than 00:00:01 and less than {time_spans.LONGEST_TEXT}. "
            "-1 switches it off."
        )
    return span.total_seconds()


def request_limit(entry: Entry) -> int | None:
    """How many requests; None, written -1, is no limit."""
    allowed = "It must be 1 or more, or -1 for no limit."
    limit = whole(-1, allowed=allowed)(entry)
    if limit == 0:
        raise entry.wrong(allowed)
    return None if limit == -1 else limit


def process_count(entry: Entry) -> int:
    """Less than 1 is 1. Above 10 the host does not clamp, it does not start."""
    return max(1, whole(-_LARGEST_INTEGER, 10, "It must be a whole number from 1 to 10.")(entry))


def script_file(entry: Entry) -> str:
    """One plain file name that ends in .py."""
    if not _SCRIPT_FILE.fullmatch(entry.text):
        raise SettingsError(
            f"Invalid file name: {entry.value}. {entry.place} must be one file name of letters, "
            "digits, _ and - that ends in .py, for example function_app.py."
        )
    return entry.text


def python(entry: Entry) -> None:
    """The only language that funchost runs."""
    if entry.text.casefold() != "python":
        raise entry.wrong("funchost runs Python apps: it must be python.")


def route_prefix(entry: Entry) -> str:
    """A path without slashes at its ends; empty for none."""
    prefix = entry.text.strip("/")
    if not isinstance(entry.value, str) or re.search(r"[?#\s]|//", prefix):
        raise entry.wrong('It must be a path such as "api" or "v1/api", or "" for none.')
    return prefix


def connection_name(entry: Entry) -> str:
    """As URLs show it: the usual connection without its prefix."""
    return "Storage" if entry.text in ("", "AzureWebJobsStorage") else entry.text


def log_level(entry: Entry) -> int:
    """The level of Python's logging for a name in any case."""
    level = level_named(entry.text)
    if level is None:
        raise SettingsError(f"{entry.place}: '{entry.value}' is not a log level. Give {LEVEL_NAMES}.")
    return level


def port(entry: Entry) -> int:
    """A TCP port."""
    if isinstance(entry.value, bool) or not entry.text.strip().isdecimal() or not 0 < int(entry.text) < 65536:
        raise SettingsError(f"{entry.place}: {entry.value} is not a port. Give 1 to 65535, for example 7072.")
    return int(entry.text)


def address(entry: Entry) -> str:
    """An IP address."""
    try:
        ipaddress.ip_address(_string(entry))
    except ValueError:
        raise SettingsError(
            f"Invalid {entry.place} value '{entry.value}'. Expected an IP address, for example 127.0.0.1 or "
            "0.0.0.0."
        ) from None
    return entry.text


def origins(entry: Entry) -> tuple[str, ...]:
    """Origins as browsers send them, with a comma between them; `*` is any."""
    found = tuple(each.strip().rstrip("/") for each in _string(entry).split(",") if each.strip())
    for each in found:
        if each not in ("*", "null") and not _ORIGIN.fullmatch(each):
            raise SettingsError(
                f"{entry.place}: '{each}' is not an origin. Give * or origins with a comma between them, "
                "for example http://localhost:3000,https://example.com."
            )
    return found


def host_names(entry: Entry) -> tuple[str, ...]:
    """Names of this machine, separated by commas."""
    listed = tuple(name for part in entry.text.split(",") if (name := part.strip()))
    for name in listed:
        if not _HOST_NAME.fullmatch(name):
            raise entry.wrong(
                f"'{name}' is not the name of a machine. Give names without scheme and port, with commas "
                "between them."
            )
    return listed


def names(key: str, of: str) -> SectionKind:
    """A list of names."""
    allowed = f"{key} must be a list of {of}."

    def read(listed: Mapping[str, Entry]) -> tuple[str, ...]:
        for position, entry in listed.items():
            if not position.isdecimal() or not isinstance(entry.value, str):
                raise entry.wrong(allowed)
        return tuple(entry.text for entry in listed.values())

    return SectionKind(read, allowed)


def _headers(section: Mapping[str, Entry]) -> dict[str, str]:
    for name, entry in section.items():
        if not _HEADER_NAME.fullmatch(name):
            raise entry.wrong("Its name is not one of an HTTP header.")
        if re.search(r"[\r\n\0]", entry.text):
            raise entry.wrong("A header's value stands on one line.")
    return {name: entry.text for name, entry in section.items()}


def _log_rules(section: Mapping[str, Entry]) -> dict[str, int]:
    return {category.casefold(): log_level(entry) for category, entry in section.items()}


def _retry(section: Mapping[str, Entry]) -> RetryPolicy | None:
    if not section:
        return None
    try:
        return RetryPolicy.of({key: entry.text for key, entry in section.items()}, needs_intervals=True)
    except BadRetryPolicy as error:
        raise SettingsError(f"host.json: retry: {error}") from error


RETRY = SectionKind(_retry)
"""A retry policy; None when there is none."""

HEADERS = SectionKind(_headers)
"""Headers for every response."""

LOG_RULES = SectionKind(_log_rules)
"""Levels by category, keys in lower case, `default` among them."""

ANYTHING = SectionKind(dict)
"""An object that is only looked for."""


def _string(entry: Entry) -> str:
    if not isinstance(entry.value, str):
        raise entry.wrong("It must be a string.")
    return entry.value
