"""What one run of the app serves on the host's ports: its functions, the durable webhooks, the landing page.

Made anew with each restart of the app, from the settings and functions of that run. The ports themselves,
and what may reach them, belong to the front end.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from aiohttp import web

from funchost.conventions.names import ENTITY_TRIGGER, ORCHESTRATION_TRIGGER
from funchost.http.admission.access import DURABLE_KEY, Level, may_call, may_use_webhooks
from funchost.http.admission.callers import Callers
from funchost.http.admission.keys import KeyFile
from funchost.http.admission.throttle import RequestQueue, TooManyRequests
from funchost.http.functions import AppFunctions
from funchost.http.management.api import ManagementApi
from funchost.http.management.call import Call, Query
from funchost.http.management.documents import PUBLIC_PATH
from funchost.http.management.task_hub import TaskHub
from funchost.http.replies import empty_reply
from funchost.http.requests import Target
from funchost.http.routing.routes import Match
from funchost.http.url_text import path_segments
from funchost.settings import Settings
from funchost.worker.calling import Invoker
from funchost.worker.invocations import FunctionInfo

_THROTTLED = {"X-FUNCTION-SCALEOUT": "1"}
_LANDING_PAGE = Path(__file__).with_name("landing.html").read_bytes()


class Site:
    """The answers of one run of the app."""

    def __init__(
        self,
        settings: Settings,
        hub: TaskHub,
        pool: Invoker,
        functions: Sequence[FunctionInfo],
        keys: KeyFile | None,
    ) -> None:
        """Raises RouteError when one of the functions' routes cannot be registered."""
        self._settings = settings
        self._callers = Callers(keys)
        self._functions = AppFunctions(pool, functions, settings.route_prefix, settings.request_limit_bytes)
        limits = settings.request_limits
        self._queue = RequestQueue(limits.max_concurrent, limits.max_outstanding)
        orchestrators = durable_names(functions, ORCHESTRATION_TRIGGER)
        entities = durable_names(functions, ENTITY_TRIGGER)
        self._management = ManagementApi(
            hub,
            hub_name=settings.hub.name,
            connection=settings.hub.connection_name,
            orchestrator_names=lambda: orchestrators,
            entity_names=lambda: entities,
            code=None if keys is None else keys.current().system.get(DURABLE_KEY),
        )

    async def answer(self, request: web.BaseRequest, target: Target, base_url: str) -> web.Response:
        """The response to a request on the public port; `base_url` is the scheme and host of URLs in it."""
        try:
            async with self._queue.place():
                return await self._answer(request, target, base_url)
        except TooManyRequests:
            return empty_reply(429, _THROTTLED)

    async def manage(
        self,
        request: web.BaseRequest,
        target: Target,
        segments: Sequence[str],
        base_url: str,
        body_limit: int | None,
    ) -> web.Response:
        """The response of the durable API to the path behind its base."""
        query = Query(target.raw_query)
        return await self._management.answer(
            Call(request, tuple(segments), query, target.url, base_url + PUBLIC_PATH, body_limit)
        )

    async def _answer(self, request: web.BaseRequest, target: Target, base_url: str) -> web.Response:
        segments = path_segments(target.path)
        # Webhooks come before functions, as in the original; a function cannot have such a route anyway.
        if segments and segments[0].casefold() == "runtime":
            return await self._webhook(request, target, segments, base_url)
        match = self._functions.match(request.method, target.path)
        if match is not None:
            return await self._function(request, target, match)
        if target.path == "/" and request.method == "GET":
            return self._landing_page()
        return empty_reply(404)

    async def _webhook(
        self, request: web.BaseRequest, target: Target, segments: Sequence[str], base_url: str
    ) -> web.Response:
        base = path_segments(PUBLIC_PATH)
        if tuple(segment.casefold() for segment in segments[: len(base)]) != base:
            return empty_reply(404)
        if not may_use_webhooks(self._callers.of(request), DURABLE_KEY):
            return empty_reply(401)
        limit = self._settings.request_limit_bytes
        return await self.manage(request, target, segments[len(base) :], base_url, limit)

    async def _function(self, request: web.BaseRequest, target: Target, match: Match) -> web.Response:
        function = self._functions.named(match.function)
        caller = self._callers.of(request, function.name)
        # Without keys the original runs a disabled function that is not anonymous, because it takes everybody
        # for the administrator. Here disabled is disabled, as on Azure.
        is_open_to_caller = self._callers.are_asked and caller.level is Level.ADMIN
        if function.disabled and not is_open_to_caller:
            return empty_reply(404)
        if not may_call(function.auth_level, caller):
            return empty_reply(401)
        return await self._functions.answer(request, target, match)

    def _landing_page(self) -> web.Response:
        if self._settings.environment.get("AzureWebJobsDisableHomepage", "").casefold() == "true":
            return empty_reply(204)
        return web.Response(body=_LANDING_PAGE, headers={"Content-Type": "text/html; charset=utf-8"})


def durable_names(functions: Iterable[FunctionInfo], trigger: str) -> Sequence[str]:
    """The durable names of the functions with this trigger that run, in order."""
    running = (each for each in functions if each.trigger == trigger and not each.disabled and not each.error)
    return sorted(each.durable_name for each in running)
