"""What an orchestrator of SDK 2.x answers: its new actions under the SDK's numbers, and the custom status.

Reads the base64 of an OrchestratorResponse into typed actions, or refuses it with Unreadable. Nothing is
decided here.
Source: durable extension, ProtobufUtils and OutOfProcMiddleware.
"""

import base64
import binascii
from dataclasses import dataclass, field
from typing import Any

from durabletask.internal import orchestrator_service_pb2 as pb
from google.protobuf.message import DecodeError

from funchost.durable.actions import (
    CallActivity,
    CallEntity,
    CallSubOrchestrator,
    Complete,
    ContinueAsNew,
    CreateTimer,
    LockEntities,
    SendEvent,
    SignalEntity,
    TaskAction,
    UnlockEntity,
)
from funchost.durable.events import EventRaised
from funchost.durable.identity import is_entity_id
from funchost.durable.instances import Status
from funchost.durable.refusals import Unreadable
from funchost.protocols.grpc2.messages import failure_from, microseconds, tags_from, text_from

_NULL_RESPONSE = (
    "The function invocation resulted in a null response. This means that either the orchestrator function "
    "was implemented incorrectly, the Durable Task language SDK was implemented incorrectly, or that the "
    "destination language worker is not sending the function result back to the host."
)
_STATUSES = {status.number: status for status in Status}
_ENDS = frozenset({Status.COMPLETED, Status.FAILED, Status.TERMINATED, Status.CANCELED})


@dataclass(slots=True)
class OrchestratorAnswer:
    """The actions of one answer; `end` is the one that completes the execution, with its number."""

    custom_status: str | None = None
    tasks: list[tuple[int, TaskAction]] = field(default_factory=list)
    end: tuple[int, Complete | ContinueAsNew] | None = None


def read_message(message: Any, returned: str) -> Any:
    """Fill a protobuf message from the base64 text that a function returned. Raises Unreadable."""
    try:
        message.ParseFromString(base64.b64decode(returned, validate=True))
    except (binascii.Error, ValueError, DecodeError) as error:
        name = type(message).__name__
        raise Unreadable(
            f"The function returned no {name} in base64, but '{returned[:80]}': {error}"
        ) from None
    return message


def parse_answer(returned: str, now: int) -> OrchestratorAnswer:
    """Read what an orchestrator returned. Raises Unreadable, which says what is wrong with it."""
    if not returned or returned == "null":
        raise Unreadable(_NULL_RESPONSE)
    response = read_message(pb.OrchestratorResponse(), returned)
    answer = OrchestratorAnswer(text_from(response, "customStatus"))
    for action in response.actions:
        kind = action.WhichOneof("orchestratorActionType")
        try:
            if kind == "completeOrchestration":
                answer.end = (action.id, _completion(action.completeOrchestration, now))
            else:
                answer.tasks.append((action.id, _task(kind, action)))
        except Unreadable as error:
            raise Unreadable(
                f"Action {action.id} of the orchestrator cannot be carried out: {error}"
            ) from None
    return answer


def _task(kind: str | None, action: Any) -> TaskAction:
    match kind:
        case "scheduleTask":
            task = action.scheduleTask
            version = text_from(task, "version") or ""
            name = _required(task, "name")
            return CallActivity(name, text_from(task, "input"), version, tags_from(task.tags))
        case "createSubOrchestration":
            child = action.createSubOrchestration
            return CallSubOrchestrator(
                _required(child, "name"),
                text_from(child, "input"),
                child.instanceId or None,
                text_from(child, "version"),
                tags_from(child.tags),
            )
        case "createTimer":
            return CreateTimer(microseconds(action.createTimer.fireAt))
        case "sendEvent":
            sent = action.sendEvent
            target = _required(sent.instance, "instanceId")
            return SendEvent(target, _required(sent, "name"), text_from(sent, "data"))
        case "sendEntityMessage":
            return _entity_message(action.sendEntityMessage)
        case _:
            raise Unreadable(f"it is of the kind '{kind}', which no host carries out")


def _entity_message(message: Any) -> TaskAction:
    kind = message.WhichOneof("EntityMessageType")
    match kind:
        case "entityOperationCalled":
            call = message.entityOperationCalled
            operation, request_id = _required(call, "operation"), _required(call, "requestId")
            return CallEntity(_entity(call), operation, text_from(call, "input"), request_id)
        case "entityOperationSignaled":
            signal = message.entityOperationSignaled
            due = microseconds(signal.scheduledTime) if signal.HasField("scheduledTime") else None
            operation, request_id = _required(signal, "operation"), _required(signal, "requestId")
            return SignalEntity(_entity(signal), operation, text_from(signal, "input"), due, request_id)
        case "entityLockRequested":
            request = message.entityLockRequested
            lock_set = tuple(_checked_entity(each) for each in request.lockSet)
            if not 0 <= request.position < len(lock_set):
                raise Unreadable(f"it asks for lock {request.position} of {len(lock_set)}")
            return LockEntities(lock_set, _required(request, "criticalSectionId"), request.position)
        case "entityUnlockSent":
            unlock = message.entityUnlockSent
            return UnlockEntity(_entity(unlock), _required(unlock, "criticalSectionId"))
        case _:
            raise Unreadable(f"it is an entity message of the kind '{kind}', which no host carries out")


def _completion(message: Any, now: int) -> Complete | ContinueAsNew:
    status = _STATUSES.get(message.orchestrationStatus)
    result = text_from(message, "result")
    if status is Status.CONTINUED_AS_NEW:
        carried = tuple(_carried(event, now) for event in message.carryoverEvents)
        return ContinueAsNew(result, text_from(message, "newVersion"), carried)
    if status is None or status not in _ENDS:
        raise Unreadable(f"{message.orchestrationStatus} is not a status in which an orchestration ends")
    failure = failure_from(message.failureDetails) if message.HasField("failureDetails") else None
    return Complete(status, result, failure)


def _carried(event: Any, now: int) -> EventRaised:
    kind = event.WhichOneof("eventType")
    if kind != "eventRaised":
        raise Unreadable(f"it carries over a '{kind}', and only an eventRaised can be")
    return EventRaised(now, event.eventRaised.name, text_from(event.eventRaised, "input"))


def _entity(message: Any) -> str:
    return _checked_entity(text_from(message, "targetInstanceId") or "")


def _checked_entity(instance_id: str) -> str:
    if not is_entity_id(instance_id):
        raise Unreadable(f"'{instance_id}' is not the ID of an entity, which is @name@key")
    return instance_id


def _required(message: Any, field_name: str) -> str:
    value: str = getattr(message, field_name)
    if not value:
        raise Unreadable(f"it has no {field_name}")
    return value
