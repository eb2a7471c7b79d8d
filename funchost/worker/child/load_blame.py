"""Which function keeps an app from loading, and what to write instead of what the worker refuses.

The worker's own words are in the exception; here is what they do not say. Nothing is decided here.
"""

import types
import typing
from typing import Any

from funchost.conventions.names import EPISODE_TRIGGERS, HTTP_TRIGGER
from funchost.worker.child import http_extension

_CONTEXT = "context"


class FunctionToBlame(Exception):
    """The app cannot be loaded because of one function; what it raised is the cause.

    Attributes:
        function: its name.
        hint: what to write instead; may be empty.
    """

    def __init__(self, function: str, hint: str) -> None:
        super().__init__(function)
        self.function = function
        self.hint = hint


def hint(function: Any) -> str:
    """What to change in a declared function that cannot be loaded; empty if that is not known."""
    trigger = function.get_trigger()
    call = function.get_user_function()
    if trigger.type in EPISODE_TRIGGERS and trigger.name != _CONTEXT:
        return (
            f'Write context_name="{_CONTEXT}" in the decorator of {function.get_function_name()}, here and '
            "on Azure: the SDK hands the context over under this name. The parameter may be called otherwise."
        )
    try:
        annotations = typing.get_type_hints(call)
    except Exception:
        return ""
    for name, annotation in annotations.items():
        if isinstance(annotation, types.GenericAlias | types.UnionType) or _is_union(annotation):
            instead = _instead(annotation, name == "return", is_request=trigger.type == HTTP_TRIGGER)
            return f"{name}: the worker takes no {annotation} for a binding, here and on Azure. {instead}"
    if trigger.type == HTTP_TRIGGER and http_extension.is_imported():
        return (
            f"The app imports {http_extension.package()}. With it every HTTP function of an app takes that "
            "package's Request and returns its responses, here and on Azure: let this one use them too."
        )
    return ""


def _is_union(annotation: Any) -> bool:
    return typing.get_origin(annotation) is typing.Union


def _instead(annotation: Any, is_return: bool, is_request: bool) -> str:
    if is_return:
        return "Write one class, such as func.HttpResponse, or leave the annotation out."
    if isinstance(annotation, types.GenericAlias):
        return f"Write {typing.get_origin(annotation).__name__}, or leave the annotation out."
    if is_request:
        return "Write func.HttpRequest, or leave the annotation out."
    return "Write one type, or leave the annotation out."
