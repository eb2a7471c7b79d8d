"""The host's own endpoints: is it up, which functions does it have, run one by hand.

They know the functions as the worker reported them; keys and files are not served.
Source: Azure Functions host, admin API.
"""

import asyncio
import hashlib
import json
import platform
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from funchost import __version__
from funchost.http.functions import HTTP_TRIGGER, WorkerPool, run
from funchost.http.replies import empty_reply, json_reply
from funchost.http.requests import BodyTooLarge, read_body
from funchost.http.routing.routes import HttpFunction, full_route
from funchost.worker.exceptions import PoolStopped, WorkerLost
from funchost.worker.model import FunctionInfo, Invocation

_NO_STORE = {"Cache-Control": "no-store, no-cache"}
_TIMER_TRIGGER = "timerTrigger"
# What a timer function is given when nobody waited for the clock.
_TIMER_BY_HAND = json.dumps({"Schedule": {"AdjustForDST": True}, "ScheduleStatus": None, "IsPastDue": False})
_LONGEST_HOST_ID = 32


@dataclass(slots=True)
class AdminApi:
    """Endpoints below `/admin`. `state` is the host's, as `/admin/host/status` tells it."""

    pool: WorkerPool
    host_id: str
    prefix: str
    body_limit: int
    functions: Sequence[FunctionInfo] = ()
    state: str = "Starting"
    _started: float = field(default_factory=time.monotonic)
    _by_hand: set[asyncio.Task[None]] = field(default_factory=set)

    async def answer(self, request: web.BaseRequest, segments: Sequence[str], base: str) -> web.Response:
        """The response to a path behind `/admin/`; `base` is the scheme and host of URLs in it."""
        method = request.method.upper()
        match (method, *(segment.casefold() for segment in segments)):
            case ("GET" | "POST", "host", "ping"):
                return empty_reply(200, _NO_STORE)
            case ("GET", "host", "status"):
                return json_reply(200, self._status())
            case ("GET", "functions"):
                return json_reply(200, [self._item(function, base) for function in self.functions])
            case (_, "functions", name, *rest):
                function = self._find(name)
                return (
                    empty_reply(404) if function is None else await self._one(request, function, rest, base)
                )
        return empty_reply(404)

    async def stop(self) -> None:
        """Wait for what was started by hand; the pool bounds how long that takes."""
        await asyncio.gather(*self._by_hand)

    async def _one(
        self, request: web.BaseRequest, function: FunctionInfo, rest: Sequence[str], base: str
    ) -> web.Response:
        match (request.method.upper(), *rest):
            case ("GET",):
                return json_reply(200, self._item(function, base))
            case ("GET", "status"):
                return json_reply(200, {"errors": [function.error]} if function.error else {})
            case ("POST",):
                return await self._run_by_hand(request, function)
        return empty_reply(404)

    async def _run_by_hand(self, request: web.BaseRequest, function: FunctionInfo) -> web.Response:
        if not request.headers.get("Content-Type", "").lower().startswith("application/json"):
            return empty_reply(415)
        try:
            body = json.loads(await read_body(request, self.body_limit))
        except BodyTooLarge as error:
            return json_reply(413, {"Message": str(error)})
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            return json_reply(400, {"Message": 'The body is not a JSON object. Send {"input": "text"}.'})
        invocation = _invocation(function, body.get("input"))
        task = asyncio.create_task(self._run(invocation), name=f"by hand: {function.name}")
        self._by_hand.add(task)
        task.add_done_callback(self._by_hand.discard)
        return empty_reply(202)

    async def _run(self, invocation: Invocation) -> None:
        try:
            await run(self.pool, invocation)
        except (WorkerLost, PoolStopped):
            return  # the journal has told it, and no client is waiting

    def _find(self, name: str) -> FunctionInfo | None:
        return next((each for each in self.functions if each.name.casefold() == name.casefold()), None)

    def _status(self) -> dict[str, Any]:
        return {
            "id": self.host_id,
            "state": self.state,
            "version": __version__,
            "versionDetails": f"funchost {__version__}",
            "processUptime": int((time.monotonic() - self._started) * 1000),
            "functionAppContentEditingState": "NotAllowed",
        }

    def _item(self, function: FunctionInfo, base: str) -> dict[str, Any]:
        url = None
        if function.trigger == HTTP_TRIGGER:
            route = full_route(HttpFunction(function.name, function.route), self.prefix)
            url = f"{base}/{route}".lower()
        return {
            "name": function.name,
            "script_root_path_href": None,
            "script_href": f"{base}/admin/vfs/{function.script_file}",
            "config_href": None,
            "test_data_href": None,
            "href": f"{base}/admin/functions/{function.name}",
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


def _invocation(function: FunctionInfo, given: Any) -> Invocation:
    text = given if isinstance(given, str) else "" if given is None else json.dumps(given)
    is_timer = function.trigger == _TIMER_TRIGGER
    return Invocation(
        invocation_id=str(uuid.uuid4()),
        function=function.name,
        datum="json" if is_timer else "string",
        payload=(text or _TIMER_BY_HAND if is_timer else text).encode(),
    )


def host_id(script_root: Path) -> str:
    """Machine name and a hash of the app's path, at most 32 characters; the same at each start.

    Source: Azure Functions host, ScriptHostIdProvider.
    """
    machine = "".join(c for c in platform.node().lower() if c.isascii() and c.isalnum())
    path_hash = int.from_bytes(hashlib.sha256(str(script_root).encode()).digest()[:4])
    return f"{machine[: _LONGEST_HOST_ID - 11]}-{path_hash}"
