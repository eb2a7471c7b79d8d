"""Which handler a management request goes to.

Fixed words match in any case, a wrong verb is a 404 like an unknown path, and every refusal is JSON or
empty. Source: HTTP management API, routes.
"""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from aiohttp import web

from funchost.http.management import instances
from funchost.http.management.call import Call
from funchost.http.management.entities import Entities
from funchost.http.management.errors import BadArgument, error_reply
from funchost.http.management.starting import Starter
from funchost.http.management.task_hub import TaskHub
from funchost.http.replies import empty_reply

Answer = Coroutine[Any, Any, web.Response]


class ManagementApi:
    """The durable HTTP API over one task hub."""

    def __init__(
        self,
        hub: TaskHub,
        *,
        hub_name: str,
        connection: str,
        orchestrator_names: Callable[[], Sequence[str]],
        entity_names: Callable[[], Sequence[str]],
        code: str | None = None,
    ) -> None:
        self._hub = hub
        self._hub_name = hub_name
        self._starter = Starter(hub, hub_name, connection, orchestrator_names, code)
        self._entities = Entities(hub, entity_names)

    async def answer(self, call: Call) -> web.Response:
        """The response to any request below the base; never raises for what a client can send."""
        try:
            self._check_hub(call)
            handler = self._handler(call)
            return empty_reply(404) if handler is None else await handler
        except Exception as error:
            return error_reply(error)

    def _check_hub(self, call: Call) -> None:
        asked = call.query.text("taskHub")
        if asked and asked.casefold() != self._hub_name.casefold():
            raise BadArgument(
                f"taskHub: '{asked}' is not the task hub of this host. "
                f"Leave it out or give '{self._hub_name}'."
            )

    def _handler(self, call: Call) -> Answer | None:
        match call.segments:
            case () | ("", *_):
                return None
            case (first, *rest):
                group = first.casefold()
        if group == "instances":
            return self._instances(call, rest)
        if group == "orchestrators" and call.method == "POST":
            return self._orchestrators(call, rest)
        if group == "entities":
            return self._entity(call, rest)
        if group == "makeprimary" and not rest:
            return _nothing_to_do()
        return None

    def _orchestrators(self, call: Call, rest: Sequence[str]) -> Answer | None:
        match rest:
            case [name]:
                return self._starter.start(call, name, None)
            case [name, instance_id]:
                return self._starter.start(call, name, instance_id)
        return None

    def _instances(self, call: Call, rest: Sequence[str]) -> Answer | None:
        match (call.method, *rest):
            case ("GET",):
                return instances.list_instances(self._hub, call)
            case ("DELETE",):
                return instances.purge_many(self._hub, call)
            case ("GET", instance_id):
                return instances.get_status(self._hub, call, instance_id)
            case ("DELETE", instance_id):
                return instances.purge(self._hub, call, instance_id)
            case ("POST", instance_id, operation):
                return self._operation(call, instance_id, operation.casefold())
            case ("POST", instance_id, operation, name) if operation.casefold() == "raiseevent":
                return instances.raise_event(self._hub, call, instance_id, name)
        return None

    def _operation(self, call: Call, instance_id: str, operation: str) -> Answer | None:
        if operation in ("terminate", "suspend", "resume", "rewind"):
            return instances.steer(self._hub, call, instance_id, operation)
        if operation == "restart":
            return self._starter.restart(call, instance_id)
        return None

    def _entity(self, call: Call, rest: Sequence[str]) -> Answer | None:
        match (call.method, *rest):
            case ("GET",):
                return self._entities.list(call, "")
            case ("GET", name):
                return self._entities.list(call, name)
            case ("GET", name, key):
                return self._entities.read(name, key)
            case ("POST", name, key):
                return self._entities.signal(call, name, key)
            case ("DELETE", name, key):
                return self._entities.delete(name, key)
        return None


async def _nothing_to_do() -> web.Response:
    return empty_reply(200)
