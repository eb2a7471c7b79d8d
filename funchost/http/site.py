"""What one run of the app serves: its functions behind their routes, the durable webhooks, the landing page.

Made anew with each restart of the app, from the settings and functions of that run. The ports themselves,
and what may reach them, belong to the front end; what a worker does with an invocation is the pool's affair.
Source: Azure Functions host, HTTP trigger execution.
"""

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import partial

from aiohttp import web

from funchost.conventions.names import ENTITY_TRIGGER, HTTP_TRIGGER, ORCHESTRATION_TRIGGER
from funchost.http.access import ADMINISTRATOR, DURABLE_KEY, MCP_KEY, may_call, may_use_webhooks
from funchost.http.management.documents import PUBLIC_PATH
from funchost.http.management.durable_api import DurableApi
from funchost.http.management.hub_verbs import HubVerbs
from funchost.http.mcp_endpoint import MCP_PATH, McpEndpoint
from funchost.http.mcp_tools import tools_of
from funchost.http.pages import landing_page, not_running
from funchost.http.replies import UnsendableReply, empty_reply, response_of
from funchost.http.request import Request
from funchost.http.router import Area, Route, answer_in, function_routes
from funchost.http.streaming import StreamingFunctions
from funchost.settings import Settings
from funchost.worker.calling import Invoker, call
from funchost.worker.invocations import (
    FunctionInfo,
    FunctionTimedOut,
    HttpCall,
    Invocation,
    PoolStopped,
    WorkerLost,
)

CALLED_OVER_HTTP = "This function was programmatically called via the host APIs."

_THROTTLED = {"X-FUNCTION-SCALEOUT": "1"}

_log = logging.getLogger("Host.Http")


class Site:
    """The answers of one run of the app."""

    def __init__(
        self,
        settings: Settings,
        hub: HubVerbs,
        pool: Invoker,
        functions: Sequence[FunctionInfo],
        code: str | None,
    ) -> None:
        """`code` is the system key that durable URLs carry, if there is one.

        Raises RouteError when one of the functions' routes cannot be registered.
        """
        self._settings = settings
        self._pool = pool
        self._streaming = StreamingFunctions(pool, CALLED_OVER_HTTP)
        limits = settings.request_limits
        self._queue = RequestQueue(limits.max_concurrent, limits.max_outstanding)
        durable = DurableApi(
            hub,
            hub_name=settings.hub.name,
            connection=settings.hub.connection_name,
            orchestrator_names=durable_names(functions, ORCHESTRATION_TRIGGER),
            entity_names=durable_names(functions, ENTITY_TRIGGER),
            code=code,
        )
        mcp = McpEndpoint(tools_of(functions), pool)
        served = [each for each in functions if each.trigger == HTTP_TRIGGER and each.error is None]
        # Webhooks come before functions, as in the original; a function cannot have such a route anyway. What
        # else gets a path of its own is one more area here.
        self._areas = (
            Area(PUBLIC_PATH, durable.routes(), partial(may_use_webhooks, key_name=DURABLE_KEY)),
            Area(MCP_PATH, mcp.routes(), partial(may_use_webhooks, key_name=MCP_KEY)),
            Area("/runtime"),
            Area(
                "",
                [
                    *function_routes(served, settings.route_prefix, lambda each: partial(self._run, each)),
                    Route.to("GET", "", self._landing_page),
                ],
            ),
        )

    async def answer(self, request: Request) -> web.StreamResponse:
        """The response to a request on the public port, in its turn."""
        try:
            async with self._queue.place():
                return await answer_in(self._areas, request)
        except TooManyRequests:
            return empty_reply(429, _THROTTLED)

    async def answer_worker(self, request: Request) -> web.StreamResponse:
        """The response to a request of the app's own workers; those that wait hold up none of these."""
        return await answer_in(self._areas, request)

    async def _run(self, function: FunctionInfo, request: Request) -> web.StreamResponse:
        """Run a function, if the caller may, and turn what it returned into the response."""
        # Without keys the original runs a disabled function that is not anonymous, because it takes everybody
        # for the administrator. Here disabled is disabled, as on Azure.
        if function.disabled and request.caller != ADMINISTRATOR:
            return empty_reply(404)
        if not may_call(function.name, function.auth_level, request.caller):
            return empty_reply(401)
        invocation_id = str(uuid.uuid4())
        try:
            if function.is_streamed:
                return await self._streaming.answer(function.name, invocation_id, request)
            invocation = await _invocation(function.name, invocation_id, request)
            return response_of(await call(self._pool, invocation, CALLED_OVER_HTTP))
        except (WorkerLost, FunctionTimedOut):
            return empty_reply(500)
        except PoolStopped:
            return not_running()
        except UnsendableReply as error:
            _log.error(
                "The response of function '%s' cannot be sent: %s",
                function.name,
                error,
                extra={"function": function.name, "invocation": invocation_id},
            )
            return empty_reply(500)

    async def _landing_page(self, request: Request) -> web.Response:
        if self._settings.environment.get("AzureWebJobsDisableHomepage", "").casefold() == "true":
            return empty_reply(204)
        return landing_page()


async def _invocation(function: str, invocation_id: str, request: Request) -> Invocation:
    return Invocation(
        invocation_id=invocation_id,
        function=function,
        datum="http",
        payload=await request.body(),
        http=HttpCall(
            method=request.method,
            url=request.url,
            headers=request.joined_headers(),
            query=request.query.joined(),
            params=request.params,
        ),
        trace=request.trace,
    )


def durable_names(functions: Iterable[FunctionInfo], trigger: str) -> Sequence[str]:
    """The durable names of the functions with this trigger that run, in order."""
    running = (each for each in functions if each.trigger == trigger and not each.disabled and not each.error)
    return sorted(each.durable_name for each in running)


class TooManyRequests(Exception):
    """As many requests as are allowed run or wait already."""


class RequestQueue:
    """How many requests run at once, and how many may wait: host.json `extensions.http`; None is no limit.

    Source: Azure Functions host, HttpThrottleMiddleware and HttpRequestQueue.
    """

    def __init__(self, max_concurrent: int | None, max_outstanding: int | None) -> None:
        self._running = None if max_concurrent is None else asyncio.Semaphore(max_concurrent)
        self._max_outstanding = max_outstanding
        self._outstanding = 0

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """A place for one request, as soon as one is free, in the order of arrival.

        Raises TooManyRequests at once when too many run or wait already.
        """
        if self._max_outstanding is not None and self._outstanding >= self._max_outstanding:
            raise TooManyRequests
        self._outstanding += 1
        try:
            if self._running is None:
                yield
            else:
                async with self._running:
                    yield
        finally:
            self._outstanding -= 1
