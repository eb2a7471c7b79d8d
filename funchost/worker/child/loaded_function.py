"""One call of one function: arguments in, user code, answer out.

All conversion is the SDK converters'. This module chooses no thread and sends nothing.
Source: azure.functions, binding converters; Azure Functions Python worker, dispatcher.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from azure.functions.meta import Datum

from funchost.worker.child.cookies import cookie_texts
from funchost.worker.child.invocation_context import Context, TraceContext, retry_context_of
from funchost.worker.child.signatures import Converter, FunctionLoadError, Return
from funchost.worker.frames import Frame
from funchost.worker.invocations import FunctionInfo

_NO_DATUM = Datum(value=None, type=None)
_DEFAULT_STATUS = 200


class Out:
    """What a parameter annotated `func.Out[...]` receives."""

    def __init__(self) -> None:
        self._value: Any = None

    def set(self, val: Any) -> None:
        """Keep the value to send."""
        self._value = val

    def get(self) -> Any:
        """The value kept last."""
        return self._value


@dataclass(frozen=True, slots=True)
class LoadedFunction:
    """A function of the app, ready to be called.

    Attributes:
        info: what the host knows of it.
        call: the SDK's callable around user code.
        directory: of the file that defines the callable.
        trigger_name: the parameter that receives the trigger's data.
        trigger: the converter for that parameter.
        constants: parameters whose value is the same on every call, such as durable clients.
        outputs: parameters that receive an `Out`.
        wants_context: whether a parameter named `context` receives a `Context`.
        returns: where the returned value goes, if anywhere.
        result_converter: the converter for it.
        refusal: why it must not be called at all, if so.
        http_output: the output parameter that is the HTTP response, when it is not the returned value.
    """

    info: FunctionInfo
    call: Callable[..., Any]
    directory: str
    trigger_name: str
    trigger: Converter
    constants: Mapping[str, Any]
    outputs: tuple[str, ...]
    wants_context: bool
    returns: Return | None
    result_converter: Converter
    http_output: str | None
    refusal: str | None

    def arguments(self, header: Mapping[str, Any], payload: bytes, local: threading.local) -> dict[str, Any]:
        """The keyword arguments for a call.

        Args:
            header: the `invoke` frame's header.
            payload: its payload.
            local: the storage that `context.thread_local_storage` shows.

        Raises:
            FunctionLoadError: the function must not be called.
            TypeError: the trigger's data is not what the binding takes.
        """
        self._check_callable()
        datum = incoming_datum(header, payload)
        try:
            value = self.trigger.decode(datum, trigger_metadata={})
        except NotImplementedError:
            raise TypeError(
                f"unable to decode incoming TypedData: unsupported combination of TypedData field "
                f"{datum.type!r} and expected binding type {self.trigger}"
            ) from None
        return self._arguments_with(value, header, local)

    def streamed_arguments(
        self, request: Any, header: Mapping[str, Any], local: threading.local
    ) -> dict[str, Any]:
        """The keyword arguments for a call that takes a web framework's request; otherwise as `arguments`."""
        self._check_callable()
        return self._arguments_with(request, header, local)

    def _check_callable(self) -> None:
        if self.refusal is not None:
            raise FunctionLoadError(self.info.name, self.refusal)

    def _arguments_with(
        self, value: Any, header: Mapping[str, Any], local: threading.local
    ) -> dict[str, Any]:
        arguments = {**self.constants, self.trigger_name: value}
        if self.wants_context:
            arguments["context"] = Context(
                invocation_id=header["invocation_id"],
                function_name=self.info.name,
                function_directory=self.directory,
                thread_local_storage=local,
                trace_context=TraceContext(*header.get("trace", ("", ""))),
                retry_context=retry_context_of(header),
            )
        for name in self.outputs:
            arguments[name] = Out()
        return arguments

    def answer(self, returned: Any, arguments: Mapping[str, Any]) -> Frame:
        """The `result` frame without its ID: what the function returned, encoded.

        Raises:
            RuntimeError: it returned something although nothing takes it.
            TypeError: the value has a type that the binding cannot carry.
        """
        self.refuse_unwanted(returned)
        if self.http_output is not None:
            returned = arguments[self.http_output].get()
            if returned is None:
                return {"datum": "none"}, b""
        elif self.returns is None:
            return {"datum": "none"}, b""
        return outgoing(self._encoded(returned))

    def refuse_unwanted(self, returned: Any) -> None:
        """Raises RuntimeError when the function returned something although nothing takes it."""
        if returned is not None and self.returns is None:
            raise RuntimeError(
                f"function {self.info.name!r} without a $return binding returned a non-None value"
            )

    def _encoded(self, returned: Any) -> Datum:
        binding_type = "http" if self.returns is None else self.returns.binding_type
        annotation = None if self.returns is None else self.returns.annotation
        try:
            return self.result_converter.encode(returned, expected_type=annotation)
        except NotImplementedError:
            raise TypeError(
                f'unable to encode outgoing TypedData: unsupported type "{binding_type}" for '
                f'Python type "{type(returned).__name__}"'
            ) from None


def incoming_datum(header: Mapping[str, Any], payload: bytes) -> Datum:
    """The trigger's data as the SDK's converters take it."""
    kind = header["datum"]
    if kind == "none":
        return _NO_DATUM
    if kind != "http":
        return Datum(payload.decode(), kind)
    http = header["http"]
    return Datum(
        {
            "method": Datum(http["method"], "string"),
            "url": Datum(http["url"], "string"),
            "headers": _text_datums(http["headers"]),
            "query": _text_datums(http["query"]),
            "params": _text_datums(http["params"]),
            "body": Datum(payload, "bytes"),
        },
        "http",
    )


def outgoing(datum: Datum | None) -> Frame:
    """What a converter made of a returned value, as header fields and payload."""
    if datum is None or datum.type is None:
        return {"datum": "none"}, b""
    if datum.type == "http":
        return {"datum": "http", "http": _reply(datum.value)}, datum.value["body"].value
    if datum.value is None:
        # An orchestrator's converter passes on whatever it got; nothing travels as JSON null.
        return {"datum": "json"}, b"null"
    return {"datum": datum.type}, datum.value.encode()


def _text_datums(values: Mapping[str, str]) -> dict[str, Datum]:
    return {name: Datum(value, "string") for name, value in values.items()}


def _reply(value: Mapping[str, Any]) -> dict[str, Any]:
    headers = [[name, header.value] for name, header in value["headers"].items()]
    headers += [["set-cookie", text] for text in cookie_texts(value["cookies"] or ())]
    # Refused here, where it fails this function: the host could not send half a surrogate pair.
    "".join(text for header in headers for text in header).encode()
    return {"status": _status(value["status_code"].value), "headers": headers}


def _status(text: str) -> int:
    # The SDK lets any status pass; the host takes what is no number for 200.
    return int(text) if text.isascii() and text.isdigit() else _DEFAULT_STATUS
