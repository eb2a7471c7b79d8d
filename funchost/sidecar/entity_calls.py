"""The calls about entities: signal, look, list, clean up.

Source: durable extension, TaskHubGrpcServer; DurableTask.Core, EntityBackendQueries.
"""

from collections.abc import Mapping
from typing import Any

from durabletask.internal import orchestrator_service_pb2 as pb

from funchost.durable.instances import InstanceFilter
from funchost.durable.refusals import Unreadable
from funchost.protocols.grpc2.messages import text, text_from, timestamp
from funchost.sidecar import request_values as values
from funchost.sidecar.instance_calls import LARGEST_ANSWER, Call, Run, fitting
from funchost.taskhub.finding import EntityStatus


async def _signal(run: Run, request: Any) -> Any:
    await run.clients.signal_entity(
        values.entity(request.instanceId),
        values.required(request.name, "name"),
        text_from(request, "input"),
        due=values.moment(request, "scheduledTime"),
        request_id=values.request_id(request.requestId),
    )
    return pb.SignalEntityResponse()


async def _get(run: Run, request: Any) -> Any:
    entity = await run.clients.entity(values.entity(request.instanceId))
    if entity is None or entity.state is None:
        return pb.GetEntityResponse(exists=False)
    return pb.GetEntityResponse(exists=True, entity=_metadata(entity, with_state=request.includeState))


async def _query(run: Run, request: Any) -> Any:
    query = request.query
    filter = InstanceFilter(
        prefix=values.entity_prefix(text_from(query, "instanceIdStartsWith")),
        updated_from=values.moment(query, "lastModifiedFrom"),
        updated_to=values.moment(query, "lastModifiedTo"),
    )
    found, following = await run.clients.find_entities(
        filter,
        values.page_size(query.pageSize.value, "pageSize"),
        values.token(query),
        with_values=query.includeState,
        with_transient=query.includeTransient,
        most_text=LARGEST_ANSWER,
    )
    entities = [_metadata(entity, with_state=query.includeState) for entity in found]
    page = fitting(entities)
    if len(page) < len(entities):
        following = page[-1].instanceId
    token = text(values.following_token(following))
    return pb.QueryEntitiesResponse(entities=page, continuationToken=token)


async def _clean(run: Run, request: Any) -> Any:
    """Everything is done in one call, so there is never a token to go on with."""
    if text_from(request, "continuationToken"):
        raise Unreadable("continuationToken: a clean-up has no next page. Leave it out.")
    released = await run.clients.release_orphaned_locks() if request.releaseOrphanedLocks else 0
    removed = await run.clients.remove_empty_entities() if request.removeEmptyEntities else 0
    return pb.CleanEntityStorageResponse(emptyEntitiesRemoved=removed, orphanedLocksReleased=released)


def _metadata(entity: EntityStatus, *, with_state: bool) -> Any:
    return pb.EntityMetadata(
        instanceId=entity.entity_id,
        lastModifiedTime=timestamp(entity.updated_at),
        backlogQueueSize=entity.backlog,
        lockedBy=text(entity.locked_by),
        serializedState=text(entity.state if with_state else None),
    )


ENTITY_CALLS: Mapping[str, Call] = {
    "SignalEntity": _signal,
    "GetEntity": _get,
    "QueryEntities": _query,
    "CleanEntityStorage": _clean,
}
