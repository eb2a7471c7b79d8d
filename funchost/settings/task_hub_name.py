"""The name of the task hub: given in host.json, taken from the site's name, or the default.

Source: Durable Functions extension, hub name validation and default.
"""

import re
from collections.abc import Mapping

from funchost.conventions.setting_names import value_of
from funchost.settings.run_settings import SettingsError

# The message says 45; names up to 50 pass all the same.
_ALLOWED_IN_AZURE_STORAGE = re.compile(r"[A-Za-z][A-Za-z0-9]{2,49}")
# Other stores name no table or queue after the hub. Here it names a file.
_ALLOWED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SHORTEST = 3
_LONGEST = 45


def task_hub_name(
    given: str, origin: str, app_settings: Mapping[str, str], storage_type: str
) -> tuple[str, str]:
    """The hub's name and its origin. A given name must be right; a default one is made right.

    `%NAME%` as the whole string stands for an app setting, and so does the bare name of one.
    `storage_type` is the store on Azure, as in host.json. Raises SettingsError for a name that no task hub of
    this store may have.
    """
    if not given.strip():
        site = app_settings.get("WEBSITE_SITE_NAME")
        return sanitized(site or "TestHubName"), "app setting WEBSITE_SITE_NAME" if site else "default"
    placeholder = re.fullmatch(r"%([^%]*)%", given)
    name = value_of(placeholder[1] if placeholder else given, app_settings) or given
    in_azure_storage = storage_type.casefold() == "azurestorage"
    if not (_ALLOWED_IN_AZURE_STORAGE if in_azure_storage else _ALLOWED).fullmatch(name):
        allowed = (
            "should contain only alphanumeric characters, start with a letter, and have length between "
            f"{_SHORTEST} and {_LONGEST}."
            if in_azure_storage
            else "must have 1 to 100 letters, digits, '-', '_' and '.', and start with a letter or digit."
        )
        cause = (
            f"{origin} names an app setting that is not set. Set it in the Values of local.settings.json."
            if name == given and "%" in name
            else f"It comes from {origin}."
        )
        raise SettingsError(f"Task hub name '{name}' {allowed} {cause}")
    return name, origin


def sanitized(name: str) -> str:
    """A default name made fit: odd characters dropped, a letter first, 3 to 45 characters."""
    kept = re.sub(r"[^A-Za-z0-9]", "", name)
    if not kept:
        return "DefaultTaskHub"
    if kept[0].isdigit():
        kept = "t" + kept
    kept = kept[:_LONGEST]
    return kept if len(kept) >= _SHORTEST else kept + "Hub"
