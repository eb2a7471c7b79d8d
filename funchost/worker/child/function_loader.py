"""From a declared function to one that can be called and that the host can route to.

What may be loaded is decided in `signatures` and `checks`. Source: Azure Functions Python worker, loader.
"""

import inspect
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_type_hints

from funchost.conventions import names, setting_names
from funchost.worker.child import checks, signatures
from funchost.worker.child.client_binding import client_text
from funchost.worker.child.converters import converter_for
from funchost.worker.child.invocation import LoadedFunction
from funchost.worker.model import FunctionInfo

_DURABLE_NAME_KEYS = {
    names.ACTIVITY_TRIGGER: "activity",
    names.ORCHESTRATION_TRIGGER: "orchestration",
    names.ENTITY_TRIGGER: "entityName",
}


def load_functions(
    declared: Sequence[Any], client_binding: Mapping[str, Any], app_settings: Mapping[str, str]
) -> list[LoadedFunction]:
    """The app's functions, ready to be called; those that must not run carry their error.

    Args:
        declared: what the app object gave.
        client_binding: what durable clients receive.
        app_settings: what `%NAME%` in bindings stands for, and which functions are disabled.

    Raises:
        FunctionLoadError: a signature that does not fit its bindings; the app does not load then.
    """
    loaded = [_load(function, client_binding, app_settings) for function in declared]
    infos = checks.checked([function.info for function in loaded])
    return [
        replace(function, info=info, refusal=_refusal(info))
        for function, info in zip(loaded, infos, strict=True)
    ]


def _load(
    function: Any, client_binding: Mapping[str, Any], app_settings: Mapping[str, str]
) -> LoadedFunction:
    call = function.get_user_function()
    name = function.get_function_name()
    signature = signatures.check_signature(name, call, function.get_bindings())
    info = _info(function, app_settings)
    trigger_name = function.get_trigger().name
    clients = {binding["name"]: binding for binding in info.bindings if binding["type"] == "durableClient"}
    returns = signature.returns
    http_output = next((name for name, type in signature.outputs.items() if type == "http"), None)
    return LoadedFunction(
        info=info,
        call=call,
        directory=str(Path(inspect.getfile(call)).parent),
        trigger_name=trigger_name,
        trigger=converter_for(signature.inputs[trigger_name]),
        constants={name: client_text(client_binding, binding) for name, binding in clients.items()},
        outputs=tuple(signature.outputs),
        wants_context=signature.wants_context,
        returns=returns,
        result_converter=converter_for("http" if returns is None else returns.binding_type),
        http_output=http_output,
        refusal=None,
    )


def _refusal(info: FunctionInfo) -> str | None:
    # Where only the trigger is missing, POST /admin/functions can still run the function by hand.
    return None if checks.unknown_bindings(info) == [info.trigger] else info.error


def _info(function: Any, app_settings: Mapping[str, str]) -> FunctionInfo:
    error = _real_host_type(function)
    bindings: list[dict[str, Any]] = [json.loads(text) for text in function.get_raw_bindings()]
    try:
        bindings = [setting_names.expand_binding(binding, app_settings) for binding in bindings]
    except setting_names.UnresolvedExpression as unresolved:
        error = str(unresolved)
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
    )


def _real_host_type(function: Any) -> str | None:
    """Why a function with rich types of the extension packages cannot run here."""
    for parameter, annotation in get_type_hints(function.get_user_function()).items():
        if signatures.is_sdk_type(annotation):
            return (
                f"The type {annotation.__module__}.{annotation.__qualname__} of {parameter} is not "
                "supported. Use a type of azure.functions, or run this function on the real host."
            )
    return None
