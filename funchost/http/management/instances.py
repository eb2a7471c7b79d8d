"""Handlers about instances that exist: look, list, steer, delete.

Source: HTTP management API, instances routes.
"""

from aiohttp import web

from funchost.durable.instances import Instance, Status
from funchost.durable.refusals import InstanceEnded, InstanceNotFound, WrongState
from funchost.http.management import filters
from funchost.http.management.call import Call, Query, stored_json
from funchost.http.management.documents import status_payload
from funchost.http.management.errors import Refused
from funchost.http.management.task_hub import TaskHub
from funchost.http.replies import empty_reply, json_reply

_POLL_AFTER_SECONDS = "5"
_UNFINISHED = frozenset(status for status in Status if not status.is_final)


async def get_status(hub: TaskHub, call: Call, instance_id: str) -> web.Response:
    """GET instances/{id}."""
    instance = await hub.get(instance_id)
    if instance is None:
        raise InstanceNotFound(instance_id)
    history = None
    if call.query.flag("showHistory", False) and instance.status is not Status.PENDING:
        history = await hub.history(instance_id)
    payload = status_payload(
        instance,
        show_input=call.query.flag("showInput", True),
        history=history,
        show_history_output=call.query.flag("showHistoryOutput", False),
    )
    if instance.status in _UNFINISHED:
        return json_reply(202, payload, {"Location": call.url, "Retry-After": _POLL_AFTER_SECONDS})
    return json_reply(_status_when_ended(instance, call.query), payload)


def _status_when_ended(instance: Instance, query: Query) -> int:
    failed = instance.status is Status.FAILED
    return 500 if failed and query.flag("returnInternalServerErrorOnFailure", False) else 200


async def list_instances(hub: TaskHub, call: Call) -> web.Response:
    """GET instances: one page, entities included, in the order of IDs."""
    token = filters.decode_token(call.request.headers.get(filters.CONTINUATION_HEADER, ""))
    limit = filters.page_size(call.query)
    instances, following = await hub.find(filters.instances_filter(call.query), limit, token)
    show_input = call.query.flag("showInput", True)
    items = [status_payload(instance, show_input=show_input) for instance in instances]
    return json_reply(200, items, {filters.CONTINUATION_HEADER: filters.encode_token(following)})


async def purge(hub: TaskHub, call: Call, instance_id: str) -> web.Response:
    """DELETE instances/{id}."""
    try:
        deleted = await hub.purge(instance_id)
    except WrongState as error:
        # The original deletes a running instance under its own feet; that is refused here.
        return json_reply(409, {"Message": str(error)})
    return json_reply(200, {"instancesDeleted": 1}) if deleted else empty_reply(404)


async def purge_many(hub: TaskHub, call: Call) -> web.Response:
    """DELETE instances?createdTimeFrom=..."""
    filter = filters.purge_filter(call.query)
    if filter is None:
        return json_reply(400, "Please provide value for 'createdTimeFrom' parameter.")
    deleted = (await hub.purge_where(filter)).deleted
    return json_reply(200, {"instancesDeleted": deleted}) if deleted else empty_reply(404)


async def raise_event(hub: TaskHub, call: Call, instance_id: str, name: str) -> web.Response:
    """POST instances/{id}/raiseEvent/{name}. Whether the instance can take it is asked before the body."""
    instance = await hub.get(instance_id)
    if instance is None:
        raise InstanceNotFound(instance_id)
    if instance.status.is_final:
        raise InstanceEnded(instance_id, instance.status)
    if not call.is_json:
        raise Refused("Only application/json request content is supported")
    await hub.raise_event(instance_id, name, stored_json(await call.body()))
    return empty_reply(202)


async def steer(hub: TaskHub, call: Call, instance_id: str, operation: str) -> web.Response:
    """POST instances/{id}/terminate, suspend, resume and rewind, each with an optional reason."""
    operations = {
        "terminate": hub.terminate,
        "suspend": hub.suspend,
        "resume": hub.resume,
        "rewind": hub.rewind,
    }
    await operations[operation](instance_id, call.query.text("reason") or "")
    return empty_reply(202)
