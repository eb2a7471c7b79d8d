"""Whether a Python signature fits the bindings that were declared for it, and how to call it then.

Rules and texts are those of the real worker for Python 3.13 and later, on every Python version. A signature
that does not fit fails the load of the whole app, as it does there. The converters are the SDK's; only the
pass-through one, which the SDK leaves to the worker, is here. Nothing is called here.
Source: azure-functions-runtime, functions and GenericBinding; azure.functions, binding converters.
"""

import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from azure.functions import get_binding_registry
from azure.functions.meta import Datum

from funchost.conventions.names import HTTP_TRIGGER
from funchost.worker.child import http_extension
from funchost.worker.child.missing_extensions import is_stand_in

GENERIC = "generic"
HTTP = "http"
RETURN = "$return"

_OUT, _INOUT = 1, 2
_UNDEFINED_DATA_TYPE = 0
_NOT_GENERIC_ORIGINS = (
    None,
    typing.Union,
    tuple,
    typing.ClassVar,
    typing.get_origin(typing.Callable[[], None]),
)


_registry: Any = get_binding_registry()  # type: ignore[no-untyped-call]


class Binding(Protocol):
    """What is read of a binding of the SDK."""

    name: str
    type: str
    direction: int
    data_type: int | None


class FunctionLoadError(RuntimeError):
    """A function's parameters and its bindings do not fit together."""

    def __init__(self, function_name: str, text: str) -> None:
        super().__init__(f"cannot load the {function_name} function: {text}")


@dataclass(frozen=True, slots=True)
class Return:
    """Where the returned value goes: the binding type that encodes it, and the annotated type."""

    binding_type: str
    annotation: Any


@dataclass(frozen=True, slots=True)
class Signature:
    """How to call a function: the converter of each input, the names of its outputs, what it returns."""

    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    wants_context: bool
    returns: Return | None


def check_signature(name: str, function: Callable[..., Any], bindings: Sequence[Binding]) -> Signature:
    """How to call the function, once its parameters have been held against its bindings.

    Args:
        name: the function's name, for the error.
        function: what the SDK gives to be called.
        bindings: all of the function's bindings, the trigger among them.

    Raises:
        FunctionLoadError: they do not fit.
    """
    parameters = set(inspect.signature(function).parameters)
    annotations = typing.get_type_hints(function)
    for binding in bindings:
        _check_direction(name, binding)
    bound = {binding.name: binding for binding in bindings if binding.name != RETURN}

    wants_context = "context" in parameters and "context" not in bound
    if wants_context:
        parameters.discard("context")
        _check_context(name, annotations)
    _check_names(name, parameters, set(bound))

    inputs: dict[str, str] = {}
    outputs: dict[str, str] = {}
    for parameter, binding in bound.items():
        carried_by = _check_parameter(name, binding, annotations)
        (outputs if binding.direction == _OUT else inputs)[parameter] = carried_by
    return Signature(inputs, outputs, wants_context, _check_return(name, bindings, annotations))


def _check_direction(name: str, binding: Binding) -> None:
    if binding.direction == _INOUT:
        raise FunctionLoadError(name, '"inout" bindings are not supported')
    if binding.name == RETURN and binding.direction != _OUT:
        raise FunctionLoadError(name, '"$return" binding must have direction set to "out"')


def _check_context(name: str, annotations: Mapping[str, Any]) -> None:
    annotation = annotations.get("context")
    # Only the class's name counts, so that a context of another library passes as it does in the original.
    if "context" in annotations and not (isinstance(annotation, type) and annotation.__name__ == "Context"):
        raise FunctionLoadError(
            name,
            'the "context" parameter is expected to be of type azure.functions.Context, '
            f'got "{annotation!r}"',
        )


def _check_names(name: str, parameters: set[str], bound: set[str]) -> None:
    if unbound := parameters - bound:
        raise FunctionLoadError(
            name,
            "the following parameters are declared in Python but not in the function definition "
            f"(function.json or function decorators):  {unbound!r}",
        )
    if extra := bound - parameters:
        raise FunctionLoadError(
            name,
            "Extra parameters in binding definition — the following parameters are declared as bindings "
            f"but are not present in Python: {extra!r}",
        )


def _check_parameter(name: str, binding: Binding, annotations: Mapping[str, Any]) -> str:
    """The binding type whose converter carries the parameter."""
    if binding.name not in annotations:
        return binding.type
    annotation = annotations[binding.name]
    if is_sdk_type(annotation):
        return binding.type

    annotated_out = _is_out(annotation)
    value_type = _out_type(name, binding.name, annotation) if annotated_out else annotation
    if not isinstance(value_type, type) and not _is_typing_generic(value_type):
        raise FunctionLoadError(
            name, f"binding {binding.name} has invalid non-type annotation {annotation!r}"
        )
    _check_annotated_direction(name, binding, annotated_out)

    plain = value_type in (str, bytes) and not returns_implicitly(binding.type)
    carried_by = GENERIC if plain else binding.type
    fits = _can_leave if annotated_out else _can_enter
    if not fits(carried_by, value_type):
        raise FunctionLoadError(name, _mismatch(binding, value_type))
    return carried_by


def _check_annotated_direction(name: str, binding: Binding, annotated_out: bool) -> None:
    if binding.direction == _OUT and not annotated_out:
        raise FunctionLoadError(
            name,
            f'binding {binding.name} is declared to have the "out" direction, but its annotation in Python '
            "is not a subclass of azure.functions.Out",
        )
    if binding.direction != _OUT and annotated_out:
        raise FunctionLoadError(
            name,
            f'binding {binding.name} is declared to have the "in" direction in the binding decorator, '
            "but its annotation is azure.functions.Out in Python",
        )


def _mismatch(binding: Binding, value_type: type) -> str:
    if binding.data_type is not None and int(binding.data_type) == _UNDEFINED_DATA_TYPE:
        return (
            f'type of {binding.name} binding in the binding decorator "{binding.type}" does not match its '
            f'Python annotation "{value_type.__name__}"'
        )
    # The original calls the parameter the binding type and the binding type the data type.
    return (
        f'binding type "\'{binding.name}\'" and dataType "{binding.type}" in the binding decorator do not '
        f"match the corresponding function parameter's Python type annotation {value_type.__name__}"
    )


def _check_return(name: str, bindings: Sequence[Binding], annotations: Mapping[str, Any]) -> Return | None:
    explicit = next((binding.type for binding in bindings if binding.name == RETURN), None)
    implicit = [binding.type for binding in bindings if binding.name != RETURN and _is_implicit(binding)]
    annotation = annotations.get("return")
    if explicit is None:
        return Return(implicit[-1], annotation) if implicit else None
    if "return" in annotations:
        _check_return_annotation(name, explicit, annotation)
    return Return(explicit, annotation)


def _is_implicit(binding: Binding) -> bool:
    return returns_implicitly(binding.type)


def _check_return_annotation(name: str, binding_type: str, annotation: Any) -> None:
    if is_stand_in(annotation):
        return
    if _is_out(annotation):
        raise FunctionLoadError(name, "return annotation should not be azure.functions.Out")
    if not isinstance(annotation, type):
        raise FunctionLoadError(name, f"has invalid non-type return annotation {annotation!r}")
    if not _can_leave(binding_type, annotation):
        raise FunctionLoadError(
            name,
            f'Python return annotation "{annotation.__name__}" does not match binding type "{binding_type}"',
        )


def _can_enter(binding_type: str, value_type: Any) -> bool:
    """Whether a parameter of this type can take what the binding gives."""
    if binding_type == HTTP_TRIGGER and http_extension.is_imported():
        return http_extension.is_request(value_type)
    return converter_for(binding_type).check_input_type_annotation(value_type)


def _can_leave(binding_type: str, value_type: Any) -> bool:
    """Whether a value of this type can leave through the binding."""
    if binding_type == HTTP and http_extension.is_imported():
        return http_extension.is_response(value_type)
    return converter_for(binding_type).check_output_type_annotation(value_type)


def _is_out(annotation: Any) -> bool:
    return getattr(typing.get_origin(annotation) or annotation, "__name__", "") == "Out"


def _out_type(name: str, parameter: str, annotation: Any) -> Any:
    arguments = typing.get_args(annotation)
    if len(arguments) != 1:
        raise FunctionLoadError(name, f"binding {parameter} has invalid Out annotation {annotation!r}")
    return arguments[0]


def _is_typing_generic(annotation: Any) -> bool:
    """Whether it is `typing.List[...]` and the like; `list[...]` and unions are not, as in the original."""
    return (
        type(annotation).__module__ == "typing" and typing.get_origin(annotation) not in _NOT_GENERIC_ORIGINS
    )


def is_sdk_type(annotation: Any) -> bool:
    """Whether the annotation is a rich type of the `azurefunctions.extensions` packages."""
    return getattr(annotation, "__module__", "").startswith("azurefunctions.")


class Converter(Protocol):
    """What the worker calls on a converter class of the SDK."""

    def check_input_type_annotation(self, pytype: type) -> bool:
        """Whether a parameter of this type can take what the binding gives."""

    def check_output_type_annotation(self, pytype: type) -> bool:
        """Whether a value of this type can leave through the binding."""

    def decode(self, data: Datum, *, trigger_metadata: dict[str, Any]) -> Any:
        """The Python value for a parameter."""

    def encode(self, obj: Any, *, expected_type: type | None) -> Datum:
        """The datum for a returned value."""


class PassThrough:
    """For bindings without a converter, and for parameters annotated `str` or `bytes`: data as it came."""

    @classmethod
    def check_input_type_annotation(cls, pytype: type) -> bool:
        """Text and bytes only."""
        return issubclass(pytype, (str, bytes))

    @classmethod
    def check_output_type_annotation(cls, pytype: type) -> bool:
        """Text and bytes only."""
        return issubclass(pytype, (str, bytes, bytearray))

    @classmethod
    def decode(cls, data: Datum, *, trigger_metadata: dict[str, Any]) -> Any:
        """The datum's own value.

        Raises:
            ValueError: an HTTP request, which has no plain value.
        """
        if data.type in ("string", "bytes", "json", None):
            return data.value
        # Two arguments, as in the original: users search for the text that results.
        raise ValueError('unexpected type of data received for the "generic" binding ', repr(data.type))

    @classmethod
    def encode(cls, obj: Any, *, expected_type: type | None) -> Datum:
        """Text and bytes as they are, nothing as nothing.

        Raises:
            NotImplementedError: any other type.
        """
        if isinstance(obj, str):
            return Datum(type="string", value=obj)
        if obj is None:
            return Datum(type=None, value=None)
        raise NotImplementedError


def converter_for(binding_type: str) -> Converter:
    """The converter of a binding type; `generic` and unknown types pass through."""
    found: Converter | None = _registry.get(binding_type)
    return PassThrough if found is None else found


def returns_implicitly(binding_type: str) -> bool:
    """Whether the function's return value belongs to the trigger, with no output binding declared."""
    if _registry.get(binding_type) is None:
        return binding_type != "durableClient"
    return bool(getattr(converter_for(binding_type), "has_implicit_output", lambda: False)())
