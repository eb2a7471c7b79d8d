"""The routes of the durable HTTP API over one task hub, and what it says when it refuses.

Every refusal is JSON or empty: the SDK reads `ExceptionMessage` of a 400 and hands the whole object of a 500
to its caller. Which path belongs to which route is the router's affair.
Source: HTTP management API, routes; ASP.NET Web API error objects as the durable extension answers them.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

from funchost.durable import refusals
from funchost.durable.refusals import Unreadable
from funchost.http.management import instance_endpoints as instances
from funchost.http.management.entity_endpoints import Entities
from funchost.http.management.filters import BadArgument
from funchost.http.management.hub_verbs import HubVerbs
from funchost.http.management.instance_endpoints import Starter
from funchost.http.replies import empty_reply, json_reply
from funchost.http.request import Refused, Request
from funchost.http.router import Route

BAD_ARGUMENT = "One or more of the arguments submitted is incorrect"
SOMETHING_WENT_WRONG = "Something went wrong while processing your request"
BAD_JSON = "Invalid JSON content"

_log = logging.getLogger("Host.Triggers.DurableTask")

_Answer = Callable[[Request], Awaitable[web.Response]]


class DurableApi:
    """The durable HTTP API of one run of the app."""

    def __init__(
        self,
        hub: HubVerbs,
        *,
        hub_name: str,
        connection: str,
        orchestrator_names: Sequence[str],
        entity_names: Sequence[str],
        code: str | None = None,
    ) -> None:
        """`code` is the system key that the URLs in answers carry, if there is one."""
        self._hub = hub
        self._hub_name = hub_name
        self._starter = Starter(hub, hub_name, connection, orchestrator_names, code)
        self._entities = Entities(hub, entity_names)

    def routes(self) -> list[Route]:
        """The routes below the API's base; their answers never raise for what a client can send."""
        hub, starter, entities = self._hub, self._starter, self._entities
        table: list[tuple[str, str, _Answer]] = [
            (
                "POST",
                "orchestrators/{name}/{id?}",
                lambda r: starter.start(r, r.params["name"], r.params.get("id")),
            ),
            ("GET", "instances", lambda r: instances.list_instances(hub, r)),
            ("DELETE", "instances", lambda r: instances.purge_many(hub, r)),
            ("GET", "instances/{id}", lambda r: instances.get_status(hub, r, r.params["id"])),
            ("DELETE", "instances/{id}", lambda r: instances.purge(hub, r.params["id"])),
            (
                "POST",
                "instances/{id}/raiseEvent/{name}",
                lambda r: instances.raise_event(hub, r, r.params["id"], r.params["name"]),
            ),
            ("POST", "instances/{id}/restart", lambda r: starter.restart(r, r.params["id"])),
            (
                "POST",
                "instances/{id}/{operation:regex(^(terminate|suspend|resume|rewind)$)}",
                lambda r: instances.steer(hub, r, r.params["id"], r.params["operation"].lower()),
            ),
            ("GET", "entities/{name?}", lambda r: entities.list(r, r.params.get("name", ""))),
            ("GET", "entities/{name}/{key}", lambda r: entities.read(r.params["name"], r.params["key"])),
            (
                "POST",
                "entities/{name}/{key}",
                lambda r: entities.signal(r, r.params["name"], r.params["key"]),
            ),
            ("DELETE", "entities/{name}/{key}", lambda r: entities.delete(r.params["name"], r.params["key"])),
            ("", "makeprimary", _nothing_to_do),
        ]
        return [Route.to(methods, template, self._safe(answer)) for methods, template, answer in table]

    def _safe(self, answer: _Answer) -> _Answer:
        async def answer_safely(request: Request) -> web.Response:
            try:
                self._check_hub(request)
                return await answer(request)
            except Exception as error:
                return error_reply(error)

        return answer_safely

    def _check_hub(self, request: Request) -> None:
        asked = request.query.text("taskHub")
        if asked and asked.casefold() != self._hub_name.casefold():
            raise BadArgument(
                f"taskHub: '{asked}' is not the task hub of this host. "
                f"Leave it out or give '{self._hub_name}'."
            )


async def _nothing_to_do(request: Request) -> web.Response:
    return empty_reply(200)


def error_reply(error: Exception) -> web.Response:
    """The response for whatever a handler raised."""
    text = str(error)
    match error:
        case refusals.InstanceNotFound():
            return empty_reply(404)
        case refusals.InstanceEnded():
            # The instance exists and has ended, so the answer is "gone", not "not found".
            return empty_reply(410)
        case refusals.InvalidInstanceId() | BadArgument():
            return _error_object(400, BAD_ARGUMENT, text, "System.ArgumentException")
        case Unreadable():
            return _error_object(400, BAD_JSON, text, "Newtonsoft.Json.JsonReaderException")
        case Refused():
            return error.reply()
        case refusals.InstanceExists():
            kind = "DurableTask.Core.Exceptions.OrchestrationAlreadyExistsException"
            return _error_object(500, SOMETHING_WENT_WRONG, text, kind)
        case refusals.DurableError():
            return _error_object(500, SOMETHING_WENT_WRONG, text, "System.InvalidOperationException")
    _log.error("The durable HTTP API failed: %s: %s", type(error).__name__, text, exc_info=error)
    return _error_object(500, SOMETHING_WENT_WRONG, text, "System.Exception")


def _error_object(status: int, message: str, text: str, kind: str) -> web.Response:
    return json_reply(
        status, {"Message": message, "ExceptionMessage": text, "ExceptionType": kind, "StackTrace": ""}
    )
