"""The HTTP front end of one host instance: the public port and the workers' private one.

It outlives restarts of the app: requests that come in between wait. The public port serves the app and
the admin endpoints behind the guard; the private one, on loopback under a secret path, serves the durable
API to the SDK's clients in the workers. What the app answers is the site's affair.
"""

import asyncio
import hmac
import logging
import secrets
import socket
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from aiohttp import web

from funchost.http.access import DURABLE_KEY, identify, may_administer, presented_key
from funchost.http.connections import Listener
from funchost.http.function_endpoints import FunctionEndpoints, TimerPayload
from funchost.http.guard import Guard
from funchost.http.host_endpoints import HostControl, HostEndpoints
from funchost.http.key_endpoints import key_routes
from funchost.http.key_file import KeyFile
from funchost.http.management.documents import PUBLIC_PATH
from funchost.http.management.hub_verbs import HubVerbs
from funchost.http.pages import OfflinePage, not_running
from funchost.http.replies import empty_reply
from funchost.http.request import Refused, Request
from funchost.http.router import Area
from funchost.http.site import Site
from funchost.settings import Settings
from funchost.worker.calling import Invoker
from funchost.worker.invocations import FunctionInfo

# What the original gives a request that comes while the host is starting.
STARTUP_PATIENCE_SECONDS = 30.0
RPC_PATH = "durabletask"

_log = logging.getLogger("Host.Http")


class HttpFrontEnd:
    """Both ports of a host instance.

    Order of calls: `start_rpc` (the client binding needs its URL), `start` (accepts connections, whose
    requests wait), then for each run of the app `ready` or `fail` and, before the next, `hold`; at the end
    `stop` (the public port; workers may still call back) and, when the workers are gone, `stop_rpc`.
    """

    def __init__(self, settings: Settings, control: HostControl, keys: KeyFile | None = None) -> None:
        """`keys` are those that requests need; None leaves everything open."""
        self._settings = settings
        self._keys = keys
        self._port = settings.port
        self._guard = _guard(settings)
        self._offline = OfflinePage(settings.script_root)
        self._host = HostEndpoints(settings, control, self._offline)
        self._functions = FunctionEndpoints()
        keys_routes = [] if keys is None else key_routes(keys, self._functions.named)
        self._admin = Area(
            "/admin", [*self._host.routes(), *self._functions.routes(), *keys_routes], may_administer
        )
        self._site: Site | None = None
        self._decided = asyncio.Event()
        self._public = Listener(self._answer_public)
        self._rpc = Listener(self._answer_rpc)
        self._secret = secrets.token_urlsafe(24)
        self._rpc_port = 0

    @property
    def rpc_base_url(self) -> str:
        """Where the SDK's clients in the workers call; ends with a slash."""
        return f"http://127.0.0.1:{self._rpc_port}/{self._secret}/{RPC_PATH}/"

    @property
    def webhook_base_url(self) -> str:
        """The public base of the durable API, without a trailing slash."""
        return f"http://{self._local_host}{PUBLIC_PATH}"

    @property
    def webhook_key(self) -> str | None:
        """The system key that the durable API's URLs carry; None when no keys are asked for."""
        return None if self._keys is None else self._keys.current().system.get(DURABLE_KEY)

    @property
    def is_offline(self) -> bool:
        """Whether app_offline.htm lies in the app's folder."""
        return self._offline.exists

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

    def ready(
        self,
        settings: Settings,
        clients: HubVerbs,
        pool: Invoker,
        functions: Sequence[FunctionInfo],
        timer_payload: TimerPayload,
    ) -> None:
        """Serve these functions from now on, under these settings.

        `timer_payload` gives what the timer function of a name receives when it is run by hand.
        Raises RouteError when one of their routes cannot be registered; the app cannot run then.
        """
        self._site = Site(settings, clients, pool, functions, self.webhook_key)
        self._settings = settings
        self._guard = _guard(settings)
        self._host.running(settings)
        self._functions.use(settings, pool, functions, timer_payload)
        self._decided.set()

    def hold(self) -> None:
        """Let requests wait until the next `ready` or `fail`; those that run go on."""
        self._host.starting()
        self._decided.clear()

    def fail(self, reason: str) -> None:
        """The app could not start: whoever waits is told that the host does not run."""
        self._site = None
        self._host.failed(reason)
        self._functions.forget()
        self._decided.set()

    async def stop(self, grace_seconds: float) -> None:
        """Close the public port and wait, at most this long, for the requests that run."""
        self._host.stopping()
        await self._public.stop(grace_seconds)

    async def stop_rpc(self) -> None:
        """Close the workers' port. Call it when no worker is left to use it."""
        await self._rpc.stop(0)
        await self._functions.stop()

    async def _answer_public(self, message: web.BaseRequest) -> web.StreamResponse:
        response: web.StreamResponse
        complete_headers = partial(self._complete_headers, message)
        try:
            request = replace(self._received(message), complete_headers=complete_headers)
            if self._guard.is_preflight(request.method, request.headers):
                response = empty_reply(204, self._guard.preflight_headers(request.headers))
            else:
                refusal = self._guard.refusal(request.method, request.host, request.headers)
                if refusal is not None:
                    raise Refused(403, refusal)
                response = await self._answer(request)
        except Refused as refused:
            response = refused.reply()
        complete_headers(response)
        return response

    def _complete_headers(self, message: web.BaseRequest, response: web.StreamResponse) -> None:
        """Add what every response on the public port has."""
        response.headers.update(self._guard.response_headers(message.headers))
        for name, value in self._settings.custom_headers.items():
            response.headers.setdefault(name, value)

    def _received(self, message: web.BaseRequest) -> Request:
        limit, hub = self._settings.request_limit_bytes, self._settings.hub
        request = Request.received(message, self._local_host, limit, hub.use_forwarded_host)
        if self._keys is None:
            return request
        key = presented_key(request.headers, request.query.values("code"))
        return replace(request, caller=identify(self._keys.current(), key))

    async def _answer(self, request: Request) -> web.StreamResponse:
        if self._admin.holds(request.path):
            return await self._admin.answer(request)
        page = self._offline.response()
        if page is not None:
            return page
        await self._wait_for_start()
        if self._site is None or not self._decided.is_set():
            return not_running()
        return await self._site.answer(request)

    async def _wait_for_start(self) -> None:
        if self._decided.is_set():
            return
        try:
            async with asyncio.timeout(STARTUP_PATIENCE_SECONDS):
                await self._decided.wait()
        except TimeoutError:
            _log.warning("A request waited %g s for the host to start.", STARTUP_PATIENCE_SECONDS)

    async def _answer_rpc(self, message: web.BaseRequest) -> web.StreamResponse:
        """What lies below the secret path is what the public port has below the durable API's."""
        base = f"/{self._secret}/{RPC_PATH}/"
        try:
            request = Request.received(message, self._local_host, body_limit=None)
            if not hmac.compare_digest(request.path[: len(base)].encode(), base.encode()):
                return empty_reply(404)
            if self._site is None:
                return not_running()
            path = f"{PUBLIC_PATH}/{request.path[len(base) :]}"
            local_base = f"http://{self._local_host}"
            return await self._site.answer_worker(replace(request, path=path, base_url=local_base))
        except Refused as refused:
            return refused.reply()

    @property
    def _local_host(self) -> str:
        return f"localhost:{self._port}"


def _guard(settings: Settings) -> Guard:
    return Guard(settings.address, settings.cors, (*settings.host_names, socket.gethostname()))
