"""The name of the task hub: given in host.json, taken from the site's name, or the default.

Source: Durable Functions extension, hub name validation and default.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from funchost.conventions.setting_names import value_of
from funchost.settings.model import Known, SettingsError

# The message says 45; names up to 50 pass all the same.
_ALLOWED = re.compile(r"[A-Za-z][A-Za-z0-9]{2,49}")
_SHORTEST = 3
_LONGEST = 45


def task_hub_name(given: Known[str] | None, app_settings: Mapping[str, str]) -> Known[str]:
    """The hub's name. A given name must be right; a default one is made right.

    `%NAME%` as the whole string stands for an app setting, and so does the bare name of one.
    Raises SettingsError for a name that no task hub may have.
    """
    if given is None or not given.value.strip():
        site = app_settings.get("WEBSITE_SITE_NAME")
        origin = "app setting WEBSITE_SITE_NAME" if site else "default"
        return Known(sanitized(site or "TestHubName"), origin)
    name = _resolved(given.value, app_settings)
    if not _ALLOWED.fullmatch(name):
        raise SettingsError(_refusal(name, given))
    return Known(name, given.origin)


def sanitized(name: str) -> str:
    """A default name made fit: odd characters dropped, a letter first, 3 to 45 characters."""
    kept = re.sub(r"[^A-Za-z0-9]", "", name)
    if not kept:
        return "DefaultTaskHub"
    if kept[0].isdigit():
        kept = "t" + kept
    kept = kept[:_LONGEST]
    return kept if len(kept) >= _SHORTEST else kept + "Hub"


def _resolved(name: str, app_settings: Mapping[str, str]) -> str:
    placeholder = re.fullmatch(r"%([^%]*)%", name)
    return value_of(placeholder[1] if placeholder else name, app_settings) or name


def _refusal(name: str, given: Known[str]) -> str:
    text = (
        f"Task hub name '{name}' should contain only alphanumeric characters, start with a letter, and have "
        f"length between {_SHORTEST} and {_LONGEST}."
    )
    if name == given.value and "%" in name:
        return f"{text} {given.origin} names an app setting that is not set."
    return f"{text} It comes from {given.origin}."
