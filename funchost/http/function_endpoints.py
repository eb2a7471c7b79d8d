"""Endpoints about functions: which there are, what is wrong with one, run one by hand.

They know the functions as the worker reported them; files are not served.
Source: Azure Functions host, FunctionsController.
"""

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiohttp import web

from funchost.conventions.names import HTTP_TRIGGER, TIMER_TRIGGER
from funchost.durable.refusals import Unreadable
from funchost.durable.text import storable
from funchost.http.pages import not_running
from funchost.http.replies import empty_reply, json_reply
from funchost.http.request import Refused, Request
from funchost.http.router import Route, full_route
from funchost.http.site import CALLED_OVER_HTTP
from funchost.settings import Settings
from funchost.worker.calling import Invoker, call
from funchost.worker.invocations import FunctionInfo, FunctionTimedOut, Invocation, PoolStopped, WorkerLost

TimerPayload = Callable[[str], Awaitable[bytes]]
"""What the timer function of this name is given when nobody waited for the clock."""

_WAY_TO_RUN = 'Send {"input": "text"}.'


class FunctionEndpoints:
    """Endpoints below `/admin/functions`, keys excepted; without functions until the app runs."""

    def __init__(self) -> None:
        self._functions: Sequence[FunctionInfo] = ()
        self._pool: Invoker | None = None
        self._timer_payload: TimerPayload
        self._prefix = ""
        self._by_hand: set[asyncio.Task[None]] = set()

    def use(
        self,
        settings: Settings,
        pool: Invoker,
        functions: Sequence[FunctionInfo],
        timer_payload: TimerPayload,
    ) -> None:
        """Serve these functions."""
        self._functions = sorted(functions, key=lambda function: function.name.upper())
        self._pool = pool
        self._timer_payload = timer_payload
        self._prefix = settings.route_prefix

    def forget(self) -> None:
        """There is no app."""
        self._functions, self._pool = (), None

    def named(self, name: str) -> FunctionInfo:
        """The function of this name, in any case. Raises Refused when there is none."""
        for function in self._functions:
            if function.name.casefold() == name.casefold():
                return function
        raise Refused(404)

    def routes(self) -> Sequence[Route]:
        """The routes below `/admin`."""
        return [
            Route.to("GET", "functions", self._list),
            Route.to("GET", "functions/{name}", self._show),
            Route.to("GET", "functions/{name}/status", self._status),
            Route.to("POST", "functions/{name}", self._run_by_hand),
        ]

    async def stop(self) -> None:
        """Wait for what was started by hand; the pool bounds how long that takes."""
        await asyncio.gather(*self._by_hand)

    async def _list(self, request: Request) -> web.Response:
        return json_reply(200, [self._item(function, request.base_url) for function in self._functions])

    async def _show(self, request: Request) -> web.Response:
        return json_reply(200, self._item(self.named(request.params["name"]), request.base_url))

    async def _status(self, request: Request) -> web.Response:
        error = self.named(request.params["name"]).error
        return json_reply(200, {"errors": [error]} if error else {})

    async def _run_by_hand(self, request: Request) -> web.Response:
        function = self.named(request.params["name"])
        if not request.is_json:
            raise Refused(415)
        try:
            body = await request.json()
        except Unreadable as error:
            raise Refused(400, f"The body is no JSON: {error}. {_WAY_TO_RUN}") from error
        if not isinstance(body, dict):
            raise Refused(400, f"The body is not a JSON object. {_WAY_TO_RUN}")
        if self._pool is None:
            return not_running()
        invocation = await self._invocation(function, body.get("input"))
        task = asyncio.create_task(_run(self._pool, invocation), name=f"by hand: {function.name}")
        self._by_hand.add(task)
        task.add_done_callback(self._by_hand.discard)
        return empty_reply(202)

    async def _invocation(self, function: FunctionInfo, given: Any) -> Invocation:
        invocation_id = str(uuid.uuid4())
        if function.trigger == TIMER_TRIGGER:
            # Whatever the input is: the original makes the timer's value itself.
            return Invocation(invocation_id, function.name, "json", await self._timer_payload(function.name))
        text = storable(given) if isinstance(given, str) else "" if given is None else json.dumps(given)
        return Invocation(invocation_id, function.name, "string", text.encode())

    def _item(self, function: FunctionInfo, base_url: str) -> dict[str, Any]:
        url = None
        if function.trigger == HTTP_TRIGGER:
            url = f"{base_url}/{full_route(function, self._prefix)}".lower()
        return {
            "name": function.name,
            "script_root_path_href": None,
            "script_href": f"{base_url}/admin/vfs/{function.script_file}",
            "config_href": None,
            "test_data_href": None,
            "href": f"{base_url}/admin/functions/{function.name}",
            "invoke_url_template": url,
            "language": "python",
            "config": {
                "name": function.name,
                "entryPoint": function.entry_point,
                "scriptFile": function.script_file,
                "language": "python",
                "functionDirectory": "",
                "bindings": list(function.bindings),
            },
            "files": None,
            "test_data": "",
            "isDisabled": function.disabled,
            "isDirect": False,
            "isProxy": False,
        }


async def _run(pool: Invoker, invocation: Invocation) -> None:
    try:
        await call(pool, invocation, CALLED_OVER_HTTP)
    except (WorkerLost, FunctionTimedOut, PoolStopped):
        return  # the journal has told it, and no client is waiting
