"""A function that takes its request and sends its response piece by piece, between a connection and a worker.

Each direction is held by whoever reads slowly: the client's connection holds the function, the function holds
the client. What the pieces are to the function is the worker's affair.
Source: Azure Functions host, DefaultHttpProxyService; YARP, HttpForwarder and RequestUtilities.
"""

import asyncio

from aiohttp import web

from funchost.http.connections import send_piece
from funchost.http.replies import empty_reply, streamed_response
from funchost.http.request import Refused, Request
from funchost.worker.calling import Invoker, call
from funchost.worker.invocations import Invocation, InvocationResult, StreamedCall
from funchost.worker.streams import Stream, StreamBroken

# What concerns a connection and not the request. Transfer-Encoding stays, because the original chunks such a
# body for the worker as well; the invocation ID is the host's to give.
_NOT_FORWARDED = frozenset(
    (
        *(
            "connection",
            "keep-alive",
            "upgrade",
            "upgrade-insecure-requests",
            "http2-settings",
            "te",
            "close",
        ),
        *("proxy-connection", "proxy-authenticate", "proxy-authentication-info", "proxy-authorization"),
        *("proxy-features", "proxy-instruction", "security-scheme", "alpn", "alt-svc", "x-ms-invocation-id"),
    )
)
_BODILESS = (204, 304)

_Running = asyncio.Task[InvocationResult]


class StreamingFunctions:
    """The calls of streamed functions in one run of the app; a call ends with its background tasks."""

    def __init__(self, pool: Invoker, reason: str) -> None:
        """`reason` says in the log why the host calls the functions."""
        self._pool = pool
        self._reason = reason
        self._running: set[_Running] = set()

    async def answer(self, function: str, invocation_id: str, request: Request) -> web.StreamResponse:
        """Call the function with the request, and send the client what it answers.

        Until the response has begun this raises Refused when the body is too large or breaks off,
        UnsendableReply when the response is not valid HTTP, and what `call` raises. Afterwards it raises
        ConnectionError when the response breaks off: only a closed connection can tell that.
        """
        request.check_length()
        stream = Stream()
        running = self._begin(function, invocation_id, request, stream)
        upload = asyncio.create_task(_forward_body(request, stream))

        def client_left(_: asyncio.Future[None]) -> None:
            stream.leave()

        request.connection.lost.add_done_callback(client_left)
        try:
            return await _send_response(request, stream)
        except StreamBroken:
            return _instead(upload, running)
        finally:
            request.connection.lost.remove_done_callback(client_left)
            upload.cancel()
            stream.leave()

    def _begin(self, function: str, invocation_id: str, request: Request, stream: Stream) -> _Running:
        invocation = Invocation(
            invocation_id=invocation_id,
            function=function,
            datum="stream",
            payload=b"",
            trace=request.trace,
            streamed=StreamedCall(
                request.method, request.url, _forwarded_headers(request), request.params, stream
            ),
        )
        running = asyncio.create_task(call(self._pool, invocation, self._reason))

        def call_ended(_: _Running) -> None:
            self._running.discard(running)
            if not running.cancelled():
                # The log has told it, and the client may have its response already.
                running.exception()
            stream.leave()

        self._running.add(running)
        running.add_done_callback(call_ended)
        return running


async def _forward_body(request: Request, stream: Stream) -> Refused | None:
    """Send the request's body as the function takes it; returns why it cannot be had to its end."""
    try:
        async for chunk in request.chunks():
            await stream.write(chunk)
    except Refused as refused:
        stream.leave()
        return refused
    await stream.write(b"", more=False)
    return None


async def _send_response(request: Request, stream: Stream) -> web.StreamResponse:
    """Send the response as the client takes it. Raises StreamBroken when it does not even begin."""
    response = streamed_response(await stream.head())
    request.complete_headers(response)
    await response.prepare(request.message)
    is_bodiless = request.method == "HEAD" or response.status in _BODILESS
    more = True
    while more:
        try:
            piece, more = await stream.read()
        except StreamBroken:
            raise ConnectionError("The response broke off.") from None
        if piece and not is_bodiless:
            await send_piece(request.message, response, piece)
    await response.write_eof()
    return response


def _instead(upload: "asyncio.Task[Refused | None]", running: _Running) -> web.StreamResponse:
    """The response to a client that gets none from the function. Raises Refused, or what `call` raises."""
    if upload.done() and (refused := upload.result()):
        raise refused
    if running.done():
        running.result()
    return empty_reply(500)


def _forwarded_headers(request: Request) -> tuple[tuple[str, str], ...]:
    """The lines of the request's head, as the web framework in the worker sees them."""
    lines = [
        (name.decode("latin-1").lower(), value.decode("latin-1"))
        for name, value in request.message.raw_headers
    ]
    if not any(name == "host" for name, _ in lines):
        lines.insert(0, ("host", request.host))
    return tuple(line for line in lines if line[0] not in _NOT_FORWARDED)
