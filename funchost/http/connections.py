"""One listening socket and its connections: aiohttp's server without its pages, logs and routing.

Whoever uses it gives one handler. Errors that never reach the handler (a broken request line, headers
that are too long) are answered here, as JSON or empty, because SDK clients parse every body.
"""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable

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

_log = logging.getLogger("Host.Http")


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
        try:
            response = await self._handler(request)
            response.headers.setdefault("Server", SERVER_NAME)
            return response
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()


class _Protocol(RequestHandler):
    """aiohttp's connection with error answers that a machine can read."""

    __slots__ = ()

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
        return _Protocol(self, loop=self._loop, **self._kwargs)
