"""The orchestrator's input: the context JSON that the SDK replays.

Events that the SDK never looks at stay at home; replay costs time for every event that travels.
Source: durable extension, OrchestrationTriggerAttributeBindingProvider.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from funchost.durable.events import (
    Event,
    EventRaised,
    EventSent,
    ExecutionStarted,
    OrchestratorStarted,
    SubOrchestrationCompleted,
    SubOrchestrationFailed,
    TaskCompleted,
    TaskFailed,
    TimerFired,
)
from funchost.durable.instances import Instance
from funchost.durable.timestamps import format_compact_timestamp, format_timestamp

_to_json = json.JSONEncoder(separators=(",", ":")).encode


def sdk_event(event: Event, instance: Instance, *, played: bool) -> str | None:
    """The event as the SDK reads it, None when its replay does not depend on it.

    `played` tells that an earlier episode has seen it, from which an SDK before 1.6 knows that it replays.
    """
    fields = _FIELDS.get(type(event))
    if fields is None:
        return None
    if isinstance(event, EventSent):
        # Only the answer to a call is looked for by what was sent.
        answered = event.request_id is not None
        return _text(event, fields(event, instance), played, event.task_id) if answered else None
    return _text(event, fields(event, instance), played)


_FIELDS: Mapping[type[Event], Callable[[Any, Instance], dict[str, Any]]] = {
    OrchestratorStarted: lambda event, instance: {},
    TaskCompleted: lambda event, instance: _result(event),
    SubOrchestrationCompleted: lambda event, instance: _result(event),
    TaskFailed: lambda event, instance: _failure(event),
    SubOrchestrationFailed: lambda event, instance: _failure(event),
    TimerFired: lambda event, instance: {
        "TimerId": event.task_id,
        "FireAt": format_timestamp(event.fire_at),
    },
    EventRaised: lambda event, instance: {"Name": event.name, "Input": event.input},
    EventSent: lambda event, instance: {
        "InstanceId": event.target_id,
        "Name": event.name,
        "Input": event.input,
    },
    ExecutionStarted: lambda event, instance: _start(event, instance),
}


def _result(event: TaskCompleted | SubOrchestrationCompleted) -> dict[str, Any]:
    return {"TaskScheduledId": event.task_id, "Result": event.result}


def _failure(event: TaskFailed | SubOrchestrationFailed) -> dict[str, Any]:
    return {"TaskScheduledId": event.task_id, "Reason": event.reason, "Details": event.details}


def _text(event: Event, fields: dict[str, Any], played: bool, event_id: int = -1) -> str:
    head = {
        "EventType": int(event.type),
        "EventId": event_id,
        "IsPlayed": played,
        # The SDK parses this one for every event of every replay, and the short form in half the time.
        "Timestamp": format_compact_timestamp(event.at),
    }
    return _to_json(head | fields)


def _start(event: ExecutionStarted, instance: Instance) -> dict[str, Any]:
    parent = None
    if event.parent is not None:
        parent = {
            "Name": event.parent.name,
            "OrchestrationInstance": {
                "InstanceId": instance.parent_instance_id,
                "ExecutionId": instance.parent_execution_id,
            },
            "TaskScheduleId": instance.parent_task_id,
            "Version": event.parent.version,
        }
    return {
        "Name": event.name,
        "Version": event.version,
        # The input stands beside the history.
        "Input": None,
        "OrchestrationInstance": {
            "InstanceId": instance.instance_id,
            "ExecutionId": instance.execution_id,
        },
        "ParentInstance": parent,
        "Tags": None,
    }


def orchestration_context(instance: Instance, history: Iterable[str], http_poll_milliseconds: int) -> bytes:
    """The context for one episode; `history` are the texts of the events that the SDK reads, in order."""
    tail = {
        "instanceId": instance.instance_id,
        "isReplaying": False,
        "parentInstanceId": instance.parent_instance_id,
        "upperSchemaVersion": 1,
        "upperSchemaVersionNew": 2,
        "longRunningTimerIntervalDuration": "3.00:00:00",
        "maximumShortTimerDuration": "6.00:00:00",
        # Spelled like this in the protocol.
        "defaultHttpAsyncRequestSleepTimeMillseconds": http_poll_milliseconds,
    }
    parts = (
        '{"history":[',
        ",".join(history),
        '],"input":',
        instance.input or "null",
        ",",
        json.dumps(tail)[1:],
    )
    return "".join(parts).encode()
