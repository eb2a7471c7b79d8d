"""Settings of one run: flag before environment before local.settings.json before host.json before default.

Reads the two files of the app and nothing below them; starts and writes nothing.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from funchost.settings import host_json, local_settings, network, worker_settings
from funchost.settings.app_settings import AppSettings
from funchost.settings.configuration import Configuration
from funchost.settings.durable_task import only_on_azure, read_hub
from funchost.settings.log_levels import LEVEL_NAMES, LEVELS, LogLevels, level_named
from funchost.settings.model import Flags, Known, Origins, Settings, SettingsError

T = TypeVar("T")

_MOST_INSTANCES = 64


def load(flags: Flags, environment: Mapping[str, str]) -> Settings:
    """Everything a run needs to know.

    Args:
        flags: the command line.
        environment: the environment of this process.

    Raises:
        SettingsError: a flag, an app setting or a file is wrong; nothing has been started.
    """
    script_root = _script_root(flags.script_root)
    local = local_settings.read(script_root)
    document = host_json.read(script_root)
    app_settings = AppSettings(environment, local.values)
    configuration = Configuration(document or {}, app_settings)
    worker_settings.check_runtime(app_settings)
    cores = usable_cores()

    origins = Origins()
    note = origins.note

    port = note("port", network.port(flags, local))
    threads, threads_warning = worker_settings.thread_count(app_settings, cores)
    worker_environment, environment_warning = worker_settings.worker_environment(
        app_settings, script_root, port
    )
    user_log_level = _user_log_level(flags, app_settings)
    warnings = (
        f"{host_json.FILE_NAME} is missing; defaults are used." if document is None else None,
        *local.warnings,
        *(_skipped(name) for name in app_settings.skipped),
        environment_warning,
        threads_warning,
        only_on_azure(configuration),
    )
    return Settings(
        flags=flags,
        script_root=script_root,
        script_file=note("script_file", worker_settings.script_file(app_settings)),
        address=note("address", network.address(flags, local)),
        port=port,
        enable_auth=flags.enable_auth,
        watch=host_json.watched(configuration) if flags.watch else None,
        functions=note("functions", _functions(flags, configuration)),
        disabled_functions=worker_settings.disabled_functions(app_settings),
        verbose=flags.verbose,
        user_log_level=note("user_log_level", user_log_level),
        instances=note("instances", _instances(flags)),
        dispatch=note("dispatch", _flag(flags.dispatch, "--dispatch", "least-busy")),
        data_dir=note("data_dir", _data_dir(flags, script_root)),
        route_prefix=note("route_prefix", host_json.route_prefix(configuration)),
        custom_headers=host_json.custom_headers(configuration),
        cors=note("cors", network.cors(flags, local)),
        process_count=note("process_count", worker_settings.process_count(app_settings)),
        thread_count=note("thread_count", threads),
        hub=read_hub(configuration, app_settings, cores, origins),
        request_limit_bytes=note("request_limit_bytes", worker_settings.request_limit_bytes(app_settings)),
        request_limits=host_json.request_limits(configuration),
        function_timeout_seconds=note("function_timeout_seconds", host_json.function_timeout(configuration)),
        time_zone=worker_settings.time_zone(app_settings),
        log_levels=_log_levels(host_json.log_level_rules(configuration), flags.verbose, user_log_level.value),
        environment=worker_environment,
        origins=origins,
        warnings=tuple(warning for warning in warnings if warning),
    )


def usable_cores() -> int:
    """The processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _skipped(name: str) -> str:
    return f"Skipping '{name}' from local settings as it's already defined in current environment variables."


def _script_root(given: Path | None) -> Path:
    root = Path.cwd() if given is None else given
    if not root.exists():
        raise SettingsError(f'"{root}" doesn\'t exist. --script-root must name the folder of an app.')
    if not root.is_dir():
        raise SettingsError(f'"{root}" is not a folder. --script-root must name the folder of an app.')
    if not any((root / name).exists() for name in (host_json.FILE_NAME, local_settings.FILE_NAME)):
        raise SettingsError(
            "Unable to find project root. Expecting to find one of host.json, local.settings.json in project "
            f"root. Neither is in {root.resolve()}; name the app's folder with --script-root DIR."
        )
    return root.resolve()


def _data_dir(flags: Flags, script_root: Path) -> Known[Path]:
    if flags.data_dir is None:
        known = Known(script_root / ".funchost", "default")
    else:
        known = Known(flags.data_dir.absolute(), "--data-dir")
    if known.value.exists() and not known.value.is_dir():
        raise SettingsError(
            f"--data-dir: '{known.value}' is not a folder. Give a folder, or the path of a new one."
        )
    return known


def _functions(flags: Flags, configuration: Configuration) -> Known[tuple[str, ...]]:
    listed = host_json.functions(configuration)
    return Known(flags.functions, "--functions") if flags.functions else listed


def _instances(flags: Flags) -> Known[int]:
    known = _flag(flags.instances, "--instances", 1)
    if not 1 <= known.value <= _MOST_INSTANCES:
        raise SettingsError(f"--instances: {known.value} is not allowed. Give 1 to {_MOST_INSTANCES}.")
    return known


def _flag(value: T | None, name: str, default: T) -> Known[T]:
    return Known(default, "default") if value is None else Known(value, name)


def _user_log_level(flags: Flags, app_settings: AppSettings) -> Known[int | None]:
    name = "FUNCTIONS_USER_LOG_LEVEL"
    known = (
        Known(flags.user_log_level, "--user-log-level")
        if flags.user_log_level is not None
        else app_settings.known(name)
    )
    if known is None:
        return Known(None, "default")
    level = level_named(known.value)
    if level is None:
        shown = known.origin if known.origin.startswith("--") else f"{name} ({known.origin})"
        raise SettingsError(f"{shown}: '{known.value}' is not a log level. Give {LEVEL_NAMES}.")
    return Known(level, known.origin)


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
