"""The SDK's converters, and the pass-through one that the SDK leaves to the worker.

Source: azure.functions, binding converters; Azure Functions Python worker, GenericBinding.
"""

from typing import Any, Protocol

from azure.functions import get_binding_registry
from azure.functions.meta import Datum

_registry: Any = get_binding_registry()  # type: ignore[no-untyped-call]


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
