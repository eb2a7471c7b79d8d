"""What the host does with declared functions: names and routes that it refuses, what durable clients get.

Pure. A function that breaks a rule is dropped with a text that says why; the others go on.
Source: Azure Functions host, Utility and FunctionMetadataManager; durable extension, BindingHelper.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from funchost.conventions.names import HTTP_TRIGGER, TRIGGERS, is_function_name
from funchost.worker.invocations import ClientForm, FunctionInfo

OTHER_BINDINGS = frozenset({"http", "durableClient"})

# The rule since version 4.1038 of the host, which let underscores in.
_BINDING_NAME = re.compile(r"(?!.*__)([a-zA-Z_][a-zA-Z0-9_]{0,127}|\$return)")
_BUILT_IN_ROUTES = ("admin", "runtime")


def checked(functions: Sequence[FunctionInfo]) -> list[FunctionInfo]:
    """The functions, each with the error that stops it, if any. One that has an error already keeps it."""
    accepted: list[FunctionInfo] = []
    result: list[FunctionInfo] = []
    for function in functions:
        error = function.error or own_error(function) or route_conflict(function, accepted)
        if error is None:
            accepted.append(function)
        result.append(function if error is None else replace(function, error=error))
    return result


def own_error(function: FunctionInfo) -> str | None:
    """Why the function cannot run, whatever else is in the app."""
    if not is_function_name(function.name):
        return f"'{function.name}' is not a valid function name."
    names: set[str] = set()
    for binding in function.bindings:
        name = binding["name"]
        if not _BINDING_NAME.fullmatch(name):
            return f"The binding name {name} is invalid. Please assign a valid name to the binding."
        if name.lower() in names:
            return f"Multiple bindings with name '{name}' discovered. Binding names must be unique."
        names.add(name.lower())
    if unknown := unknown_bindings(function):
        return (
            f"The binding type(s) '{', '.join(unknown)}' are not registered. funchost has "
            f"{', '.join(sorted(TRIGGERS | OTHER_BINDINGS))}; run this function on the real host."
        )
    if function.trigger == HTTP_TRIGGER and _route(function).startswith(_BUILT_IN_ROUTES):
        return "The specified route conflicts with one or more built in routes."
    return None


def unknown_bindings(function: FunctionInfo) -> list[str]:
    """The types of the function's bindings that funchost does not have, each once."""
    types = dict.fromkeys(binding["type"] for binding in function.bindings)
    return [type for type in types if type not in TRIGGERS and type not in OTHER_BINDINGS]


def route_conflict(function: FunctionInfo, accepted: Sequence[FunctionInfo]) -> str | None:
    """Why the function's route cannot be added to those of the functions before it."""
    if function.trigger != HTTP_TRIGGER:
        return None
    for other in accepted:
        same_route = other.trigger == HTTP_TRIGGER and _route(other) == _route(function)
        if same_route and _methods_overlap(function, other):
            return f"The route specified conflicts with the route defined by function '{other.name}'."
    return None


def client_text(client_binding: Mapping[ClientForm, Mapping[str, Any]], binding: Mapping[str, Any]) -> str:
    """The JSON text that a `durableClient` binding receives.

    Args:
        client_binding: for each generation of the SDK, the object for a binding that names neither task hub
            nor connection.
        binding: the raw `durableClient` binding of the function, whose own task hub or connection changes
            what the object names.
    """
    value = dict(client_binding["grpc2" if binding.get("durableRequiresGrpc") is True else "json1"])
    for key, value_key, parameter in (
        ("taskHub", "taskHubName", "taskHub"),
        ("connectionName", "connectionName", "connection"),
    ):
        if named := binding.get(key):
            value = {**_with_parameter(value, parameter, named), value_key: named}
    return json.dumps(value)


def _with_parameter(value: Any, parameter: str, to: str) -> Any:
    if isinstance(value, dict):
        return {key: _with_parameter(inner, parameter, to) for key, inner in value.items()}
    if isinstance(value, str):
        return re.sub(rf"([?&]{parameter}=)[^&]*", lambda found: found[1] + quote(to, safe=""), value)
    return value


def _route(function: FunctionInfo) -> str:
    return (function.route or function.name).strip("/").lower()


def _methods_overlap(one: FunctionInfo, other: FunctionInfo) -> bool:
    return not one.methods or not other.methods or not set(one.methods).isdisjoint(other.methods)
