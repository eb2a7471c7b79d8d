"""Handlers about instances: start, look, list, steer, delete.

With `timeout` and `pollingInterval` a client may wait for the end of a start in the same request.
Source: HTTP management API: start and restart instance, instances routes.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from funchost.durable.failures import unknown_function
from funchost.durable.instances import Instance, Status
from funchost.durable.refusals import InstanceEnded, InstanceNotFound, WrongState
from funchost.durable.text import dump_json, parse_json
from funchost.http.management import filters
from funchost.http.management.documents import (
    PUBLIC_PATH,
    check_status_payload,
    status_payload,
    stored_value,
)
from funchost.http.management.filters import BadArgument
from funchost.http.management.hub_verbs import HubVerbs
from funchost.http.replies import empty_reply, json_reply, json_text_reply
from funchost.http.request import Query, Refused, Request

_POLL_AFTER_SECONDS = "5"
_POLL_AFTER_START_SECONDS = "10"
_SHORTEST_POLL_SECONDS = 0.02
_UNFINISHED = frozenset(status for status in Status if not status.is_final)


async def get_status(hub: HubVerbs, request: Request, instance_id: str) -> web.Response:
    """GET instances/{id}."""
    instance = await hub.get(instance_id)
    if instance is None:
        raise InstanceNotFound(instance_id)
    history = None
    if request.query.flag("showHistory", False) and instance.status is not Status.PENDING:
        history = await hub.history(instance_id)
    payload = status_payload(
        instance,
        show_input=request.query.flag("showInput", True),
        history=history,
        show_history_output=request.query.flag("showHistoryOutput", False),
    )
    if instance.status in _UNFINISHED:
        return json_reply(202, payload, {"Location": request.location, "Retry-After": _POLL_AFTER_SECONDS})
    return json_reply(_status_when_ended(instance, request.query), payload)


def _status_when_ended(instance: Instance, query: Query) -> int:
    failed = instance.status is Status.FAILED
    return 500 if failed and query.flag("returnInternalServerErrorOnFailure", False) else 200


async def list_instances(hub: HubVerbs, request: Request) -> web.Response:
    """GET instances: one page, entities included, in the order of IDs."""
    token = filters.decode_token(request.headers.get(filters.CONTINUATION_HEADER, ""))
    limit = filters.page_size(request.query)
    instances, following = await hub.find(filters.instances_filter(request.query), limit, token)
    show_input = request.query.flag("showInput", True)
    items = [status_payload(instance, show_input=show_input) for instance in instances]
    return json_reply(200, items, {filters.CONTINUATION_HEADER: filters.encode_token(following)})


async def purge(hub: HubVerbs, instance_id: str) -> web.Response:
    """DELETE instances/{id}."""
    try:
        deleted = await hub.purge(instance_id)
    except WrongState as error:
        # The original deletes a running instance under its own feet; that is refused here.
        return json_reply(409, {"Message": str(error)})
    return json_reply(200, {"instancesDeleted": 1}) if deleted else empty_reply(404)


async def purge_many(hub: HubVerbs, request: Request) -> web.Response:
    """DELETE instances?createdTimeFrom=..."""
    filter = filters.purge_filter(request.query)
    if filter is None:
        return json_reply(400, "Please provide value for 'createdTimeFrom' parameter.")
    deleted = (await hub.purge_where(filter)).deleted
    return json_reply(200, {"instancesDeleted": deleted}) if deleted else empty_reply(404)


async def raise_event(hub: HubVerbs, request: Request, instance_id: str, name: str) -> web.Response:
    """POST instances/{id}/raiseEvent/{name}. Whether the instance can take it is asked before the body."""
    instance = await hub.get(instance_id)
    if instance is None:
        raise InstanceNotFound(instance_id)
    if instance.status.is_final:
        raise InstanceEnded(instance_id, instance.status)
    if not request.is_json:
        raise Refused(400, "Only application/json request content is supported")
    await hub.raise_event(instance_id, name, dump_json(await request.json()))
    return empty_reply(202)


async def steer(hub: HubVerbs, request: Request, instance_id: str, operation: str) -> web.Response:
    """POST instances/{id}/terminate, suspend, resume and rewind, each with an optional reason."""
    operations = {
        "terminate": hub.terminate,
        "suspend": hub.suspend,
        "resume": hub.resume,
        "rewind": hub.rewind,
    }
    await operations[operation](instance_id, request.query.text("reason") or "")
    return empty_reply(202)


@dataclass(frozen=True, slots=True)
class Starter:
    """Begins instances in one hub; `code` is the system key that the URLs carry, if there is one."""

    hub: HubVerbs
    hub_name: str
    connection: str
    orchestrator_names: Sequence[str]
    code: str | None = None

    async def start(self, request: Request, name: str, instance_id: str | None) -> web.Response:
        """POST orchestrators/{name}[/{id}]; the body, whatever its type says, is the input."""
        body = await request.body()
        input = dump_json(parse_json(body, strict=True)) if body else None
        known = self.orchestrator_names
        if name.casefold() not in {each.casefold() for each in known}:
            raise BadArgument(unknown_function("orchestrator", name, known))
        patience = _patience(request)
        instance = await self.hub.start(name, instance_id or None, input, request.query.text("version"))
        return await self._answer(request, instance.instance_id, patience)

    async def restart(self, request: Request, instance_id: str) -> web.Response:
        """POST instances/{id}/restart."""
        patience = _patience(request)
        try:
            instance = await self.hub.restart(
                instance_id, request.query.flag("restartWithNewInstanceId", True)
            )
        except InstanceNotFound as error:
            # A 400 here, where every other operation answers 404.
            raise BadArgument("InstanceId does not match a valid orchestration instance.") from error
        return await self._answer(request, instance.instance_id, patience)

    async def _answer(
        self, request: Request, instance_id: str, patience: tuple[float, float] | None
    ) -> web.Response:
        if patience is not None:
            ended = await self._wait_for_end(instance_id, *patience)
            if ended is not None and ended.status is Status.COMPLETED:
                return json_text_reply(200, dump_json(stored_value(ended.output)))
            if ended is not None:
                return await get_status(self.hub, request, instance_id)
        payload = check_status_payload(
            request.base_url + PUBLIC_PATH,
            instance_id,
            self.hub_name,
            self.connection,
            self.code,
            with_rewind=False,
        )
        headers = {"Location": payload["statusQueryGetUri"], "Retry-After": _POLL_AFTER_START_SECONDS}
        return json_reply(202, payload, headers)

    async def _wait_for_end(self, instance_id: str, timeout: float, interval: float) -> Instance | None:
        clock = asyncio.get_running_loop().time
        deadline = clock() + timeout
        while True:
            instance = await self.hub.get(instance_id)
            if instance is not None and instance.status.is_final:
                return instance
            left = deadline - clock()
            if left <= 0:
                return None
            await asyncio.sleep(min(left, max(interval, _SHORTEST_POLL_SECONDS)))


def _patience(request: Request) -> tuple[float, float] | None:
    """How long to wait and how often to look, in seconds; None unless both are given."""
    timeout = request.query.seconds("timeout")
    interval = request.query.seconds("pollingInterval")
    if timeout is None or interval is None:
        return None
    if interval > timeout:
        raise BadArgument(f"Total timeout {timeout:g} should be bigger than retry timeout {interval:g}")
    return timeout, interval
