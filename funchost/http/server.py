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

from aiohttp import web

from funchost.http.admin.api import AdminApi
from funchost.http.admin.functions import TimerPayload
from funchost.http.admin.host import HostControl
from funchost.http.admission import cors
from funchost.http.admission.access import DURABLE_KEY
from funchost.http.admission.guard import Guard
from funchost.http.admission.keys import KeyFile
from funchost.http.functions import not_running
from funchost.http.listener import Listener
from funchost.http.management.documents import PUBLIC_PATH
from funchost.http.management.task_hub import TaskHub
from funchost.http.offline import OfflinePage
from funchost.http.replies import empty_reply, json_reply
from funchost.http.requests import host_of, target_of
from funchost.http.site import Site
from funchost.http.url_text import path_segments
from funchost.settings import Settings
from funchost.worker.calling import Invoker
from funchost.worker.invocations import FunctionInfo

# What the original gives a request that comes while the host is starting.
STARTUP_PATIENCE_SECONDS = 30.0

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
        self._guard = Guard(settings.address, settings.cors)
        self._offline = OfflinePage(settings.script_root)
        self._admin = AdminApi(settings, control, self._offline, keys)
        self._site: Site | None = None
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
        return f"{self._local_base}{PUBLIC_PATH}"

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
        clients: TaskHub,
        pool: Invoker,
        functions: Sequence[FunctionInfo],
        timer_payload: TimerPayload,
    ) -> None:
        """Serve these functions from now on, under these settings.

        `timer_payload` gives what the timer function of a name receives when it is run by hand.
        Raises RouteError when one of their routes cannot be registered; the app cannot run then.
        """
        self._site = Site(settings, clients, pool, functions, self._keys)
        self._settings = settings
        self._guard = Guard(settings.address, settings.cors)
        self._admin.ready(settings, pool, functions, timer_payload)
        self._decided.set()

    def hold(self) -> None:
        """Let requests wait until the next `ready` or `fail`; those that run go on."""
        self._admin.starting()
        self._decided.clear()

    def fail(self, reason: str) -> None:
        """The app could not start: whoever waits is told that the host does not run."""
        self._site = None
        self._admin.failed(reason)
        self._decided.set()

    async def stop(self, grace_seconds: float) -> None:
        """Close the public port and wait, at most this long, for the requests that run."""
        self._admin.stopping()
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
        base_url = f"http://{host_of(request)}" if host_of(request) else self._local_base
        segments = path_segments(target.path)
        if segments and segments[0].casefold() == "admin":
            return await self._admin.answer(request, segments[1:], base_url)
        if page := self._offline.response():
            return page
        await self._wait_for_start()
        if self._site is None or not self._decided.is_set():
            return not_running()
        return await self._site.answer(request, target, base_url)

    async def _wait_for_start(self) -> None:
        if self._decided.is_set():
            return
        try:
            async with asyncio.timeout(STARTUP_PATIENCE_SECONDS):
                await self._decided.wait()
        except TimeoutError:
            _log.warning("A request waited %g s for the host to start.", STARTUP_PATIENCE_SECONDS)

    async def _answer_rpc(self, request: web.BaseRequest) -> web.Response:
        target = target_of(request)
        segments = path_segments(target.path)
        if len(segments) < 2 or not hmac.compare_digest(segments[0].encode(), self._secret.encode()):
            return empty_reply(404)
        if segments[1].casefold() != "durabletask":
            return empty_reply(404)
        if self._site is None:
            return not_running()
        return await self._site.manage(request, target, segments[2:], self._local_base, None)

    @property
    def _local_base(self) -> str:
        return f"http://localhost:{self._port}"
