"""What is printed at start: banner, functions, knobs, and the line that says the host is ready.

The layout of the functions is the real host's, because people and editors read it.
Source: Azure Functions Core Tools, display of functions.
"""

from __future__ import annotations

import ipaddress
import platform
import time
from collections.abc import Sequence
from pathlib import Path

import funchost
from funchost.console.log_lines import colours_wanted, timestamp
from funchost.console.output import standard_output
from funchost.conventions.names import HTTP_TRIGGER
from funchost.settings import Settings
from funchost.worker.invocations import FunctionInfo, SdkFacts

# What the real host gives a worker when the setting is absent.
_THREADS_WHEN_UNSET = 1000


def print_banner(settings: Settings) -> None:
    """Name, version, interpreter and app folder."""
    standard_output().write(
        f"\nfunchost {funchost.__version__} (Python {platform.python_version()})\n{settings.script_root}\n\n"
    )


def print_functions(functions: Sequence[FunctionInfo], settings: Settings) -> None:
    """The functions with their URLs or trigger types, then those that do not run and why."""
    output = standard_output()
    started = f"{timestamp(time.time())} Worker process started and initialized.\n"
    output.write(started + functions_text(functions, settings, colours_wanted(output)))


def print_sdk(sdk: SdkFacts) -> None:
    """Which generation of the durable SDK the app runs on, if it is installed."""
    if sdk.azure_functions_durable:
        protocol = "gRPC" if sdk.requires_grpc else "JSON"
        standard_output().write(f"\nDurable SDK {sdk.azure_functions_durable}, {protocol}\n")


def functions_text(functions: Sequence[FunctionInfo], settings: Settings, colours: bool = False) -> str:
    """HTTP functions first, then the others, each group by name."""
    ordered = sorted(functions, key=lambda each: (each.trigger != HTTP_TRIGGER, each.name.upper()))
    running, notes = [], []
    for function in ordered:
        if function.error:
            notes.append(f"The '{function.name}' function is in error: {function.error}\n")
        elif function.disabled:
            notes.append(f"Function {function.name} is disabled.\n")
        else:
            running.append(f"\t{_function_line(function, settings, colours)}\n\n")
    if not ordered:
        notes.append(
            f"No job functions found. {settings.script_file} must make an app, func.FunctionApp() or "
            "df.DFApp(), and register functions on it.\n"
        )
    listing = "\nFunctions:\n\n" + "".join(running) if running else ""
    hint = "" if settings.verbose else "For detailed output, run funchost with --verbose flag.\n"
    return listing + "".join(notes) + hint


def print_knobs(settings: Settings) -> None:
    """The knobs in force and where each came from."""
    standard_output().write(knobs_text(settings))


def knobs_text(settings: Settings) -> str:
    """A table: how a person sets it, its value, where the value came from."""
    hub = settings.hub
    rows = [
        ("--instances", settings.instances, "instances"),
        ("FUNCTIONS_WORKER_PROCESS_COUNT", settings.process_count, "process_count"),
        ("PYTHON_THREADPOOL_THREAD_COUNT", settings.thread_count or _THREADS_WHEN_UNSET, "thread_count"),
        ("maxConcurrentActivityFunctions", hub.max_activities, "hub.max_activities"),
        ("maxConcurrentOrchestratorFunctions", hub.max_orchestrators, "hub.max_orchestrators"),
        ("--dispatch", settings.dispatch, "dispatch"),
        ("hubName", hub.name, "hub.name"),
        ("--data-dir", settings.data_dir, "data_dir"),
    ]
    if hub.storage_type.casefold() != "azurestorage":
        rows.insert(-1, ("storageProvider.type", f"{hub.storage_type}, here SQLite", "hub.storage_type"))
    name_width = max(len(name) for name, _, _ in rows)
    # The folder may be long; the others line up.
    value_width = max(len(str(value)) for _, value, _ in rows[:-1])
    lines = [
        f"\t{name:<{name_width}}  {value!s:<{value_width}}  {settings.origins[knob]}\n"
        for name, value, knob in rows
    ]
    return "\nKnobs:\n\n" + "".join(lines) + "\n"


def print_keys(path: Path) -> None:
    """Where the keys are that requests need."""
    standard_output().write(
        f"Requests need keys (--enable-auth). They are in {path}, which only you can read.\n"
    )


def print_changes(paths: Sequence[str]) -> None:
    """Which sources have changed, before the app is started again."""
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    standard_output().write(f"\n{timestamp(time.time())} {paths[0]}{more} changed. The app is restarted.\n")


def print_failed_start(reason: str, settings: Settings) -> None:
    """Why the app does not run, when the host waits until somebody has mended it."""
    awaited = "a change of the sources" if settings.watch else "POST /admin/host/restart"
    standard_output().write(
        f"{reason}\nThe app does not run. Waiting for {awaited} - press Ctrl+C to stop.\n"
    )


def print_stopping(grace_seconds: float) -> None:
    """The line that says that the order to stop was heard."""
    standard_output().write(
        f"Stopping: no new work; what runs has {grace_seconds:g} s. Press Ctrl+C again to stop at once.\n"
    )


def print_ready(settings: Settings, seconds: float) -> None:
    """The line that says that requests are answered from now on."""
    standard_output().write(ready_text(settings, seconds))


def ready_text(settings: Settings, seconds: float) -> str:
    """How long the start took, where the host listens, how to stop it."""
    several = f" with {settings.instances} host instances" if settings.instances > 1 else ""
    where = f"http://{_in_url(settings.address)}:{settings.port}"
    return f"Host ready in {seconds:.2f} s{several}. Listening on {where} - press Ctrl+C to stop.\n"


def _function_line(function: FunctionInfo, settings: Settings, colours: bool) -> str:
    name = f"\x1b[33m{function.name}:\x1b[0m" if colours else f"{function.name}:"
    if function.trigger != HTTP_TRIGGER:
        return f"{name} {function.trigger}"
    methods = f"[{','.join(method.upper() for method in function.methods)}]" if function.methods else ""
    prefix = f"{settings.route_prefix}/" if settings.route_prefix else ""
    route = function.route or function.name
    return f"{name} {methods} {_base_url(settings)}/{prefix}{route.lstrip('/')}"


def _base_url(settings: Settings) -> str:
    """As a browser on this machine reaches it; the real host says localhost for loopback too."""
    address = ipaddress.ip_address(settings.address)
    named = "localhost" if address.is_loopback or address.is_unspecified else _in_url(settings.address)
    return f"http://{named}:{settings.port}"


def _in_url(address: str) -> str:
    return f"[{address}]" if ":" in address else address
