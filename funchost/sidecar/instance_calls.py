"""The calls about orchestrations: each takes a request message apart, asks the task hub and makes the answer.

Source: durable extension, TaskHubGrpcServer and ProtobufUtils.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from durabletask.internal import orchestrator_service_pb2 as pb
from google.protobuf.empty_pb2 import Empty
from google.protobuf.wrappers_pb2 import BoolValue
from grpc import StatusCode

from funchost.durable.identity import is_entity_id
from funchost.durable.instances import Instance, InstanceFilter, Status
from funchost.durable.refusals import InstanceEnded, InstanceExists, InstanceNotFound, WrongState
from funchost.protocols.grpc2.messages import (
    failure_message,
    history_event,
    tags_from,
    text,
    text_from,
    timestamp,
)
from funchost.sidecar import request_values as values
from funchost.sidecar.refusing import CallRefused
from funchost.taskhub.client_operations import ClientOperations

# Clients take 4 MiB unless they are told otherwise.
LARGEST_ANSWER = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Run:
    """What calls are answered with while one run of the app lasts.

    With `events_must_arrive` an event for an unknown or ended instance is refused instead of dropped.
    """

    clients: ClientOperations
    events_must_arrive: bool = False


Call = Callable[[Run, Any], Awaitable[Any]]
StreamCall = Callable[[Run, Any], AsyncIterator[Any]]


async def _hello(run: Run, request: Any) -> Any:
    return Empty()


async def _start(run: Run, request: Any) -> Any:
    policy = request.orchestrationIdReusePolicy
    has_policy = request.HasField("orchestrationIdReusePolicy")
    try:
        instance = await run.clients.start(
            values.required(request.name, "name"),
            request.instanceId or None,
            text_from(request, "input"),
            text_from(request, "version"),
            tags=tags_from(request.tags),
            start_at=values.moment(request, "scheduledStartTimestamp"),
            replaceable=values.statuses(policy.replaceableStatus) if has_policy else None,
        )
    except InstanceExists as refusal:
        raise CallRefused(
            StatusCode.ALREADY_EXISTS,
            f"An Orchestration instance with the ID {refusal.instance_id} already exists.",
        ) from refusal
    return pb.CreateInstanceResponse(instanceId=instance.instance_id)


async def _get(run: Run, request: Any) -> Any:
    instance_id = values.required(request.instanceId, "instanceId")
    return _found(request, await run.clients.get(instance_id))


async def _wait_for_start(run: Run, request: Any) -> Any:
    return await _wait(run, request, lambda status: status is not Status.PENDING)


async def _wait_for_completion(run: Run, request: Any) -> Any:
    return await _wait(run, request, lambda status: status.is_final)


async def _wait(run: Run, request: Any, is_reached: Callable[[Status], bool]) -> Any:
    instance_id = values.required(request.instanceId, "instanceId")
    if is_entity_id(instance_id):
        return pb.GetInstanceResponse(exists=False)
    return _found(request, await run.clients.wait_for(instance_id, is_reached))


def _found(request: Any, instance: Instance | None) -> Any:
    if instance is None or is_entity_id(instance.instance_id):
        return pb.GetInstanceResponse(exists=False)
    state = _state(instance, with_values=request.getInputsAndOutputs)
    return pb.GetInstanceResponse(exists=True, orchestrationState=state)


async def _raise_event(run: Run, request: Any) -> Any:
    instance_id = values.required(request.instanceId, "instanceId")
    name = values.required(request.name, "name")
    try:
        await run.clients.raise_event(
            instance_id, name, text_from(request, "input"), must_arrive=run.events_must_arrive
        )
    except InstanceEnded as refusal:
        raise CallRefused(
            StatusCode.FAILED_PRECONDITION,
            "The orchestration instance with the provided instance id is not running.",
        ) from refusal
    return pb.RaiseEventResponse()


async def _terminate(run: Run, request: Any) -> Any:
    instance_id = values.required(request.instanceId, "instanceId")
    # The original does not look at `recursive`.
    await run.clients.terminate(instance_id, text_from(request, "output"), recursive=request.recursive)
    return pb.TerminateResponse()


async def _suspend(run: Run, request: Any) -> Any:
    instance_id = values.required(request.instanceId, "instanceId")
    await run.clients.suspend(instance_id, text_from(request, "reason"))
    return pb.SuspendResponse()


async def _resume(run: Run, request: Any) -> Any:
    instance_id = values.required(request.instanceId, "instanceId")
    await run.clients.resume(instance_id, text_from(request, "reason"))
    return pb.ResumeResponse()


async def _rewind(run: Run, request: Any) -> Any:
    instance_id = values.required(request.instanceId, "instanceId")
    await run.clients.rewind(instance_id, text_from(request, "reason") or "")
    return pb.RewindInstanceResponse()


async def _restart(run: Run, request: Any) -> Any:
    instance_id = values.required(request.instanceId, "instanceId")
    try:
        instance = await run.clients.restart(instance_id, request.restartWithNewInstanceId)
    except InstanceExists as refusal:
        raise CallRefused(
            StatusCode.FAILED_PRECONDITION,
            f"Non-terminal instance with this instance ID already exists: {instance_id}",
        ) from refusal
    return pb.RestartInstanceResponse(instanceId=instance.instance_id)


async def _query(run: Run, request: Any) -> Any:
    query = request.query
    filter = InstanceFilter(
        created_from=values.moment(query, "createdTimeFrom"),
        created_to=values.moment(query, "createdTimeTo"),
        statuses=values.statuses(query.runtimeStatus),
        prefix=text_from(query, "instanceIdPrefix") or "",
        entities=False,
    )
    found, following = await run.clients.find(
        filter,
        values.page_size(query.maxInstanceCount, "maxInstanceCount"),
        values.token(query),
        with_values=query.fetchInputsAndOutputs,
        most_text=LARGEST_ANSWER,
    )
    states = [_state(instance, with_values=query.fetchInputsAndOutputs) for instance in found]
    page = fitting(states)
    if len(page) < len(states):
        following = page[-1].instanceId
    token = text(values.following_token(following))
    return pb.QueryInstancesResponse(orchestrationState=page, continuationToken=token)


async def _purge(run: Run, request: Any) -> Any:
    match request.WhichOneof("request"):
        case "instanceId":
            return await _purge_one(run, request)
        case "purgeInstanceFilter":
            return await _purge_where(run, request)
    raise CallRefused(
        StatusCode.INVALID_ARGUMENT,
        "Give an instanceId or a purgeInstanceFilter; a batch of IDs is not purged.",
    )


async def _purge_one(run: Run, request: Any) -> Any:
    instance_id = values.required(request.instanceId, "instanceId")
    if request.isOrchestration and is_entity_id(instance_id):
        raise WrongState(f"'{instance_id}' is an entity, not an orchestration. Purge it as an entity.")
    deleted = await run.clients.purge(instance_id, recursive=request.recursive)
    return pb.PurgeInstancesResponse(deletedInstanceCount=deleted)


async def _purge_where(run: Run, request: Any) -> Any:
    wanted = request.purgeInstanceFilter
    filter = InstanceFilter(
        created_from=values.moment(wanted, "createdTimeFrom"),
        created_to=values.moment(wanted, "createdTimeTo"),
        statuses=values.statuses(wanted.runtimeStatus),
    )
    seconds = values.duration(wanted, "timeout")
    purged = await run.clients.purge_where(filter, recursive=request.recursive, seconds=seconds)
    return pb.PurgeInstancesResponse(
        deletedInstanceCount=purged.deleted, isComplete=BoolValue(value=purged.is_complete)
    )


async def _stream_history(run: Run, request: Any) -> AsyncIterator[Any]:
    instance_id = values.required(request.instanceId, "instanceId")
    instance = await run.clients.get(instance_id)
    if instance is None or is_entity_id(instance_id):
        raise InstanceNotFound(instance_id)
    execution = text_from(request, "executionId")
    if execution and execution != instance.execution_id:
        raise CallRefused(
            StatusCode.NOT_FOUND,
            f"The instance '{instance_id}' has no execution '{execution}'; only the history of the current "
            f"one is kept, '{instance.execution_id}'.",
        )
    recorded = [history_event(event, instance) for event in await run.clients.history(instance_id)]
    events = [event for event in recorded if event is not None]
    while events:
        chunk = fitting(events)
        events = events[len(chunk) :]
        yield pb.HistoryChunk(events=chunk)


async def _create_task_hub(run: Run, request: Any) -> Any:
    if request.recreateIfExists:
        raise _hub_is_kept()
    return pb.CreateTaskHubResponse()


async def _delete_task_hub(run: Run, request: Any) -> Any:
    raise _hub_is_kept()


def _hub_is_kept() -> CallRefused:
    return CallRefused(
        StatusCode.UNIMPLEMENTED,
        "A task hub is not deleted while its host runs. Stop the host and remove the file of the hub.",
    )


def fitting(messages: list[Any]) -> list[Any]:
    """The first of these messages, at least one, that a client can take in one answer."""
    size = 0
    for number, message in enumerate(messages):
        size += message.ByteSize()
        if size > LARGEST_ANSWER and number:
            return messages[:number]
    return messages


def _state(instance: Instance, *, with_values: bool) -> Any:
    state = pb.OrchestrationState(
        instanceId=instance.instance_id,
        name=instance.name,
        version=text(instance.version or None),
        orchestrationStatus=instance.status.number,
        createdTimestamp=timestamp(instance.created_at),
        lastUpdatedTimestamp=timestamp(instance.updated_at),
        executionId=text(instance.execution_id),
        parentInstanceId=text(instance.parent_instance_id),
        tags=instance.tags,
        input=text(instance.input if with_values else None),
        output=text(instance.output if with_values else None),
        customStatus=text(instance.custom_status if with_values else None),
    )
    if instance.scheduled_at is not None:
        state.scheduledStartTimestamp.CopyFrom(timestamp(instance.scheduled_at))
    if instance.completed_at is not None:
        state.completedTimestamp.CopyFrom(timestamp(instance.completed_at))
    if with_values and instance.failure is not None:
        state.failureDetails.CopyFrom(failure_message(instance.failure))
    return state


INSTANCE_CALLS: Mapping[str, Call] = {
    "Hello": _hello,
    "StartInstance": _start,
    "GetInstance": _get,
    "WaitForInstanceStart": _wait_for_start,
    "WaitForInstanceCompletion": _wait_for_completion,
    "RaiseEvent": _raise_event,
    "TerminateInstance": _terminate,
    "SuspendInstance": _suspend,
    "ResumeInstance": _resume,
    "RewindInstance": _rewind,
    "RestartInstance": _restart,
    "QueryInstances": _query,
    "PurgeInstances": _purge,
    "CreateTaskHub": _create_task_hub,
    "DeleteTaskHub": _delete_task_hub,
}
INSTANCE_STREAMS: Mapping[str, StreamCall] = {"StreamInstanceHistory": _stream_history}
