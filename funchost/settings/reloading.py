"""Settings read again while the host runs: what may change then, and what waits for the next start.

The socket, the task hub, the watch and the number of instances live as long as the host; everything else is
new with each restart of the app.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from funchost.settings.loading import load
from funchost.settings.model import Settings

_FIXED = {
    "address": "address",
    "port": "port",
    "data_dir": "data folder",
    "instances": "instances",
    "watch": "watchDirectories and watchFiles",
}
_FIXED_OF_HUB = {
    "name": "hubName",
    "default_version": "defaultVersion",
    "overridable_states": "overridableExistingInstanceStates",
    "power_loss_safe": "FUNCHOST_POWER_LOSS_SAFE",
}
# Has the port in it.
_HOST_NAME = "WEBSITE_HOSTNAME"


def reload(current: Settings, environment: Mapping[str, str]) -> Settings:
    """The settings as the app's files say now, but for those that live as long as the host.

    Those that would have changed are named in a warning. Raises SettingsError when a file is wrong.
    """
    fresh = load(current.flags, environment)
    waiting = [*_changed(fresh, current, _FIXED), *_changed(fresh.hub, current.hub, _FIXED_OF_HUB)]
    hub = replace(fresh.hub, **{name: getattr(current.hub, name) for name in _FIXED_OF_HUB})
    kept = {name: getattr(current, name) for name in _FIXED}
    return replace(
        fresh,
        **kept,
        hub=hub,
        environment={**fresh.environment, _HOST_NAME: current.environment[_HOST_NAME]},
        warnings=(*fresh.warnings, *map(_waits, waiting)),
    )


def _changed(fresh: object, current: object, names: Mapping[str, str]) -> list[str]:
    return [shown for name, shown in names.items() if getattr(fresh, name) != getattr(current, name)]


def _waits(name: str) -> str:
    return f"{name}: the change takes effect when funchost is started again."
