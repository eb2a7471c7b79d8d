"""Streamed HTTP calls inside a worker process: the ASGI server of the web framework that the app imports.

The framework makes the request, has the function called, and sends what it returns; both bodies go piece by
piece over the pipe. Towards the framework this server keeps the manners of uvicorn, which the original runs.
Source: azure-functions-runtime, http_v2 and handle_event; uvicorn, RequestResponseCycle.
"""

import asyncio
import concurrent.futures
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from funchost.worker.child import error_report, http_extension
from funchost.worker.child.http_extension import Message
from funchost.worker.child.invocation_context import InvocationScope
from funchost.worker.streams import SendFrame, Stream, StreamBroken

if TYPE_CHECKING:
    from funchost.worker.child.loaded_function import LoadedFunction

Outcome = concurrent.futures.Future[tuple[Any, BaseException | None]]

_INVOCATION_ID = "x-ms-invocation-id"
_SERVER = ("server", "uvicorn")
# Where the original's server listens, and its only client, the host.
_LOOPBACK = ("127.0.0.1", 0)


class NoResponseError(Exception):
    """The function returned nothing, and a streamed response is what it returns."""

    def __init__(self, function: str) -> None:
        super().__init__(
            f"function {function!r} returned None. Return a response, or a value that becomes JSON."
        )


class IncompleteResponseError(Exception):
    """The web framework has done with the call, and its client waits for the rest of the response."""

    def __init__(self, function: str) -> None:
        super().__init__(f"the response of function {function!r} was cancelled before its end.")


class StreamedCalls:
    """The streamed calls of one worker process."""

    def __init__(
        self,
        scope: InvocationScope,
        send: SendFrame,
        run_in_thread: Callable[[Callable[[], None]], None],
        script_root: Path,
    ) -> None:
        """`run_in_thread` has a synchronous function run where those run that are not streamed."""
        self._scope = scope
        self._send = send
        self._run_in_thread = run_in_thread
        self._calls: dict[int, AsgiCall] = {}
        self._by_invocation: dict[str, AsgiCall] = {}
        self._script_root = script_root
        self._application = http_extension.application(self._call_function)

    def begin(self, function: "LoadedFunction", header: dict[str, Any]) -> "AsgiCall":
        """Take up a call, so that its frames find it."""
        stream = Stream()
        stream.connect(header["id"], self._send)
        call = AsgiCall(function, header, stream)
        self._calls[header["id"]] = self._by_invocation[header["invocation_id"]] = call
        return call

    def frame_arrived(self, header: dict[str, Any], payload: bytes) -> None:
        """Take a frame of a call; on the event loop. One that has ended needs none."""
        if call := self._calls.get(header["id"]):
            call.stream.frame_arrived(header, payload)

    async def run(self, call: "AsgiCall") -> dict[str, str] | None:
        """Answer the call, to the end of its background tasks; returns the error that it ended with."""
        self._scope.enter(call.header["invocation_id"], call.header["id"])
        try:
            await self._application(call.asgi_scope(), call.receive, call.send)
            if not call.stream.is_closed:
                raise IncompleteResponseError(call.function.info.name)
        except BaseException as error:  # sys.exit() in a function fails its invocation, not the worker
            call.error = call.error or self._described(error)
        finally:
            del self._calls[call.header["id"]], self._by_invocation[call.header["invocation_id"]]
            call.stream.close()
        return call.error

    def _described(self, error: BaseException) -> dict[str, str]:
        # Older versions of Starlette wrap what a generator raises.
        while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
            (error,) = error.exceptions
        return error_report.describe(error_report.since_app(error, self._script_root))

    async def _call_function(self, request: Any) -> Any:
        """What the framework calls for every request."""
        call = self._by_invocation[request.headers[_INVOCATION_ID]]
        http_extension.set_route_params(request, call.header["http"]["params"])
        try:
            return await self._returned(call, request)
        except BaseException as error:
            # An HTTPException becomes a response, and the invocation has failed all the same.
            call.error = error_report.describe(error)
            raise

    async def _returned(self, call: "AsgiCall", request: Any) -> Any:
        function, header = call.function, call.header
        arguments = function.streamed_arguments(request, header, self._scope.thread_local_storage)
        if function.info.is_async:
            returned = await function.call(**arguments)
        else:
            outcome: Outcome = concurrent.futures.Future()
            self._run_in_thread(partial(self._run_sync, call, arguments, outcome))
            returned, error = await asyncio.wrap_future(outcome)
            if error is not None:
                raise error
        function.refuse_unwanted(returned)
        if returned is None:
            raise NoResponseError(function.info.name)
        return returned

    def _run_sync(self, call: "AsgiCall", arguments: dict[str, Any], outcome: Outcome) -> None:
        self._scope.enter(call.header["invocation_id"], call.header["id"])
        try:
            outcome.set_result((call.function.call(**arguments), None))
        except BaseException as error:
            # Not as the future's exception: a StopIteration would never arrive.
            outcome.set_result((None, error))


class AsgiCall:
    """One call as ASGI sees it: scope, receive and send.

    Attributes:
        error: what the function or the framework raised, as the host is told it.
    """

    def __init__(self, function: "LoadedFunction", header: dict[str, Any], stream: Stream) -> None:
        self.function = function
        self.header = header
        self.stream = stream
        self.error: dict[str, str] | None = None
        self._is_head = header["http"]["method"] == "HEAD"
        self._announced: int | None = None

    def asgi_scope(self) -> dict[str, Any]:
        """The connection scope of the request. Source: uvicorn, h11_impl."""
        http: Mapping[str, Any] = self.header["http"]
        url = urlsplit(http["url"])
        lines = [*http["headers"], (_INVOCATION_ID, self.header["invocation_id"])]
        return {
            "type": "http",
            # Below 2.4 a framework listens for the client's disconnect, and cancels what it streams.
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "server": _LOOPBACK,
            "client": _LOOPBACK,
            "scheme": url.scheme,
            "method": http["method"],
            "root_path": "",
            "path": unquote(url.path),
            "raw_path": url.path.encode("ascii"),
            "query_string": url.query.encode("ascii"),
            "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in lines],
            "state": {},
        }

    async def receive(self) -> Message:
        """A piece of the request's body, or that the client has gone or needs nothing more."""
        try:
            body, more = await self.stream.read()
        except StreamBroken:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": body, "more_body": more}

    async def send(self, message: Message) -> None:
        """Send the head or a part of the response; nothing once the client has gone.

        Raises RuntimeError when the body is longer or shorter than its `Content-Length`.
        """
        if message["type"] == "http.response.start":
            self._start(message)
            return
        body = b"" if self._is_head else bytes(message.get("body", b""))
        more = message.get("more_body", False)
        self._count(len(body), more)
        await self.stream.write(body, more)
        if not more:
            # A background task that listens for a disconnect is told at once.
            self.stream.close()

    def _start(self, message: Message) -> None:
        lines = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in message["headers"]]
        given = dict(lines)
        if not self._is_head and given.get("content-length", "").isdigit():
            self._announced = int(given["content-length"])
        self.stream.start(message["status"], lines if "server" in given else [_SERVER, *lines])

    def _count(self, length: int, more: bool) -> None:
        if self._announced is None:
            return
        self._announced -= length
        if self._announced < 0:
            raise RuntimeError("Response content longer than Content-Length")
        if self._announced and not more:
            raise RuntimeError("Response content shorter than Content-Length")
