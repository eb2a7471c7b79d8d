"""Settings: what the flags, the environment, local.settings.json and host.json amount to, read once."""

from funchost.settings.loading import load
from funchost.settings.log_levels import LogLevels
from funchost.settings.model import (
    Cors,
    Dispatch,
    Flags,
    HubSettings,
    RequestLimits,
    Settings,
    SettingsError,
    Watch,
)
from funchost.settings.reloading import reload

__all__ = [
    "Cors",
    "Dispatch",
    "Flags",
    "HubSettings",
    "LogLevels",
    "RequestLimits",
    "Settings",
    "SettingsError",
    "Watch",
    "load",
    "reload",
]
