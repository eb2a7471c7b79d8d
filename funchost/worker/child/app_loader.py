"""From the app's folder to functions that can be called and that the host can route to.

What may be loaded is decided in `signatures` and `host_rules`. Source: Azure Functions Python worker, loader.
"""

import importlib
import inspect
import json
import re
import site
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints

from azure.functions import Function, FunctionRegister

from funchost.conventions import names, setting_names
from funchost.conventions.retry_policies import BadRetryPolicy, RetryPolicy
from funchost.worker.child import host_rules, http_extension, missing_extensions
from funchost.worker.child.error_report import is_of_app
from funchost.worker.child.load_blame import FunctionToBlame, hint
from funchost.worker.child.loaded_function import LoadedFunction
from funchost.worker.child.signatures import HTTP, check_signature, converter_for, is_sdk_type
from funchost.worker.invocations import ClientForm, FunctionInfo

_SCRIPT_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*\.py")
_TROUBLESHOOTING = "https://aka.ms/functions-modulenotfound"
_DURABLE_NAME_KEYS = {
    names.ACTIVITY_TRIGGER: "activity",
    names.ORCHESTRATION_TRIGGER: "orchestration",
    names.ENTITY_TRIGGER: "entityName",
}


class InvalidFileNameError(Exception):
    """The script name is not that of a Python file in the app's folder."""

    def __init__(self, script_file: str) -> None:
        super().__init__(f"Invalid file name: {script_file}")


class AppNotFoundError(Exception):
    """There is no app in the folder."""

    def __init__(self, script_root: Path, script_file: str) -> None:
        super().__init__(
            f"{script_root}: there is no {script_file} in this folder. Give the folder of an app in the "
            "Python v2 programming model with --script-root, or its script with PYTHON_SCRIPT_FILE_NAME."
        )


def import_app(script_root: Path, script_file: str) -> Sequence[Function]:
    """Import the app and return its functions in the order they were declared.

    Args:
        script_root: the app's folder; it is made importable.
        script_file: the file in it that builds the app object.

    Raises:
        InvalidFileNameError, AppNotFoundError: there is nothing to import.
        ImportError: with the advice of the original behind the module's name.
        ValueError: no app object, more than one, or a function without a unique name or a trigger.
        Exception: whatever the app raised while it was imported.
    """
    if not _SCRIPT_NAME.fullmatch(script_file):
        raise InvalidFileNameError(script_file)
    if not (script_root / script_file).is_file():
        raise AppNotFoundError(script_root, script_file)
    _make_importable(str(script_root))
    try:
        module = _import(script_root, Path(script_file).stem)
        # Once only: a second call takes every name for a duplicate.
        functions: Sequence[Function] = find_app(module, script_file).get_functions()
    except ImportError as error:
        raise _with_advice(error) from error.__cause__
    return functions


def _import(script_root: Path, name: str) -> ModuleType:
    """Import the app's module; once more, from the start, if stand-ins can take the place of what misses."""
    before = set(sys.modules)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if not missing_extensions.stand_in_for(error):
            raise
    for added in set(sys.modules) - before:
        if is_of_app(getattr(sys.modules[added], "__file__", None) or "", script_root):
            del sys.modules[added]
    return importlib.import_module(name)


def find_app(module: ModuleType, script_file: str) -> FunctionRegister:
    """The one app object among the module's names.

    Raises:
        ValueError: there is none, or more than one name for one.
    Source: Azure Functions Python worker, loader.
    """
    values = (getattr(module, name, None) for name in module.__dir__())
    found = [value for value in values if isinstance(value, FunctionRegister)]
    if not found:
        raise ValueError(f"Could not find top level function app instances in {script_file}.")
    if len(found) > 1:
        raise ValueError(
            f"More than one {type(found[0]).__name__} or other top level function app instances are defined."
        )
    return found[0]


def load_functions(
    declared: Sequence[Any],
    client_binding: Mapping[ClientForm, Mapping[str, Any]],
    app_settings: Mapping[str, str],
) -> list[LoadedFunction]:
    """The app's functions, ready to be called; those that must not run carry their error.

    Args:
        declared: what the app object gave.
        client_binding: what durable clients receive, for each generation of the SDK.
        app_settings: what `%NAME%` in bindings stands for, and which functions are disabled.

    Raises:
        FunctionToBlame: one of them cannot be loaded, and so the app cannot. Its cause is FunctionLoadError
            when a signature does not fit its bindings.
    """
    loaded = [_load_or_blame(function, client_binding, app_settings) for function in declared]
    infos = host_rules.checked([function.info for function in loaded])
    return [
        replace(function, info=info, refusal=_refusal(info))
        for function, info in zip(loaded, infos, strict=True)
    ]


def _make_importable(folder: str) -> None:
    """Put the app's folder behind what is installed, which the app must not shadow.

    The real worker puts it at the very end. Here it stands before the folders of editable installs: a
    project that is under development, such as funchost itself, has modules that would hide the app's.
    """
    if folder in sys.path:
        return
    installed = {*site.getsitepackages(), site.getusersitepackages()}
    ends = [position + 1 for position, entry in enumerate(sys.path) if entry in installed]
    sys.path.insert(max(ends, default=len(sys.path)), folder)


def _with_advice(error: ImportError) -> ImportError:
    advice = (
        "Cannot find module. Please check the requirements.txt file for the missing module. For more info, "
        f"please refer the troubleshooting guide: {_TROUBLESHOOTING}. Current sys.path: {' '.join(sys.path)}"
    )
    text = (error.msg or str(error)).rstrip(".")
    advised = type(error)(f"{text}. {advice}").with_traceback(error.__traceback__)
    advised.name = error.name
    return advised


def _load_or_blame(
    function: Any, client_binding: Mapping[ClientForm, Mapping[str, Any]], app_settings: Mapping[str, str]
) -> LoadedFunction:
    try:
        return _load(function, client_binding, app_settings)
    except Exception as error:
        raise FunctionToBlame(function.get_function_name(), hint(function)) from error


def _load(
    function: Any, client_binding: Mapping[ClientForm, Mapping[str, Any]], app_settings: Mapping[str, str]
) -> LoadedFunction:
    call = function.get_user_function()
    name = function.get_function_name()
    signature = check_signature(name, call, function.get_bindings())
    trigger_name = function.get_trigger().name
    is_streamed = signature.inputs[trigger_name] == names.HTTP_TRIGGER and http_extension.is_imported()
    info = replace(_info(function, app_settings), is_streamed=is_streamed)
    clients = [binding for binding in info.bindings if binding["type"] == "durableClient"]
    returns = signature.returns
    http_output = next((name for name, type in signature.outputs.items() if type == HTTP), None)
    return LoadedFunction(
        info=info,
        call=call,
        directory=str(Path(inspect.getfile(call)).parent),
        trigger_name=trigger_name,
        trigger=converter_for(signature.inputs[trigger_name]),
        constants={each["name"]: host_rules.client_text(client_binding, each) for each in clients},
        outputs=tuple(signature.outputs),
        wants_context=signature.wants_context,
        returns=returns,
        result_converter=converter_for(HTTP if returns is None else returns.binding_type),
        http_output=http_output,
        refusal=None,
    )


def _refusal(info: FunctionInfo) -> str | None:
    # Where only the trigger is missing, POST /admin/functions can still run the function by hand.
    return None if host_rules.unknown_bindings(info) == [info.trigger] else info.error


def _info(function: Any, app_settings: Mapping[str, str]) -> FunctionInfo:
    error = _real_host_type(function)
    bindings: list[dict[str, Any]] = [json.loads(text) for text in function.get_raw_bindings()]
    retry = None
    try:
        retry = _retry_policy(function)
        bindings = [setting_names.expand_binding(binding, app_settings) for binding in bindings]
    except (setting_names.UnresolvedExpression, BadRetryPolicy) as unusable:
        error = str(unusable)
    name = function.get_function_name()
    trigger_name = function.get_trigger().name
    trigger = next(binding for binding in bindings if binding["name"] == trigger_name)
    return FunctionInfo(
        name=name,
        trigger=trigger["type"],
        bindings=tuple(bindings),
        durable_name=trigger.get(_DURABLE_NAME_KEYS.get(trigger["type"], ""), name),
        route=trigger.get("route"),
        methods=tuple(trigger.get("methods", ())),
        auth_level=trigger.get("authLevel", ""),
        is_async=inspect.iscoroutinefunction(function.get_user_function()),
        script_file=function.function_script_file,
        entry_point=name,
        disabled=name.lower() in setting_names.disabled_functions(app_settings),
        error=error,
        retry=retry,
    )


def _retry_policy(function: Any) -> RetryPolicy | None:
    """The policy of `@app.retry`, if any. Raises BadRetryPolicy."""
    settings = function.get_settings_dict("retry_policy")
    if not settings:
        return None
    # The decorator's names are those of host.json in snake case.
    given = {name.replace("_", ""): value for name, value in settings.items()}
    try:
        return RetryPolicy.of(given, needs_intervals=False)
    except BadRetryPolicy as error:
        raise BadRetryPolicy(f"@app.retry: {error}") from error


def _real_host_type(function: Any) -> str | None:
    """Why a function with rich types of the extension packages cannot run here."""
    for parameter, annotation in get_type_hints(function.get_user_function()).items():
        if missing_extensions.is_stand_in(annotation):
            return (
                f"The type {annotation.__qualname__} of {parameter} is missing. "
                f"{missing_extensions.advice(annotation.__module__)}"
            )
        if is_sdk_type(annotation):
            return (
                f"The type {annotation.__module__}.{annotation.__qualname__} of {parameter} is not "
                "supported. Use a type of azure.functions, or run this function on the real host."
            )
    return None
