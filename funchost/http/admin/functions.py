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
from funchost.http.functions import REASON, not_running
from funchost.http.replies import empty_reply, json_reply
from funchost.http.requests import BodyTooLarge, read_body
from funchost.http.routing.routes import HttpFunction, full_route
from funchost.settings import Settings
from funchost.worker.calling import Invoker, call
from funchost.worker.invocations import FunctionInfo, FunctionTimedOut, Invocation, PoolStopped, WorkerLost

TimerPayload = Callable[[str], Awaitable[bytes]]
"""What the timer function of this name is given when nobody waited for the clock."""


class FunctionsApi:
    """Endpoints below `/admin/functions`, keys excepted; without functions until the app runs."""

    def __init__(self) -> None:
        self._functions: Sequence[FunctionInfo] = ()
        self._pool: Invoker | None = None
        self._timer_payload: TimerPayload
        self._prefix = ""
        self._body_limit = 0
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
        self._body_limit = settings.request_limit_bytes

    def forget(self) -> None:
        """There is no app."""
        self._functions, self._pool = (), None

    def find(self, name: str) -> FunctionInfo | None:
        """The function of this name, in any case."""
        return next((each for each in self._functions if each.name.casefold() == name.casefold()), None)

    def list(self, base_url: str) -> web.Response:
        """All functions."""
        return json_reply(200, [self._item(function, base_url) for function in self._functions])

    async def answer(
        self, request: web.BaseRequest, function: FunctionInfo, rest: Sequence[str], base_url: str
    ) -> web.Response:
        """The response to the path behind the function's name."""
        match (request.method.upper(), *rest):
            case ("GET",):
                return json_reply(200, self._item(function, base_url))
            case ("GET", "status"):
                return json_reply(200, {"errors": [function.error]} if function.error else {})
            case ("POST",):
                return await self._run_by_hand(request, function)
        return empty_reply(404)

    async def stop(self) -> None:
        """Wait for what was started by hand; the pool bounds how long that takes."""
        await asyncio.gather(*self._by_hand)

    async def _run_by_hand(self, request: web.BaseRequest, function: FunctionInfo) -> web.Response:
        if not request.headers.get("Content-Type", "").lower().startswith("application/json"):
            return empty_reply(415)
        try:
            body = json.loads(await read_body(request, self._body_limit))
        except BodyTooLarge as error:
            return json_reply(413, {"Message": str(error)})
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            return json_reply(400, {"Message": 'The body is not a JSON object. Send {"input": "text"}.'})
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
        text = given if isinstance(given, str) else "" if given is None else json.dumps(given)
        return Invocation(invocation_id, function.name, "string", text.encode())

    def _item(self, function: FunctionInfo, base_url: str) -> dict[str, Any]:
        url = None
        if function.trigger == HTTP_TRIGGER:
            route = full_route(HttpFunction(function.name, function.route), self._prefix)
            url = f"{base_url}/{route}".lower()
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
        await call(pool, invocation, REASON)
    except (WorkerLost, FunctionTimedOut, PoolStopped):
        return  # the journal has told it, and no client is waiting
