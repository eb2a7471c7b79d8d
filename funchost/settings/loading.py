"""Settings of one run: flag before environment before local.settings.json before host.json before default.

Reads the two files of the app and nothing below them; starts and writes nothing.
"""

import ipaddress
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from funchost.conventions import setting_names
from funchost.settings.app_files import HOST_JSON, LOCAL_SETTINGS, read_host_json, read_local_settings
from funchost.settings.log_levels import LEVELS, LogLevels
from funchost.settings.reading import AppSettings, Configuration, Places, Readings
from funchost.settings.run_settings import (
    Cors,
    Flags,
    HubSettings,
    RequestLimits,
    Settings,
    SettingsError,
    Watch,
)
from funchost.settings.table import DURABLE_TASK, TABLE
from funchost.settings.task_hub_name import task_hub_name

# What lives as long as the host: the socket, the task hub, the watch, the instances.
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


def load(flags: Flags, environment: Mapping[str, str]) -> Settings:
    """Everything a run needs to know.

    Args:
        flags: the command line.
        environment: the environment of this process.

    Raises:
        SettingsError: a flag, an app setting or a file is wrong; nothing has been started.
    """
    script_root = _script_root(flags.script_root)
    local = read_local_settings(script_root)
    document = read_host_json(script_root)
    app_settings = AppSettings(environment, local.values)
    configuration = Configuration(document or {}, app_settings)
    readings = Readings(TABLE, Places(flags, app_settings, local.host, configuration))
    values, origins = readings.values, readings.origins
    _check_reach(values["address"], flags)
    try:
        # The workers ask which functions are disabled; what they could not read is refused before.
        setting_names.disabled_functions(app_settings)
    except setting_names.UnclearDisabling as error:
        raise SettingsError(str(error)) from error
    values["hub.name"], origins["hub.name"] = task_hub_name(
        values["hub.name"], origins["hub.name"], app_settings, values["hub.storage_type"]
    )
    origins["data_dir"] = "default" if flags.data_dir is None else "--data-dir"
    worker_environment, environment_warning = _worker_environment(app_settings, script_root, values["port"])
    warnings = (
        f"{HOST_JSON} is missing; defaults are used." if document is None else None,
        *local.warnings,
        *(_skipped(name) for name in app_settings.skipped),
        environment_warning,
        *readings.warnings,
        _unnoticed(readings.unnoticed),
    )
    return Settings(
        flags=flags,
        script_root=script_root,
        enable_auth=flags.enable_auth,
        watch=Watch(**readings.below("watch")) if flags.watch else None,
        verbose=flags.verbose,
        data_dir=_data_dir(flags, script_root),
        adopt_hub=flags.adopt_hub,
        cors=_cors(flags, readings),
        hub=HubSettings(**readings.below("hub")),
        request_limits=RequestLimits(**readings.below("request_limits")),
        log_levels=_log_levels(values["log_levels.rules"], flags.verbose, values["user_log_level"]),
        environment=worker_environment,
        origins=origins,
        warnings=tuple(warning for warning in warnings if warning),
        **readings.below(""),
    )


def reload(current: Settings, environment: Mapping[str, str]) -> Settings:
    """The settings as the app's files say now, but for those that live as long as the host.

    Those that would have changed are named in a warning. Raises SettingsError when a file is wrong.
    """
    fresh = load(current.flags, environment)
    waiting = [*_changed(fresh, current, _FIXED), *_changed(fresh.hub, current.hub, _FIXED_OF_HUB)]
    kept: dict[str, Any] = {name: getattr(current, name) for name in _FIXED}
    return replace(
        fresh,
        **kept,
        hub=replace(fresh.hub, **{name: getattr(current.hub, name) for name in _FIXED_OF_HUB}),
        environment={**fresh.environment, _HOST_NAME: current.environment[_HOST_NAME]},
        warnings=(
            *fresh.warnings,
            *(f"{name}: the change takes effect when funchost is started again." for name in waiting),
        ),
    )


def _changed(fresh: object, current: object, names: Mapping[str, str]) -> list[str]:
    return [shown for name, shown in names.items() if getattr(fresh, name) != getattr(current, name)]


def _skipped(name: str) -> str:
    return f"Skipping '{name}' from local settings as it's already defined in current environment variables."


def _unnoticed(keys: list[str]) -> str | None:
    named = ", ".join(key.removeprefix(f"{DURABLE_TASK}.") for key in keys)
    if not named:
        return None
    return f"{DURABLE_TASK}: these change what happens on Azure and have no effect here: {named}."


def _script_root(given: Path | None) -> Path:
    root = Path.cwd() if given is None else given
    if not root.exists():
        raise SettingsError(f'"{root}" doesn\'t exist. --script-root must name the folder of an app.')
    if not root.is_dir():
        raise SettingsError(f'"{root}" is not a folder. --script-root must name the folder of an app.')
    if not any((root / name).exists() for name in (HOST_JSON, LOCAL_SETTINGS)):
        raise SettingsError(
            "Unable to find project root. Expecting to find one of host.json, local.settings.json in project "
            f"root. Neither is in {root.resolve()}; name the app's folder with --script-root DIR."
        )
    return root.resolve()


def _data_dir(flags: Flags, script_root: Path) -> Path:
    folder = script_root / ".funchost" if flags.data_dir is None else flags.data_dir.absolute()
    if folder.exists() and not folder.is_dir():
        raise SettingsError(
            f"--data-dir: '{folder}' is not a folder. Give a folder, or the path of a new one."
        )
    return folder


def _check_reach(address: str, flags: Flags) -> None:
    """An address that other machines reach needs keys, or somebody who says that it needs none."""
    if ipaddress.ip_address(address).is_loopback or flags.enable_auth or flags.anyone_may_call:
        return
    raise SettingsError(
        f"--address: other machines reach {address}, and everybody there could run the app and read its "
        "data. Ask for keys with --enable-auth, or say that this is meant with --anyone-may-call."
    )


def _cors(flags: Flags, readings: Readings) -> Cors:
    """Credentials need origins by name."""
    cors = Cors(**readings.below("cors"))
    if flags.cors_credentials:
        cors = replace(cors, credentials=True)
    if cors.credentials and "*" in cors.origins:
        place = "--cors" if flags.cors is not None else f"{LOCAL_SETTINGS}: Host.CORS"
        raise SettingsError(
            f"{place}: '*' cannot be combined with credentials. Name each origin, "
            "for example http://localhost:3000, or leave the credentials out."
        )
    return cors if cors.origins else Cors()


def _worker_environment(
    app_settings: AppSettings, script_root: Path, port: int
) -> tuple[dict[str, str], str | None]:
    """The environment of the worker processes, and a warning when a forced variable was set otherwise.

    FUNCTIONS_CORETOOLS_ENVIRONMENT is set as well: apps ask it whether they run on a developer's machine.
    Source: Azure Functions Core Tools.
    """
    name = "AZURE_FUNCTIONS_ENVIRONMENT"
    given = app_settings.entry(name)
    overruled = given is not None and given.value != "Development"
    environment = {
        "FUNCTIONS_WORKER_RUNTIME": "python",
        **app_settings,
        name: "Development",
        _HOST_NAME: f"localhost:{port}",
        "AzureWebJobsScriptRoot": str(script_root),
        "FUNCTIONS_APPLICATION_DIRECTORY": str(script_root),
        "FUNCTIONS_CORETOOLS_ENVIRONMENT": "true",
        "FUNCTIONS_WORKER_RUNTIME_VERSION": f"{sys.version_info.major}.{sys.version_info.minor}",
    }
    environment["PYTHON_ENABLE_DEBUG_LOGGING"] = environment.get("PYTHON_ENABLE_DEBUG_LOGGING") or "1"
    warning = str(given.wrong("For local runs it is always Development.")) if given and overruled else None
    return environment, warning


def _log_levels(rules: Mapping[str, int], verbose: bool, user_log_level: int | None) -> LogLevels:
    """The flags' levels beat those of host.json; `default` there is for the app's lines and the host's."""
    categories = {category: level for category, level in rules.items() if category != "default"}
    system = rules.get("default", LEVELS["warning"])
    user = rules.get("default", LEVELS["information"])
    if verbose:
        system = min(system, LEVELS["information"])
    if user_log_level is not None:
        user = user_log_level
        categories = {name: level for name, level in categories.items() if not name.startswith("function")}
    return LogLevels(user=user, system=system, categories=categories)
