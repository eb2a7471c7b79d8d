"""Settings read again while the host runs: what may change then, and what waits for the next start.

The socket, the task hub, the watch and the number of instances live as long as the host; everything else is
new with each restart of the app.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from funchost.settings.loading import load
from funchost.settings.model import Settings

_FIXED = ("address", "port", "data_dir", "instances", "watch")
# Has the port in it.
_HOST_NAME = "WEBSITE_HOSTNAME"
_FIXED_OF_HUB = ("name", "default_version", "overridable_states", "power_loss_safe")


def reload(current: Settings, environment: Mapping[str, str]) -> Settings:
    """The settings as the app's files say now, but for those that live as long as the host.

    Those that would have changed are named in a warning. Raises SettingsError when a file is wrong.
    """
    fresh = load(current.flags, environment)
    changed = [name for name in _FIXED if getattr(fresh, name) != getattr(current, name)]
    changed_of_hub = [
        name for name in _FIXED_OF_HUB if getattr(fresh.hub, name) != getattr(current.hub, name)
    ]
    waiting = tuple(_waits(name, getattr(fresh, name)) for name in changed) + tuple(
        _waits(f"task hub {name}", getattr(fresh.hub, name)) for name in changed_of_hub
    )
    hub = replace(fresh.hub, **{name: getattr(current.hub, name) for name in _FIXED_OF_HUB})
    kept = {name: getattr(current, name) for name in _FIXED}
    environment = {**fresh.environment, _HOST_NAME: current.environment[_HOST_NAME]}
    return replace(fresh, **kept, hub=hub, environment=environment, warnings=(*fresh.warnings, *waiting))


def _waits(name: str, value: object) -> str:
    return f"{name.replace('_', ' ')}: {value} takes effect when funchost is started again."
