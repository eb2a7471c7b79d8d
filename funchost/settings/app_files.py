"""host.json and local.settings.json as they are written: found, parsed, checked for their form.

Both may hold comments, trailing commas and single-quoted strings, as the host's own reader takes them. What
their keys mean is elsewhere.
Source: azure-functions-host, host.json; Azure Functions Core Tools, app settings file.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from funchost.settings.run_settings import SettingsError

HOST_JSON = "host.json"
LOCAL_SETTINGS = "local.settings.json"

_STRING_OR_COMMENT = re.compile(
    r"""(?P<double>"(?:\\.|[^"\\])*")|(?P<single>'(?:\\.|[^'\\])*')|(?P<comment>//[^\n]*|/\*.*?\*/)""",
    re.DOTALL,
)
_STRING_OR_TRAILING_COMMA = re.compile(r"""(?P<double>"(?:\\.|[^"\\])*")|,(?P<end>\s*[}\]])""", re.DOTALL)
# More than anybody writes, and less than what breaks a reader.
_MAX_DEPTH = 100
_TOO_DEEP = f"It is nested more than {_MAX_DEPTH} levels deep."
_FITTING = "Neither it nor its name may hold NUL or half a surrogate pair, nor its name a '='."
_VERSION_HELP = "See https://aka.ms/functions-hostjson"


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """What local.settings.json says; connection strings stand among the values as `ConnectionStrings:<Name>`.

    `host` is the section `Host`, with its names in lower case.
    """

    values: Mapping[str, str]
    host: Mapping[str, Any]
    warnings: tuple[str, ...] = ()


def read_host_json(script_root: Path) -> dict[str, Any] | None:
    """The object in host.json, or None when there is no file; an empty one stands for the default file.

    Raises SettingsError when it cannot be read, is no object, or has not version 2.0.
    """
    path = script_root / HOST_JSON
    failure = f"Unable to parse host configuration file '{path}'."
    document = _read_object(path, failure, '{"version": "2.0"}')
    if document:
        _check_version(next((value for key, value in document.items() if key.casefold() == "version"), None))
    return document


def read_local_settings(script_root: Path) -> LocalSettings:
    """The app's local settings; empty when there is no file.

    Raises SettingsError when the file cannot be read, is encrypted, or a value has the wrong form.
    """
    path = script_root / LOCAL_SETTINGS
    # The real tool warns and goes on without any settings; an app that starts half-configured helps nobody.
    failure = f"Failed to read app settings file at '{path}'. Ensure it is a valid JSON file."
    document = _read_object(path, failure, '{"IsEncrypted": false, "Values": {}}')
    sections = {name.casefold(): value for name, value in (document or {}).items()}
    warnings: list[str] = []
    values = _values(_section(sections, "Values"), warnings)
    values |= _connection_strings(_section(sections, "ConnectionStrings"))
    encrypted = sections.get("isencrypted", True)
    if str(encrypted).casefold() not in ("true", "false"):
        raise _wrong("IsEncrypted", encrypted, "It must be true or false.")
    # The real tool takes a missing IsEncrypted for true, and then plain values do not decrypt.
    if values and str(encrypted).casefold() == "true":
        raise SettingsError(
            "Failed to decrypt settings. Encrypted settings only be edited through 'func settings add'. "
            f'{path} must say "IsEncrypted": false; funchost reads plain values only.'
        )
    host = {name.casefold(): value for name, value in _section(sections, "Host").items()}
    return LocalSettings(values, host, tuple(warnings))


def parse_json(text: str) -> Any:
    """The value of a lenient JSON text. Positions in errors point into the text as written.

    Raises json.JSONDecodeError where even a lenient reader gives up.
    """
    # What is taken out leaves blanks behind.
    plain = _STRING_OR_COMMENT.sub(_plain_json, text.removeprefix("\ufeff"))
    plain = _STRING_OR_TRAILING_COMMA.sub(lambda m: m["double"] or " " + m["end"], plain)
    # strict=False: a line break inside a string is taken as it is.
    return json.loads(plain, strict=False)


def _plain_json(match: re.Match[str]) -> str:
    if match["double"]:
        return match["double"]
    if match["single"]:
        inside = match["single"][1:-1].replace("\\'", "'")
        return '"' + re.sub(r'(\\.)|"', lambda m: m[1] or '\\"', inside) + '"'
    return re.sub(r"[^\n]", " ", match["comment"])


def _read_object(path: Path, failure: str, example: str) -> dict[str, Any] | None:
    try:
        document = parse_json(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise SettingsError(f"{failure} {error}") from error
    except RecursionError:
        raise SettingsError(f"{failure} {_TOO_DEEP}") from None
    if not isinstance(document, dict):
        raise SettingsError(f"{failure} It must hold an object, for example {example}.")
    if _is_deeper_than(_MAX_DEPTH, document):
        raise SettingsError(f"{failure} {_TOO_DEEP}")
    return document


def _is_deeper_than(levels: int, value: Any) -> bool:
    layer = [value]
    for _ in range(levels):
        inner = (each.values() if isinstance(each, dict) else each for each in layer)
        layer = [child for children in inner for child in children if isinstance(child, dict | list)]
        if not layer:
            return False
    return True


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


def _values(section: Mapping[str, Any], warnings: list[str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, value in section.items():
        if not name or value is None:
            warnings.append(
                f"{LOCAL_SETTINGS}: skipping the setting {name!r} of Values: it has no name or no value."
            )
        elif isinstance(value, dict | list):
            raise _wrong(f"Values.{name}", value, "It must be a string, number or boolean.")
        elif not _fits_environment(name, str(value)):
            raise _wrong(f"Values.{name}", value, _FITTING)
        else:
            # The real tool writes booleans the .NET way: true becomes "True".
            values[name] = str(value)
    vaulted = [name for name, value in values.items() if value.startswith("@Microsoft.KeyVault(")]
    if vaulted:
        warnings.append(
            f"{LOCAL_SETTINGS}: Key Vault references are not resolved: {', '.join(vaulted)}. "
            "The app sees them as they are; put plain values for local runs."
        )
    return values


def _fits_environment(name: str, value: str) -> bool:
    """Whether the workers can be given this as an environment variable."""
    try:
        os.fsencode(name + value)
    except UnicodeEncodeError:
        return False
    return "=" not in name and "\0" not in name + value


def _connection_strings(section: Mapping[str, Any]) -> dict[str, str]:
    strings: dict[str, str] = {}
    for name, value in section.items():
        text = value.get("ConnectionString") if isinstance(value, dict) else value
        if not isinstance(text, str):
            allowed = "It must be a string, or an object with ConnectionString and ProviderName."
            raise _wrong(f"ConnectionStrings.{name}", value, allowed)
        if not _fits_environment(name, text):
            raise _wrong(f"ConnectionStrings.{name}", text, _FITTING)
        strings[f"ConnectionStrings:{name}"] = text
    return strings


def _section(sections: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = sections.get(name.casefold())
    if section is not None and not isinstance(section, dict):
        raise _wrong(name, section, "It must be an object.")
    return section or {}


def _wrong(name: str, value: Any, allowed: str) -> SettingsError:
    return SettingsError(f"{LOCAL_SETTINGS}: {name} is {json.dumps(value)}. {allowed}")
