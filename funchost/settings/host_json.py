"""host.json: read, checked for its version, and the sections that are not about durable functions.

Source: azure-functions-host, host.json configuration and ScriptJobHost options.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from funchost.conventions import time_spans
from funchost.settings import lenient_json
from funchost.settings.configuration import Configuration
from funchost.settings.log_levels import LEVEL_NAMES, level_named
from funchost.settings.model import Known, RequestLimits, SettingsError, Watch

FILE_NAME = "host.json"

_VERSION_HELP = "See https://aka.ms/functions-hostjson"
_A_LIST = "{} must be a list of {}."
_THIRTY_MINUTES = 1800.0


def read(script_root: Path) -> dict[str, Any] | None:
    """The object in host.json, or None when there is no file.

    Raises SettingsError when it cannot be read, is no object, or has not version 2.0.
    """
    path = script_root / FILE_NAME
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"Unable to parse host configuration file '{path}'. {error}") from error
    return parse(path, text)


def parse(path: Path, text: str) -> dict[str, Any]:
    """The object in the text of host.json; empty stands for the default file.

    Raises SettingsError as the host refuses it.
    """
    try:
        document = lenient_json.parse(text)
    except json.JSONDecodeError as error:
        raise SettingsError(f"Unable to parse host configuration file '{path}'. {error}") from error
    if not isinstance(document, dict):
        raise SettingsError(
            f"Unable to parse host configuration file '{path}'. "
            'It must hold an object, for example {"version": "2.0"}.'
        )
    if document:
        _check_version(
            next((value for name, value in document.items() if name.casefold() == "version"), None)
        )
    return document


def _check_version(version: Any) -> None:
    if version is None or version == "":
        raise SettingsError(
            f"The host.json file is missing the required 'version' property. {_VERSION_HELP} "
            "for steps to migrate the configuration file."
        )
    if version != "2.0":
        schema = (
            "This does not correspond to the function runtime version, only to the schema version of the "
            "host.json file. "
        )
        raise SettingsError(
            f"'{version}' is an invalid value for host.json 'version' property. "
            f"We recommend you set the 'version' property to '2.0'. "
            f"{schema if str(version).startswith('3') else ''}{_VERSION_HELP} "
            "for more information on this function app configuration file."
        )


def function_timeout(configuration: Configuration) -> Known[float | None]:
    """Seconds a function may run; None is no limit. Local runs have no upper bound.

    Raises SettingsError when it is no time span or shorter than a second.
    """
    entry = configuration.entry("functionTimeout")
    if entry is None:
        return Known(_THIRTY_MINUTES, "default")
    if entry.text.strip() == "-1":
        return Known(None, entry.origin)
    seconds = configuration.seconds("functionTimeout")
    if seconds is None or seconds.value < 1:
        raise entry.wrong(
            f"FunctionTimeout must be greater than 00:00:01 and less than {time_spans.LONGEST_TEXT}. "
            "-1 switches it off."
        )
    return Known(seconds.value, seconds.origin)


def route_prefix(configuration: Configuration) -> Known[str]:
    """The path before every function's route, without slashes at its ends; empty for none."""
    entry = configuration.entry("extensions.http.routePrefix")
    if entry is None:
        return Known("api", "default")
    prefix = entry.text.strip("/")
    if not isinstance(entry.value, str) or re.search(r"[?#\s]|//", prefix):
        raise entry.wrong('It must be a path such as "api" or "v1/api", or "" for none.')
    return Known(prefix, entry.origin)


def custom_headers(configuration: Configuration) -> Mapping[str, str]:
    """Headers for every response. Raises SettingsError for a name or value that HTTP cannot carry."""
    headers = configuration.section("extensions.http.customHeaders")
    for name, entry in headers.items():
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
            raise entry.wrong("Its name is not one of an HTTP header.")
        if re.search(r"[\r\n\0]", entry.text):
            raise entry.wrong("A header's value stands on one line.")
    return {name: entry.text for name, entry in headers.items()}


def request_limits(configuration: Configuration) -> RequestLimits:
    """How many HTTP requests may run and wait; -1 is no limit. Raises SettingsError below that, and for 0."""
    return RequestLimits(
        max_concurrent=_limit(configuration, "extensions.http.maxConcurrentRequests"),
        max_outstanding=_limit(configuration, "extensions.http.maxOutstandingRequests"),
    )


def _limit(configuration: Configuration, key: str) -> int | None:
    allowed = "It must be 1 or more, or -1 for no limit."
    known = configuration.whole_number(key, -1, allowed)
    if known is None or known.value == -1:
        return None
    if known.value == 0 and (entry := configuration.entry(key)):
        raise entry.wrong(allowed)
    return known.value


def functions(configuration: Configuration) -> Known[tuple[str, ...]]:
    """The allow-list of functions; empty is all. Raises SettingsError when it is not a list of names."""
    return _names(configuration, "functions", "function names")


def watched(configuration: Configuration) -> Watch:
    """`watchDirectories` and `watchFiles`. Raises SettingsError when one is not a list of names."""
    return Watch(
        directories=_names(configuration, "watchDirectories", "folders in the app's folder").value,
        files=_names(configuration, "watchFiles", "file names").value,
    )


def _names(configuration: Configuration, key: str, kind: str) -> Known[tuple[str, ...]]:
    allowed = _A_LIST.format(key, kind)
    listed = configuration.section(key, allowed)
    for position, entry in listed.items():
        if not position.isdecimal() or not isinstance(entry.value, str):
            raise entry.wrong(allowed)
    first = next(iter(listed.values()), None)
    return Known(tuple(entry.text for entry in listed.values()), first.origin if first else "default")


def log_level_rules(configuration: Configuration) -> dict[str, int]:
    """`logging.logLevel`: levels by category, keys in lower case, `default` among them."""
    rules: dict[str, int] = {}
    for category, entry in configuration.section("logging.logLevel").items():
        level = level_named(entry.text)
        if level is None:
            raise entry.wrong(f"It must be {LEVEL_NAMES}.")
        rules[category.casefold()] = level
    return rules
