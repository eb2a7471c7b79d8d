"""One examination: the app's settings, files and syntax, and its functions as a worker finds them.

The app is loaded once, in a worker process of its own, as a start would; no function is called.
"""

from collections.abc import Mapping, Sequence

from funchost.app_run import worker_settings
from funchost.conventions.names import HTTP_TRIGGER
from funchost.doctor.deployment_checks import (
    check_app_settings,
    check_files,
    check_host_json,
    check_requirements,
)
from funchost.doctor.findings import Finding, Severity, in_order
from funchost.doctor.orchestrator_checks import check_orchestrators
from funchost.doctor.syntax import App
from funchost.settings import Settings
from funchost.settings.app_files import read_host_json, read_local_settings
from funchost.worker.invocations import AppLoadError, FunctionInfo
from funchost.worker.pool import WorkerPool

ANONYMOUS_STARTER = "anonymous-starter"
_CLIENT = "durableClient"


async def examine(settings: Settings) -> list[Finding]:
    """What would differ between this machine and Azure for the app of these settings, the worst first.

    Raises SettingsError when one of its files cannot be read.
    """
    root = settings.script_root
    app = App(root, settings.script_file)
    functions, requires_grpc, load_error = await _load(settings)
    findings = [
        *_unreadable(app),
        *load_error,
        *check_functions(functions, app),
        *check_orchestrators(app),
        *check_requirements(root, app),
        *check_files(root),
        *check_host_json(
            read_host_json(root) or {},
            is_durable=any(_is_durable(function) for function in functions),
            requires_grpc=requires_grpc,
        ),
        *check_app_settings(app, read_local_settings(root).values),
    ]
    return in_order(findings)


def _unreadable(app: App) -> list[Finding]:
    return [
        Finding(Severity.ERROR, "syntax", path, f"It cannot be read as Python: {why}.", "Mend the file.")
        for path, why in app.unreadable.items()
    ]


async def _load(settings: Settings) -> tuple[Sequence[FunctionInfo], bool, list[Finding]]:
    binding: Mapping[str, object] = {}
    pool = WorkerPool(
        worker_settings(settings, {"json1": binding, "grpc2": binding}, "doctor", process_count=1)
    )
    try:
        await pool.start()
    except AppLoadError as error:
        what = f"The app cannot be loaded: {error}."
        mend = "Mend it; funchost start shows the whole traceback."
        return (), False, [Finding(Severity.ERROR, "load", settings.script_file, what, mend)]
    await pool.stop(0)
    return pool.functions, pool.sdk.requires_grpc, []


def check_functions(functions: Sequence[FunctionInfo], app: App) -> list[Finding]:
    """Functions that do not run here, and those that let anybody start an orchestration."""
    findings = []
    for function in functions:
        place = _place(function, app)
        if function.error is not None:
            mend = "It may run on Azure all the same; try it there if it is a binding that funchost lacks."
            findings.append(
                Finding(
                    Severity.WARNING, "not-here", place, f"Function '{function.name}': {function.error}", mend
                )
            )
        elif _is_open_starter(function) and not _is_allowed(function, app):
            findings.append(
                Finding(
                    Severity.WARNING,
                    ANONYMOUS_STARTER,
                    place,
                    f"HTTP function '{function.name}' has a durable client and asks for no key.",
                    "Give it auth_level=func.AuthLevel.FUNCTION, or put an identity provider before the app; "
                    f"`# funchost: allow {ANONYMOUS_STARTER}` on its def line says that it is meant.",
                )
            )
    return findings


def _is_open_starter(function: FunctionInfo) -> bool:
    has_client = any(binding["type"] == _CLIENT for binding in function.bindings)
    return function.trigger == HTTP_TRIGGER and has_client and function.auth_level.casefold() == "anonymous"


def _is_durable(function: FunctionInfo) -> bool:
    types = {binding["type"] for binding in function.bindings}
    return bool(types & {_CLIENT, "orchestrationTrigger", "entityTrigger", "activityTrigger"})


def _place(function: FunctionInfo, app: App) -> str:
    for module in app.modules.values():
        if (node := module.functions.get(function.entry_point)) is not None:
            return module.place(node)
    return function.script_file


def _is_allowed(function: FunctionInfo, app: App) -> bool:
    found = (module for module in app.modules.values() if function.entry_point in module.functions)
    return any(module.allows(module.functions[function.entry_point], ANONYMOUS_STARTER) for module in found)
