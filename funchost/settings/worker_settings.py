"""App settings that shape the worker processes: how many, how many threads, which script, which environment.

Source: azure-functions-host worker process count and concurrency, azure-functions-python-worker thread
pool, Azure Functions Core Tools environment.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

from funchost.conventions import setting_names
from funchost.settings.app_settings import AppSettings
from funchost.settings.model import Known, SettingsError

_MOST_PROCESSES = 10


def process_count(app_settings: AppSettings) -> Known[int]:
    """Worker processes of each host instance; less than 1 is 1.

    Raises SettingsError above 10 or when it is no integer: the host does not clamp, it does not start.
    """
    name = "FUNCTIONS_WORKER_PROCESS_COUNT"
    known = app_settings.known(name)
    if known is None:
        return Known(1, "default")
    count = _integer(known.value)
    if count is None or count > _MOST_PROCESSES:
        raise SettingsError(
            f"{name} is '{known.value}' ({known.origin}). "
            f"It must be a whole number from 1 to {_MOST_PROCESSES}."
        )
    return Known(max(count, 1), known.origin)


def thread_count(app_settings: AppSettings, cores: int) -> tuple[Known[int | None], str | None]:
    """Threads for synchronous functions in each process, and a warning when the setting is invalid.

    None is "not set", for which the host sets 1000. An invalid value means CPython's default.
    """
    name = "PYTHON_THREADPOOL_THREAD_COUNT"
    known = app_settings.known(name)
    if known is None:
        return Known(None, "default"), None
    count = _integer(known.value)
    if count is not None and count >= 1:
        return Known(count, known.origin), None
    fallback = min(32, cores + 4)
    return Known(fallback, f"default, {name} is invalid"), (
        f"{name} is '{known.value}' ({known.origin}). It must be a whole number of 1 or more; "
        f"{fallback} threads are used, the default of Python's thread pool."
    )


def script_file(app_settings: AppSettings) -> Known[str]:
    """The app's main file. Raises SettingsError unless it is one plain file name ending in .py."""
    name = "PYTHON_SCRIPT_FILE_NAME"
    known = app_settings.known(name)
    if known is None:
        return Known("function_app.py", "default")
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]*\.py", known.value):
        raise SettingsError(
            f"Invalid file name: {known.value}. {name} ({known.origin}) must be one file name of letters, "
            "digits, _ and - that ends in .py, for example function_app.py."
        )
    return known


def request_limit_bytes(app_settings: AppSettings) -> Known[int]:
    """The largest request body. Raises SettingsError unless it is a positive integer."""
    name = "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"
    known = app_settings.known(name)
    if known is None:
        return Known(100 * 1024 * 1024, "default")
    size = _integer(known.value)
    if size is None or size < 1:
        raise SettingsError(
            f"{name} is '{known.value}' ({known.origin}). It must be a number of bytes, 1 or more."
        )
    return Known(size, known.origin)


def time_zone(app_settings: AppSettings) -> str | None:
    """The name of the time zone that timers are due by; None for that of the machine."""
    return app_settings.get("WEBSITE_TIME_ZONE") or app_settings.get("TZ") or None


def check_runtime(app_settings: AppSettings) -> None:
    """Raises SettingsError when the app says that it is written in another language."""
    name = "FUNCTIONS_WORKER_RUNTIME"
    known = app_settings.known(name)
    if known and known.value.casefold() != "python":
        raise SettingsError(
            f"{name} is '{known.value}' ({known.origin}). funchost runs Python apps: it must be python."
        )


def disabled_functions(app_settings: Mapping[str, str]) -> frozenset[str]:
    """The functions that app settings switch off, names in lower case.

    Raises SettingsError when a value is neither true nor false.
    """
    try:
        return setting_names.disabled_functions(app_settings)
    except setting_names.UnclearDisabling as error:
        raise SettingsError(str(error)) from error


def worker_environment(
    app_settings: AppSettings, script_root: Path, port: int
) -> tuple[dict[str, str], str | None]:
    """The environment of the worker processes, and a warning when a forced variable was set otherwise.

    FUNCTIONS_CORETOOLS_ENVIRONMENT is set as well: apps ask it whether they run on a developer's machine.
    """
    name = "AZURE_FUNCTIONS_ENVIRONMENT"
    known = app_settings.known(name)
    warning = None
    if known and known.value != "Development":
        warning = f"{name} is '{known.value}' ({known.origin}). For local runs it is always Development."
    environment = {
        "FUNCTIONS_WORKER_RUNTIME": "python",
        **app_settings,
        name: "Development",
        "WEBSITE_HOSTNAME": f"localhost:{port}",
        "AzureWebJobsScriptRoot": str(script_root),
        "FUNCTIONS_APPLICATION_DIRECTORY": str(script_root),
        "FUNCTIONS_CORETOOLS_ENVIRONMENT": "true",
        "FUNCTIONS_WORKER_RUNTIME_VERSION": f"{sys.version_info.major}.{sys.version_info.minor}",
    }
    environment["PYTHON_ENABLE_DEBUG_LOGGING"] = environment.get("PYTHON_ENABLE_DEBUG_LOGGING") or "1"
    return environment, warning


def _integer(text: str) -> int | None:
    return int(text) if re.fullmatch(r"\s*[+-]?[0-9]+\s*", text) else None
