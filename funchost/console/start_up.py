"""What is announced at start: banner, functions, knobs, and the line that says the host is ready.

People get it as text, programs as the fields of JSON objects. The layout of the functions is the real host's,
because people and editors read it. Source: Azure Functions Core Tools, display of functions.
"""

from __future__ import annotations

import ipaddress
import logging
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import funchost
from funchost.console.log_lines import announce, colours_wanted, timestamp
from funchost.console.output import flush, standard_output
from funchost.conventions.names import HTTP_TRIGGER
from funchost.settings import Settings
from funchost.worker.invocations import FunctionInfo, SdkFacts

# What the real host gives a worker when the setting is absent.
_THREADS_WHEN_UNSET = 1000
_GENERAL = "Host.General"


def print_banner(settings: Settings) -> None:
    """Name, version, interpreter and app folder."""
    version, python, root = funchost.__version__, platform.python_version(), str(settings.script_root)
    title = f"funchost {version} (Python {python})"
    announce(f"\n{title}\n{root}\n\n", title, version=version, python=python, scriptRoot=root)


def print_functions(functions: Sequence[FunctionInfo], settings: Settings) -> None:
    """The functions with their URLs or trigger types, then those that do not run and why."""
    started = "Worker process started and initialized."
    # Editors wait for this line. With --verbose the worker pool has written it.
    if not logging.getLogger("Host.Worker").isEnabledFor(logging.INFO):
        announce(f"[{timestamp(time.time())}] {started}\n", started)
    text = functions_text(functions, settings, colours_wanted(standard_output()))
    wrong = [each.name for each in functions if each.error]
    message = f"{len(functions)} functions" + (f", in error: {', '.join(wrong)}" if wrong else "")
    described = [_function_fields(each, settings) for each in in_order(functions)]
    announce(text, message, logging.ERROR if wrong else logging.INFO, functions=described)


def print_sdk(sdk: SdkFacts) -> None:
    """Which generation of the durable SDK the app runs on, if it is installed."""
    if sdk.azure_functions_durable:
        version, protocol = sdk.azure_functions_durable, "gRPC" if sdk.requires_grpc else "JSON"
        text = f"Durable SDK {version}, {protocol}"
        announce(f"\n{text}\n", text, durableSdk=version, protocol=protocol)


def in_order(functions: Sequence[FunctionInfo]) -> list[FunctionInfo]:
    """HTTP functions first, then the others, each group by name."""
    return sorted(functions, key=lambda each: (each.trigger != HTTP_TRIGGER, each.name.upper()))


def functions_text(functions: Sequence[FunctionInfo], settings: Settings, colours: bool = False) -> str:
    """The functions as people see them."""
    ordered = in_order(functions)
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
    rows = [{"name": name, "value": value, "origin": origin} for name, value, origin in knobs(settings)]
    announce(knobs_text(settings), "Knobs", knobs=rows)


def knobs(settings: Settings) -> list[tuple[str, str, str]]:
    """How a person sets each knob, its value, where the value came from. The folder comes last."""
    hub = settings.hub
    rows: list[tuple[str, object, str]] = [
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
    return [(name, str(value), settings.origins[knob]) for name, value, knob in rows]


def knobs_text(settings: Settings) -> str:
    """The knobs as people see them."""
    rows = knobs(settings)
    name_width = max(len(name) for name, _, _ in rows)
    # The folder may be long; the others line up.
    value_width = max(len(value) for _, value, _ in rows[:-1])
    lines = [f"\t{name:<{name_width}}  {value:<{value_width}}  {origin}\n" for name, value, origin in rows]
    return "\nKnobs:\n\n" + "".join(lines) + "\n"


def print_keys(path: Path) -> None:
    """Where the keys are that requests need."""
    text = f"Requests need keys (--enable-auth). They are in {path}, which only you can read."
    announce(f"{text}\n", text, keys=str(path))


def print_changes(paths: Sequence[str]) -> None:
    """Which sources have changed, before the app is started again."""
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    text = f"{paths[0]}{more} changed. The app is restarted."
    announce(f"\n[{timestamp(time.time())}] {text}\n", text, category=_GENERAL, changed=list(paths))


def print_failed_start(reason: str, settings: Settings) -> None:
    """Why the app does not run, when the host waits until somebody has mended it."""
    awaited = "a change of the sources" if settings.watch else "POST /admin/host/restart"
    text = f"{reason}\nThe app does not run. Waiting for {awaited} - press Ctrl+C to stop."
    announce(f"{text}\n", reason, logging.ERROR, _GENERAL)


def print_stopping(grace_seconds: float) -> None:
    """The line that says that the order to stop was heard."""
    text = f"Stopping: no new work; what runs has {grace_seconds:g} s."
    announce(f"{text} Press Ctrl+C again to stop at once.\n", text, category=_GENERAL)


def print_end(reason: str) -> None:
    """Why the host ends by itself, on standard error; programs find it among their lines too."""
    announce("", reason, logging.CRITICAL, _GENERAL)
    flush()
    print(reason, file=sys.stderr)


def print_ready(settings: Settings, seconds: float) -> None:
    """The line that says that requests are answered from now on."""
    text = ready_text(settings, seconds)
    url = f"http://{_in_url(settings.address)}:{settings.port}"
    announce(text, text.rstrip(), url=url, seconds=round(seconds, 3), instances=settings.instances)


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
    return f"{name} {methods} {_url(function, settings)}"


def _function_fields(function: FunctionInfo, settings: Settings) -> dict[str, object]:
    fields: dict[str, object] = {"name": function.name, "trigger": function.trigger}
    if function.trigger == HTTP_TRIGGER:
        fields |= {"methods": [each.upper() for each in function.methods], "url": _url(function, settings)}
    if function.error:
        fields["error"] = function.error
    if function.disabled:
        fields["disabled"] = True
    return fields


def _url(function: FunctionInfo, settings: Settings) -> str:
    prefix = f"{settings.route_prefix}/" if settings.route_prefix else ""
    return f"{_base_url(settings)}/{prefix}{(function.route or function.name).lstrip('/')}"


def _base_url(settings: Settings) -> str:
    """As a browser on this machine reaches it; the real host says localhost for loopback too."""
    address = ipaddress.ip_address(settings.address)
    named = "localhost" if address.is_loopback or address.is_unspecified else _in_url(settings.address)
    return f"http://{named}:{settings.port}"


def _in_url(address: str) -> str:
    return f"[{address}]" if ":" in address else address
