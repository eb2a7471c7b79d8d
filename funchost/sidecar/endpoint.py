"""The gRPC server of one host instance, on loopback and in plain text, as in the original.

It outlives restarts of the app: calls that come in between wait. What a method does is not known here; a
method without a handler is answered with what this host is.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import grpc.aio
from durabletask.internal import orchestrator_service_pb2 as pb
from google.protobuf.message_factory import GetMessageClass
from grpc import StatusCode

from funchost.sidecar.entity_calls import ENTITY_CALLS
from funchost.sidecar.instance_calls import INSTANCE_CALLS, INSTANCE_STREAMS, Run
from funchost.sidecar.refusing import CallRefused, refuse

# What the original gives a request that comes while the host is starting.
_PATIENCE_SECONDS = 30.0
_SERVICE = pb.DESCRIPTOR.services_by_name["TaskHubSidecarService"]
_OPTIONS = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # The host instance holds the port with a socket of its own, which does not listen.
    ("grpc.so_reuseport", 1),
)

_log = logging.getLogger("Host.Triggers.DurableTask")

Answer = Callable[[bytes, Any], Awaitable[Any]]
Stream = Callable[[bytes, Any], AsyncIterator[Any]]


class GrpcEndpoint:
    """TaskHubSidecarService on a port of its own.

    Order of calls: `start` (the client binding needs the port), then `serve` for each run of the app and
    `hold` between two; at the end `stop`. Call `hold` and `stop` when the workers of the run are gone: their
    functions may call until then.
    """

    def __init__(self, hub_name: str) -> None:
        self._hub_name = hub_name
        self._run: Run | None = None
        self._decided = asyncio.Event()
        self._server: Any = None

    async def start(self, port: int = 0) -> int:
        """Listen on this port of 127.0.0.1, 0 for a free one; returns it. Raises OSError when it is taken."""
        self._server = grpc.aio.server(options=_OPTIONS)
        self._server.add_generic_rpc_handlers((self._handlers(),))
        try:
            bound: int = self._server.add_insecure_port(f"127.0.0.1:{port}")
        except RuntimeError as error:
            raise OSError(f"Port {port} of 127.0.0.1 is unavailable for gRPC: {error}") from error
        await self._server.start()
        return bound

    def serve(self, run: Run | None) -> None:
        """Answer for this run from now on; None when the app does not run."""
        self._run = run
        self._decided.set()

    def hold(self) -> None:
        """Let calls wait until the next `serve`; those that have begun go on."""
        self._decided.clear()

    async def stop(self, grace_seconds: float | None = None) -> None:
        """Close the port. Calls that are not answered within this time are cancelled."""
        if self._server is not None:
            await self._server.stop(grace_seconds)

    def _handlers(self) -> grpc.GenericRpcHandler:
        handlers = {}
        for method in _SERVICE.methods:
            parse = GetMessageClass(method.input_type).FromString
            serialize = GetMessageClass(method.output_type).SerializeToString
            if method.server_streaming:
                handlers[method.name] = grpc.unary_stream_rpc_method_handler(
                    self._stream(method.name, parse), response_serializer=serialize
                )
            else:
                handlers[method.name] = grpc.unary_unary_rpc_method_handler(
                    self._answer(method.name, parse), response_serializer=serialize
                )
        return grpc.method_handlers_generic_handler(_SERVICE.full_name, handlers)

    def _answer(self, method: str, parse: Callable[[bytes], Any]) -> Answer:
        handler = INSTANCE_CALLS.get(method) or ENTITY_CALLS.get(method)

        async def answer(request: bytes, context: Any) -> Any:
            try:
                if handler is None:
                    raise _not_served(method)
                return await handler(await self._admit(context), parse(request))
            except Exception as error:
                await refuse(context, method, error)

        return answer

    def _stream(self, method: str, parse: Callable[[bytes], Any]) -> Stream:
        handler = INSTANCE_STREAMS.get(method)

        async def stream(request: bytes, context: Any) -> AsyncIterator[Any]:
            try:
                if handler is None:
                    raise _not_served(method)
                async for part in handler(await self._admit(context), parse(request)):
                    yield part
            except Exception as error:
                await refuse(context, method, error)

        return stream

    async def _admit(self, context: Any) -> Run:
        """The run that answers this call. Raises CallRefused when there is none, or for another task hub."""
        asked = next((value for key, value in context.invocation_metadata() if key == "taskhub"), "")
        if asked and asked.casefold() != self._hub_name.casefold():
            raise CallRefused(
                StatusCode.INVALID_ARGUMENT,
                f"taskhub: '{asked}' is not the task hub of this host. "
                f"Leave it out or give '{self._hub_name}'.",
            )
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._decided.wait()
        except TimeoutError:
            _log.warning("A gRPC call waited %g s for the host to start.", _PATIENCE_SECONDS)
        if self._run is None or not self._decided.is_set():
            raise CallRefused(
                StatusCode.UNAVAILABLE, "The app does not run. See the log of the host for why."
            )
        return self._run


def _not_served(method: str) -> CallRefused:
    return CallRefused(
        StatusCode.UNIMPLEMENTED,
        f"{method} is not served: this is funchost, which runs the functions of an app itself. "
        "It serves durable clients and gives no work to other workers.",
    )
