"""Between typed data and the protobuf messages of SDK 2.x: events, failures, times, optional text.

Nothing is decided here, and nothing is sent. What comes from the hub can always be encoded; what comes from
outside is read or refused with Unreadable.
Source: durable extension, ProtobufUtils; durabletask-protobuf, orchestrator_service.proto.
"""

from collections.abc import Mapping
from typing import Any

from durabletask.internal import orchestrator_service_pb2 as pb
from google.protobuf import json_format, struct_pb2
from google.protobuf.timestamp_pb2 import Timestamp
from google.protobuf.wrappers_pb2 import StringValue

from funchost.durable import events
from funchost.durable.events import Event
from funchost.durable.failures import FailureDetails
from funchost.durable.instances import Instance
from funchost.durable.refusals import Unreadable

_FIRST_SECOND = -62_135_596_800
_LAST_SECOND = 253_402_300_799
"""The years 1 to 9999, which every reader of a time can hold."""

_MAX_INNER_FAILURES = 24
_MAX_PROPERTY_DEPTH = 16
"""A protobuf reader refuses messages that are nested 100 deep, and each list in a property nests two."""


def timestamp(microseconds: int) -> Any:
    """A protobuf Timestamp of microseconds since 1970."""
    seconds, fraction = divmod(microseconds, 1_000_000)
    return Timestamp(seconds=seconds, nanos=fraction * 1000)


def microseconds(message: Any) -> int:
    """Microseconds since 1970 of a Timestamp, cut off. Raises Unreadable outside the years 1 to 9999."""
    seconds, nanos = int(message.seconds), int(message.nanos)
    if not _FIRST_SECOND <= seconds <= _LAST_SECOND or not 0 <= nanos < 1_000_000_000:
        raise Unreadable(f"{seconds} seconds and {nanos} ns since 1970 is not a time of the years 1 to 9999")
    return seconds * 1_000_000 + nanos // 1000


def text(value: str | None) -> Any:
    """A StringValue, None when there is no text; empty text is text."""
    return None if value is None else StringValue(value=value)


def text_from(message: Any, field: str) -> str | None:
    """The text of an optional StringValue field, None when it is unset."""
    return str(getattr(message, field).value) if message.HasField(field) else None


def tags_from(tags: Mapping[str, str]) -> dict[str, str] | None:
    """The tags of a message, None when it has none."""
    return dict(tags) or None


def failure_message(details: FailureDetails) -> Any:
    """TaskFailureDetails; inner failures and properties that nest too deeply for a reader are left out."""
    return _failure_message(details, _MAX_INNER_FAILURES)


def _failure_message(details: FailureDetails, inner_left: int) -> Any:
    message = pb.TaskFailureDetails(
        errorType=details.error_type,
        errorMessage=details.message,
        stackTrace=text(details.stack),
        isNonRetriable=details.is_non_retriable,
    )
    if details.inner is not None and inner_left:
        message.innerFailure.CopyFrom(_failure_message(details.inner, inner_left - 1))
    for name, value in (details.properties or {}).items():
        try:
            encoded = json_format.ParseDict(
                value, struct_pb2.Value(), max_recursion_depth=_MAX_PROPERTY_DEPTH
            )
        except (json_format.ParseError, ValueError, OverflowError):
            continue
        message.properties[name].CopyFrom(encoded)
    return message


def failure_from(message: Any) -> FailureDetails:
    """The failure that TaskFailureDetails tells."""
    properties = {name: _plain(value) for name, value in message.properties.items()}
    return FailureDetails(
        message.errorType,
        message.errorMessage,
        text_from(message, "stackTrace"),
        failure_from(message.innerFailure) if message.HasField("innerFailure") else None,
        message.isNonRetriable,
        properties or None,
    )


def _plain(value: Any) -> Any:
    """The JSON value of a protobuf Value; a number that JSON lacks becomes text."""
    match value.WhichOneof("kind"):
        case "number_value":
            number = value.number_value
            if number - number != 0:
                return str(number)
            return int(number) if number.is_integer() and abs(number) < 2**53 else number
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "list_value":
            return [_plain(each) for each in value.list_value.values]
        case "struct_value":
            return {name: _plain(each) for name, each in value.struct_value.fields.items()}
        case _:
            return None


def history_event(event: Event, instance: Instance) -> Any | None:
    """The HistoryEvent of an event of this instance, None for one that never leaves funchost."""
    fields = _fields(event, instance)
    if fields is None:
        return None
    number = event.task_id if isinstance(event, events.Scheduling | events.ExecutionCompleted) else -1
    return pb.HistoryEvent(eventId=number, timestamp=timestamp(event.at), **fields)


def _fields(event: Event, instance: Instance) -> dict[str, Any] | None:
    """The field of the oneof with its message."""
    match event:
        case events.OrchestratorStarted():
            return {"orchestratorStarted": pb.OrchestratorStartedEvent()}
        case events.OrchestratorCompleted():
            return {"orchestratorCompleted": pb.OrchestratorCompletedEvent()}
        case events.ExecutionStarted():
            return {"executionStarted": _execution_started(event, instance)}
        case events.ExecutionCompleted():
            completed = pb.ExecutionCompletedEvent(
                orchestrationStatus=event.status.number,
                result=text(event.result),
                failureDetails=_optional_failure(event.failure),
            )
            return {"executionCompleted": completed}
        case events.ExecutionTerminated():
            return {"executionTerminated": pb.ExecutionTerminatedEvent(input=text(event.reason))}
        case events.ExecutionSuspended():
            return {"executionSuspended": pb.ExecutionSuspendedEvent(input=text(event.reason))}
        case events.ExecutionResumed():
            return {"executionResumed": pb.ExecutionResumedEvent(input=text(event.reason))}
        case events.EventSent():
            sent = pb.EventSentEvent(instanceId=event.target_id, name=event.name, input=text(event.input))
            return {"eventSent": sent}
        case events.EventRaised():
            return {"eventRaised": pb.EventRaisedEvent(name=event.name, input=text(event.input))}
        case events.GenericEvent():
            return {"genericEvent": pb.GenericEvent(data=text(event.data))}
        case events.ExternalEventAwaited() | events.TimerCancelled():
            return None
        case _:
            return _task_fields(event)


def _task_fields(event: events.Scheduling | events.Completion) -> dict[str, Any]:
    match event:
        case events.TaskScheduled():
            scheduled = pb.TaskScheduledEvent(
                name=event.name,
                version=text(event.version or None),
                input=text(event.input),
                tags=event.tags,
            )
            return {"taskScheduled": scheduled}
        case events.TaskCompleted():
            ended = pb.TaskCompletedEvent(taskScheduledId=event.task_id, result=text(event.result))
            return {"taskCompleted": ended}
        case events.TaskFailed():
            failed = pb.TaskFailedEvent(taskScheduledId=event.task_id, failureDetails=_failure_of(event))
            return {"taskFailed": failed}
        case events.SubOrchestrationCreated():
            created = pb.SubOrchestrationInstanceCreatedEvent(
                instanceId=event.target_id,
                name=event.name,
                version=text(event.version or None),
                input=text(event.input),
                tags=event.tags,
            )
            return {"subOrchestrationInstanceCreated": created}
        case events.SubOrchestrationCompleted():
            done = pb.SubOrchestrationInstanceCompletedEvent(
                taskScheduledId=event.task_id, result=text(event.result)
            )
            return {"subOrchestrationInstanceCompleted": done}
        case events.SubOrchestrationFailed():
            child_failed = pb.SubOrchestrationInstanceFailedEvent(
                taskScheduledId=event.task_id, failureDetails=_failure_of(event)
            )
            return {"subOrchestrationInstanceFailed": child_failed}
        case events.TimerCreated():
            return {"timerCreated": pb.TimerCreatedEvent(fireAt=timestamp(event.fire_at))}
        case events.TimerFired():
            fired = pb.TimerFiredEvent(fireAt=timestamp(event.fire_at), timerId=event.task_id)
            return {"timerFired": fired}
        case _:
            raise AssertionError(f"{type(event).__name__} neither schedules nor ends a task")


def _execution_started(event: events.ExecutionStarted, instance: Instance) -> Any:
    message = pb.ExecutionStartedEvent(
        name=event.name,
        # An orchestrator is to see no version when there is none.
        version=text(event.version or None),
        input=text(instance.input),
        orchestrationInstance=_instance_ids(instance.instance_id, instance.execution_id),
        tags=instance.tags,
    )
    if instance.parent_instance_id is not None:
        parent = event.parent
        message.parentInstance.CopyFrom(
            pb.ParentInstanceInfo(
                taskScheduledId=instance.parent_task_id or 0,
                name=text(parent.name if parent is not None else None),
                version=text(parent.version or None if parent is not None else None),
                orchestrationInstance=_instance_ids(
                    instance.parent_instance_id, instance.parent_execution_id
                ),
            )
        )
    if instance.scheduled_at is not None:
        message.scheduledStartTimestamp.CopyFrom(timestamp(instance.scheduled_at))
    return message


def _instance_ids(instance_id: str, execution_id: str | None) -> Any:
    return pb.OrchestrationInstance(instanceId=instance_id, executionId=text(execution_id))


def _failure_of(event: events.Failure) -> Any:
    """The SDK shows no message at all for a failure without details."""
    return failure_message(event.failure or FailureDetails("TaskFailed", event.reason))


def _optional_failure(failure: FailureDetails | None) -> Any | None:
    return None if failure is None else failure_message(failure)
