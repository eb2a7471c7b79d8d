"""One listening socket and its connections: aiohttp's server without its pages, logs and routing.

Whoever uses it gives one handler. Errors that never reach the handler (a broken request line, headers
that are too long) are answered here, as JSON or empty, because SDK clients parse every body.
"""

import asyncio
import logging
import socket
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import LineTooLong
from aiohttp.web_protocol import RequestHandler
from aiohttp.web_server import Server

from funchost.http.replies import empty_reply, json_reply

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

# Clients may look at it; the real host's server says this.
SERVER_NAME = "Kestrel"

# Kestrel's limit for all headers of a request together.
_LINE_LIMIT = 32768
_BACKLOG = 1024
# What aiohttp's own shutdown may take after our wait is over; it has no value for "not at all".
_INSTANT = 0.01

# A body that is longer goes out piece by piece, each when the client has room for it.
_PIECE_BYTES = 64 * 1024
# Kestrel cuts clients that read less than 240 bytes a second.
_PIECE_SECONDS = 30.0
# Kestrel's RequestHeadersTimeout.
_HEAD_SECONDS = 30.0

# The event loop tries again each second, and tells of every connection that waits each time.
_SHORTAGE = "socket.accept() out of system resource"
_SILENT_SECONDS = 60.0

_log = logging.getLogger("Host.Http")


class AcceptTrouble:
    """Says once in a while, in one line, that connections wait because the system has no more descriptors.

    An exception handler for an event loop; all else goes to the handler that there would be without it.
    """

    def __init__(self) -> None:
        self._told_at: float | None = None

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Take what the loop reports."""
        if context.get("message") != _SHORTAGE:
            loop.default_exception_handler(context)
        elif self._told_at is None or loop.time() - self._told_at > _SILENT_SECONDS:
            self._told_at = loop.time()
            _log.error(
                "Connections wait, because the system gives no more: %s. Close some, or raise the limit of "
                "open files (ulimit -n) and start again.",
                context.get("exception"),
            )


class Listener:
    """Serves one socket from `start` until `stop`."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._runner: web.ServerRunner | None = None
        self._site: web.SockSite | None = None

    async def start(self, listening_socket: socket.socket) -> None:
        """Accept connections on a bound socket, which belongs to this listener from now on."""
        server = _Server(
            self._handle,
            access_log=None,
            auto_decompress=False,
            max_line_size=_LINE_LIMIT,
            max_field_size=_LINE_LIMIT,
        )
        asyncio.get_running_loop().set_exception_handler(AcceptTrouble())
        self._runner = web.ServerRunner(server, shutdown_timeout=_INSTANT)
        await self._runner.setup()
        self._site = web.SockSite(self._runner, listening_socket, backlog=_BACKLOG)
        await self._site.start()

    async def stop(self, grace_seconds: float) -> None:
        """Take no new requests, give running ones time to end, then cut what is left."""
        if self._runner is None or self._site is None:
            return
        runner, site, self._runner, self._site = self._runner, self._site, None, None
        await site.stop()
        if runner.server is not None:
            runner.server.pre_shutdown()
        try:
            async with asyncio.timeout(grace_seconds):
                await self._idle.wait()
        except TimeoutError:
            _log.warning("%d HTTP requests were still running after %g s.", self._running, grace_seconds)
        await runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self._running += 1
        self._idle.clear()
        connection = request.protocol
        assert isinstance(connection, Connection)
        connection.head_arrived()
        try:
            return await self._answer(request)
        except ConnectionError as error:
            # The frames are in a cycle with the error, which would hold a large body for a long time.
            traceback.clear_frames(error.__traceback__)
            raise
        finally:
            connection.answered()
            self._running -= 1
            if not self._running:
                self._idle.set()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        response = await self._handler(request)
        response.headers.setdefault("Server", SERVER_NAME)
        body = response.body if isinstance(response, web.Response) else None
        if isinstance(body, bytes) and len(body) > _PIECE_BYTES and request.method != "HEAD":
            return await _send_in_pieces(request, response, body)
        return response


async def _send_in_pieces(
    request: web.BaseRequest, response: web.StreamResponse, body: bytes
) -> web.StreamResponse:
    """Send a long body without a second copy of it in the connection's buffer. Raises ConnectionError like
    `send_piece`."""
    stream = web.StreamResponse(status=response.status, reason=response.reason, headers=response.headers)
    stream.content_length = len(body)
    await stream.prepare(request)
    for start in range(0, len(body), _PIECE_BYTES):
        await send_piece(request, stream, body[start : start + _PIECE_BYTES])
    return stream


async def send_piece(request: web.BaseRequest, response: web.StreamResponse, piece: bytes) -> None:
    """Send a part of a body, of 64 KiB at most, when the client has room for it.

    A client that does not read is cut off, so that it holds no memory for ever. Raises ConnectionError then.
    """
    try:
        async with asyncio.timeout(_PIECE_SECONDS):
            await response.write(piece)
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()
        raise ConnectionResetError("The client does not read the answer.") from None


class Connection(RequestHandler):
    """aiohttp's connection with error answers that a machine can read, and a limit for how long the head of
    a request may take.

    Attributes:
        lost: done when the client, or this host, has closed it.
    """

    __slots__ = ("_head_deadline", "_is_answering", "lost")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._head_deadline: asyncio.TimerHandle | None = None
        self._is_answering = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._is_answering and self._head_deadline is None:
            self._await_head()

    def connection_lost(self, exc: BaseException | None) -> None:
        self.head_arrived()
        super().connection_lost(exc)
        self.lost.set_result(None)

    def head_arrived(self) -> None:
        """A request is there and is being answered."""
        self._is_answering = True
        if self._head_deadline is not None:
            self._head_deadline.cancel()
            self._head_deadline = None

    def answered(self) -> None:
        """The next bytes begin another request. Between two requests aiohttp's own limit counts."""
        self._is_answering = False

    def _await_head(self) -> None:
        loop = asyncio.get_running_loop()
        self._head_deadline = loop.call_later(_HEAD_SECONDS, self.force_close)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if request.writer.output_size > 0:
            # Half an answer is out already; only closing the connection can tell the client.
            raise ConnectionError("The response had begun when the request failed.")
        if isinstance(exc, LineTooLong):
            text = f"The request line or a header is longer than {_LINE_LIMIT} bytes."
            response = json_reply(431, {"Message": text})
        else:
            if status >= 500:
                _log.error("A request could not be answered: %s", exc, exc_info=exc)
            response = empty_reply(status)
        response.headers["Server"] = SERVER_NAME
        response.force_close()
        return response


class _Server(Server):
    def __call__(self) -> RequestHandler:
        return Connection(self, loop=self._loop, **self._kwargs)
