"""local.settings.json: app settings, connection strings and the address for local runs.

Reads the file and nothing else; what the environment does to its Values is in app_settings.
Source: Azure Functions Core Tools, app settings file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from funchost.settings import lenient_json
from funchost.settings.model import SettingsError

FILE_NAME = "local.settings.json"


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """What the file says. Connection strings stand among the values as `ConnectionStrings:<Name>`."""

    values: Mapping[str, str]
    http_port: int | None = None
    http_address: str | None = None
    cors: str | None = None
    cors_credentials: bool = False
    warnings: tuple[str, ...] = ()


def read(script_root: Path) -> LocalSettings:
    """The app's local settings; empty when there is no file.

    Raises SettingsError when the file cannot be read or is not what it must be.
    """
    path = script_root / FILE_NAME
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return LocalSettings({})
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, str(error)) from error
    return parse(path, text)


def parse(path: Path, text: str) -> LocalSettings:
    """The settings in the text of the file at `path` (the path is for messages).

    Raises SettingsError when the text is not JSON, is encrypted, or a value has the wrong form.
    """
    try:
        document = lenient_json.parse(text)
    except json.JSONDecodeError as error:
        raise _unreadable(path, str(error)) from error
    if not isinstance(document, dict):
        raise _unreadable(path, "The file must hold an object, for example "
                          '{"IsEncrypted": false, "Values": {}}.')  # fmt: skip
    sections = {str(name).casefold(): value for name, value in document.items()}
    values, warnings = _values(path, _section(path, sections, "Values"))
    values |= _connection_strings(path, _section(path, sections, "ConnectionStrings"))
    # The real tool takes a missing IsEncrypted for true, and then plain values do not decrypt.
    if values and _truth(path, "IsEncrypted", sections.get("isencrypted", True)):
        raise SettingsError(
            "Failed to decrypt settings. Encrypted settings only be edited through 'func settings add'. "
            f'{path} must say "IsEncrypted": false; funchost reads plain values only.'
        )
    host = {name.casefold(): value for name, value in _section(path, sections, "Host").items()}
    return LocalSettings(
        values=values,
        http_port=_port(path, host.get("localhttpport")),
        http_address=_text(path, "Host.LocalHttpAddress", host.get("localhttpaddress")),
        cors=_text(path, "Host.CORS", host.get("cors")),
        cors_credentials=_truth(path, "Host.CORSCredentials", host.get("corscredentials", False)),
        warnings=tuple(warnings),
    )


def _values(path: Path, section: Mapping[str, Any]) -> tuple[dict[str, str], list[str]]:
    values: dict[str, str] = {}
    warnings: list[str] = []
    for name, value in section.items():
        if not name or value is None:
            warnings.append(
                f"{FILE_NAME}: skipping the setting {name!r} of Values: it has no name or no value."
            )
            continue
        if isinstance(value, dict | list):
            raise _unreadable(
                path, f"Values.{name} is {json.dumps(value)}. It must be a string, number or boolean."
            )
        # The real tool writes booleans the .NET way: true becomes "True".
        values[name] = str(value)
    vaulted = [name for name, value in values.items() if value.startswith("@Microsoft.KeyVault(")]
    if vaulted:
        warnings.append(
            f"{FILE_NAME}: Key Vault references are not resolved: {', '.join(vaulted)}. "
            "The app sees them as they are; put plain values for local runs."
        )
    return values, warnings


def _connection_strings(path: Path, section: Mapping[str, Any]) -> dict[str, str]:
    strings: dict[str, str] = {}
    for name, value in section.items():
        text = value.get("ConnectionString") if isinstance(value, dict) else value
        if not isinstance(text, str):
            raise _unreadable(
                path,
                f"ConnectionStrings.{name} is {json.dumps(value)}. It must be a string, or an object with "
                "ConnectionString and ProviderName.",
            )
        strings[f"ConnectionStrings:{name}"] = text
    return strings


def _section(path: Path, sections: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = sections.get(name.casefold())
    if section is None:
        return {}
    if not isinstance(section, dict):
        raise _unreadable(path, f"{name} is {json.dumps(section)}. It must be an object.")
    return section


def _truth(path: Path, name: str, value: Any) -> bool:
    truth = {"true": True, "false": False}.get(str(value).casefold())
    if truth is None:
        raise _unreadable(path, f"{name} is {json.dumps(value)}. It must be true or false.")
    return truth


def _text(path: Path, name: str, value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise _unreadable(path, f"{name} is {json.dumps(value)}. It must be a string.")
    return value or None


def _port(path: Path, value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not str(value).strip().isdecimal() or not 0 < int(value) < 65536:
        raise _unreadable(
            path, f"Host.LocalHttpPort is {json.dumps(value)}. It must be a port from 1 to 65535."
        )
    return int(value)


def _unreadable(path: Path, detail: str) -> SettingsError:
    # The real tool warns and goes on without any settings; an app that starts half-configured helps nobody.
    return SettingsError(
        f"Failed to read app settings file at '{path}'. Ensure it is a valid JSON file. {detail}"
    )
