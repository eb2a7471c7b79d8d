"""The routes of the durable HTTP API, over one task hub.

Every refusal is JSON or empty. Which path belongs to which route is the router's affair.
Source: HTTP management API, routes.
"""

from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

from funchost.http.management import instance_endpoints as instances
from funchost.http.management.entity_endpoints import Entities
from funchost.http.management.errors import BadArgument, error_reply
from funchost.http.management.hub_verbs import HubVerbs
from funchost.http.management.start_endpoints import Starter
from funchost.http.replies import empty_reply
from funchost.http.request import Request
from funchost.http.router import Route

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
