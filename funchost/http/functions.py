"""Requests to the app's own HTTP functions: find the function, run it in a worker, answer.

What the worker does with an invocation, and which worker gets it, is the pool's affair.
Source: Azure Functions host, HTTP trigger execution.
"""

import logging
import uuid
from collections.abc import Iterable

from aiohttp import web

from funchost.conventions.names import HTTP_TRIGGER
from funchost.http.replies import UnsendableReply, empty_reply, json_reply, response_of
from funchost.http.requests import BodyTooLarge, Target, http_call, read_body
from funchost.http.routing.routes import HttpFunction, Match, RouteTable
from funchost.worker.calling import Invoker, call
from funchost.worker.invocations import FunctionInfo, FunctionTimedOut, Invocation, PoolStopped, WorkerLost

NOT_RUNNING = "Function host is not running."

REASON = "This function was programmatically called via the host APIs."
_log = logging.getLogger("Host.Http")


class AppFunctions:
    """The HTTP functions of an app behind their routes, the disabled ones among them."""

    def __init__(
        self, pool: Invoker, functions: Iterable[FunctionInfo], prefix: str, body_limit: int
    ) -> None:
        """Raises RouteError when a route cannot be registered."""
        self._pool = pool
        self._body_limit = body_limit
        served = [each for each in functions if each.trigger == HTTP_TRIGGER and each.error is None]
        self._by_name = {each.name: each for each in served}
        self._routes = RouteTable((HttpFunction(f.name, f.route, f.methods) for f in served), prefix)

    def match(self, method: str, path: str) -> Match | None:
        """The function that a request belongs to."""
        return self._routes.match(method, path)

    def named(self, name: str) -> FunctionInfo:
        """The function of a match."""
        return self._by_name[name]

    async def answer(self, request: web.BaseRequest, target: Target, match: Match) -> web.Response:
        """Run the matched function and turn what it returned into the response."""
        try:
            body = await read_body(request, self._body_limit)
        except BodyTooLarge as error:
            return json_reply(413, {"Message": str(error)})
        invocation = Invocation(
            invocation_id=str(uuid.uuid4()),
            function=match.function,
            datum="http",
            payload=body,
            http=http_call(request, target, match.params),
            trace=(request.headers.get("traceparent", ""), request.headers.get("tracestate", "")),
        )
        try:
            return response_of(await call(self._pool, invocation, REASON))
        except (WorkerLost, FunctionTimedOut):
            return empty_reply(500)
        except PoolStopped:
            return not_running()
        except UnsendableReply as error:
            _log.error(
                "The response of function '%s' cannot be sent: %s",
                match.function,
                error,
                extra={"function": match.function, "invocation": invocation.invocation_id},
            )
            return empty_reply(500)


def not_running() -> web.Response:
    """The answer while there is no host behind the port: before the start is through, and at the end."""
    return web.Response(status=503, text=NOT_RUNNING)
