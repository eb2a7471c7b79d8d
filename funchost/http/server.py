"""The HTTP front end of one host instance: the public port and the workers' private one.

It only composes. The public port serves the app's functions, the durable webhooks and the admin
endpoints behind the guard; the private one, on loopback under a secret path, serves the durable API
to the SDK's clients in the workers.
"""

import asyncio
import hmac
import logging
import secrets
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

from aiohttp import web

from funchost.durable.status import PUBLIC_PATH
from funchost.http.admin import AdminApi, host_id
from funchost.http.admission import cors
from funchost.http.admission.guard import Guard
from funchost.http.functions import AppFunctions, WorkerPool, not_running
from funchost.http.listener import Listener
from funchost.http.management.api import ManagementApi
from funchost.http.management.call import Call, Query
from funchost.http.management.task_hub import TaskHub
from funchost.http.replies import empty_reply, json_reply
from funchost.http.requests import Target, host_of, target_of
from funchost.settings.model import Settings
from funchost.worker.model import FunctionInfo

# What the original gives a request that comes while the host is starting.
STARTUP_PATIENCE_SECONDS = 30.0

_LANDING_PAGE = Path(__file__).with_name("landing.html").read_bytes()
_log = logging.getLogger("Host.Http")


class HttpFrontEnd:
    """Both ports of a host instance.

    Order of calls: `start_rpc` (the client binding needs its URL), `start` (accepts connections, whose
    requests wait), `ready` (with the app's functions, once the workers have reported them), `stop` (the
    public port; workers may still call back), and, when the workers are gone, `stop_rpc`.
    """

    def __init__(
        self,
        settings: Settings,
        hub: TaskHub,
        pool: WorkerPool,
        orchestrator_names: Callable[[], Sequence[str]],
        entity_names: Callable[[], Sequence[str]],
    ) -> None:
        self._settings = settings
        self._pool = pool
        self._port = settings.port
        self._guard = Guard(settings.address, settings.cors)
        self._management = ManagementApi(
            hub,
            hub_name=settings.hub.name,
            connection=settings.hub.connection_name,
            orchestrator_names=orchestrator_names,
            entity_names=entity_names,
        )
        self._admin = AdminApi(
            pool, host_id(settings.script_root), settings.route_prefix, settings.request_limit_bytes
        )
        self._functions: AppFunctions | None = None
        self._decided = asyncio.Event()
        self._public = Listener(self._answer_public)
        self._rpc = Listener(self._answer_rpc)
        self._secret = secrets.token_urlsafe(24)
        self._rpc_port = 0

    @property
    def rpc_base_url(self) -> str:
        """Where the SDK's clients in the workers call; ends with a slash."""
        return f"http://127.0.0.1:{self._rpc_port}/{self._secret}/durabletask/"

    @property
    def webhook_base_url(self) -> str:
        """The public base of the durable API, without a trailing slash."""
        return f"http://localhost:{self._port}{PUBLIC_PATH}"

    async def start_rpc(self) -> str:
        """Open the workers' port; returns `rpc_base_url`."""
        listening = socket.create_server(("127.0.0.1", 0))
        self._rpc_port = listening.getsockname()[1]
        await self._rpc.start(listening)
        return self.rpc_base_url

    async def start(self, listening_socket: socket.socket) -> None:
        """Accept connections on the public socket; their requests wait until `ready` or `fail`."""
        self._port = listening_socket.getsockname()[1]
        await self._public.start(listening_socket)

    def ready(self, functions: Sequence[FunctionInfo]) -> None:
        """Serve these functions from now on.

        Raises RouteError when one of their routes cannot be registered, which ends the host's start.
        """
        self._functions = AppFunctions(
            self._pool, functions, self._settings.route_prefix, self._settings.request_limit_bytes
        )
        self._admin.functions = sorted(functions, key=lambda function: function.name.upper())
        self._admin.state = "Running"
        self._decided.set()

    def fail(self) -> None:
        """The host could not start: whoever waits is told so."""
        self._admin.state = "Error"
        self._decided.set()

    async def stop(self, grace_seconds: float) -> None:
        """Close the public port and wait, at most this long, for the requests that run."""
        self._admin.state = "Stopping"
        await self._public.stop(grace_seconds)

    async def stop_rpc(self) -> None:
        """Close the workers' port. Call it when no worker is left to use it."""
        await self._rpc.stop(0)
        await self._admin.stop()

    async def _answer_public(self, request: web.BaseRequest) -> web.Response:
        origins = self._settings.cors
        if cors.is_preflight(origins, request.method, request.headers):
            response = empty_reply(204, cors.preflight_headers(origins, request.headers))
        else:
            refusal = self._guard.refusal(request.method, request.headers)
            if refusal is None:
                response = await self._route(request)
            else:
                response = json_reply(403, {"Message": refusal})
            response.headers.update(cors.response_headers(origins, request.headers))
        for name, value in self._settings.custom_headers.items():
            response.headers.setdefault(name, value)
        return response

    async def _route(self, request: web.BaseRequest) -> web.Response:
        target = target_of(request)
        segments = _segments(target.path)
        area = segments[0].casefold() if segments else ""
        if area == "admin":
            return await self._admin.answer(request, segments[1:], self._own_base(request))
        await self._wait_for_start()
        if self._functions is None:
            return not_running()
        # These come before functions, as in the original; a function cannot have such a route anyway.
        if area == "runtime":
            return await self._webhook(request, target, segments)
        match = self._functions.match(request.method, target.path)
        if match is not None:
            return await self._functions.answer(request, target, match)
        if target.path == "/" and request.method == "GET":
            return self._landing_page()
        return empty_reply(404)

    async def _wait_for_start(self) -> None:
        if self._decided.is_set():
            return
        try:
            async with asyncio.timeout(STARTUP_PATIENCE_SECONDS):
                await self._decided.wait()
        except TimeoutError:
            _log.warning("A request waited %g s for the host to start.", STARTUP_PATIENCE_SECONDS)

    async def _webhook(
        self, request: web.BaseRequest, target: Target, segments: Sequence[str]
    ) -> web.Response:
        base = _segments(PUBLIC_PATH)
        if tuple(segment.casefold() for segment in segments[: len(base)]) != base:
            return empty_reply(404)
        base_url = self._own_base(request) + PUBLIC_PATH
        limit = self._settings.request_limit_bytes
        return await self._manage(request, target, segments[len(base) :], base_url, limit)

    async def _answer_rpc(self, request: web.BaseRequest) -> web.Response:
        target = target_of(request)
        segments = _segments(target.path)
        if len(segments) < 2 or not hmac.compare_digest(segments[0].encode(), self._secret.encode()):
            return empty_reply(404)
        if segments[1].casefold() != "durabletask":
            return empty_reply(404)
        return await self._manage(request, target, segments[2:], self.webhook_base_url, None)

    async def _manage(
        self,
        request: web.BaseRequest,
        target: Target,
        segments: Sequence[str],
        base_url: str,
        body_limit: int | None,
    ) -> web.Response:
        query = Query(target.raw_query)
        return await self._management.answer(
            Call(request, tuple(segments), query, target.url, base_url, body_limit)
        )

    def _own_base(self, request: web.BaseRequest) -> str:
        return f"http://{host_of(request) or f'localhost:{self._port}'}"

    def _landing_page(self) -> web.Response:
        if self._settings.environment.get("AzureWebJobsDisableHomepage", "").casefold() == "true":
            return empty_reply(204)
        return web.Response(body=_LANDING_PAGE, headers={"Content-Type": "text/html; charset=utf-8"})


def _segments(path: str) -> tuple[str, ...]:
    """The parts of a decoded path; one slash at the end counts for nothing."""
    trimmed = path.removeprefix("/").removesuffix("/")
    return tuple(trimmed.split("/")) if trimmed else ()
