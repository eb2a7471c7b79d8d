"""Settings: what the flags, the environment, local.settings.json and host.json amount to, read once."""

from funchost.settings.loading import load, reload
from funchost.settings.log_levels import LogLevels
from funchost.settings.run_settings import (
    Cors,
    Dispatch,
    Flags,
    HubSettings,
    RequestLimits,
    Settings,
    SettingsError,
    Watch,
)

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
