"""Handlers about instances that exist: look, list, steer, delete.

Source: HTTP management API, instances routes.
"""

from aiohttp import web

from funchost.durable.instances import Instance, Status
from funchost.durable.refusals import InstanceEnded, InstanceNotFound, WrongState
from funchost.durable.text import dump_json
from funchost.http.management import filters
from funchost.http.management.documents import status_payload
from funchost.http.management.hub_verbs import HubVerbs
from funchost.http.replies import empty_reply, json_reply
from funchost.http.request import Query, Refused, Request

_POLL_AFTER_SECONDS = "5"
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
