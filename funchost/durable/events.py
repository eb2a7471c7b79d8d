"""History events: the facts of an execution, written as JSON once and never changed.

An event is also what a message to an instance carries: taking the message appends its event to the
history. Source: Durable Task history events as the durable extension hands them to the SDK.
"""

import enum
import json
from dataclasses import dataclass
from typing import Any

from funchost.durable.clock import format_timestamp


class EventType(enum.IntEnum):
    """Kinds of history events, numbered as in the protocol; those from 100 on never leave funchost."""

    EXECUTION_STARTED = 0
    EXECUTION_COMPLETED = 1
    EXECUTION_TERMINATED = 3
    TASK_SCHEDULED = 4
    TASK_COMPLETED = 5
    TASK_FAILED = 6
    SUB_ORCHESTRATION_CREATED = 7
    SUB_ORCHESTRATION_COMPLETED = 8
    SUB_ORCHESTRATION_FAILED = 9
    TIMER_CREATED = 10
    TIMER_FIRED = 11
    ORCHESTRATOR_STARTED = 12
    ORCHESTRATOR_COMPLETED = 13
    EVENT_SENT = 14
    EVENT_RAISED = 15
    GENERIC_EVENT = 17
    EXECUTION_SUSPENDED = 19
    EXECUTION_RESUMED = 20
    EXTERNAL_EVENT_AWAITED = 100
    TIMER_CANCELLED = 101


_to_json = json.JSONEncoder(separators=(",", ":")).encode

FIRST_PRIVATE_TYPE = EventType.EXTERNAL_EVENT_AWAITED


@dataclass(frozen=True, slots=True)
class Retry:
    """Marks a task, or the timer between two attempts, of a call with retry options.

    `first_task_id` is the task of the first attempt, whose action carries the options;
    `attempt` counts from 1.
    """

    first_task_id: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Event:
    """One history event.

    `task_id` is the number of the task that the event schedules or completes, -1 when it does neither.
    `name` is the task's or the external event's name; of EventSent it is the request ID of a call, None for
    a signal. `text` is the event's JSON as the SDK reads it.
    """

    type: EventType
    text: str
    task_id: int = -1
    name: str | None = None
    retry: Retry | None = None


def _write(type_: EventType, event_id: int, now: int, fields: dict[str, Any]) -> str:
    head = {
        "EventType": int(type_),
        "EventId": event_id,
        "IsPlayed": False,
        "Timestamp": format_timestamp(now),
    }
    return _to_json(head | fields)


def orchestrator_started(now: int) -> Event:
    """Opens an episode; its time is the orchestrator's current_utc_datetime."""
    return Event(EventType.ORCHESTRATOR_STARTED, _write(EventType.ORCHESTRATOR_STARTED, -1, now, {}))


def orchestrator_completed(now: int) -> Event:
    """Closes an episode."""
    return Event(EventType.ORCHESTRATOR_COMPLETED, _write(EventType.ORCHESTRATOR_COMPLETED, -1, now, {}))


def execution_started(
    now: int,
    *,
    name: str,
    version: str,
    instance_id: str,
    execution_id: str,
    parent: dict[str, Any] | None = None,
    generation: int = 0,
) -> Event:
    """The start of an execution. Its input is kept with the instance alone, not twice."""
    fields = {
        "Name": name,
        "Version": version,
        "Input": None,
        "OrchestrationInstance": {"InstanceId": instance_id, "ExecutionId": execution_id},
        "ParentInstance": parent,
        "Tags": None,
        "Correlation": None,
        "ScheduledStartTime": None,
        "Generation": generation,
    }
    type_ = EventType.EXECUTION_STARTED
    return Event(type_, _write(type_, -1, now, fields), name=name)


def execution_completed(now: int, event_id: int, status_number: int, result: str | None) -> Event:
    """The end of an execution, with the output as stored text."""
    fields = {"OrchestrationStatus": status_number, "Result": result, "FailureDetails": None}
    type_ = EventType.EXECUTION_COMPLETED
    return Event(type_, _write(type_, event_id, now, fields))


def execution_terminated(now: int, reason: str) -> Event:
    """A request to end the instance at once."""
    type_ = EventType.EXECUTION_TERMINATED
    return Event(type_, _write(type_, -1, now, {"Input": reason}), name=reason)


def execution_suspended(now: int, reason: str) -> Event:
    """A request to hold the instance until it is resumed."""
    type_ = EventType.EXECUTION_SUSPENDED
    return Event(type_, _write(type_, -1, now, {"Reason": reason}), name=reason)


def execution_resumed(now: int, reason: str) -> Event:
    """A request to let a suspended instance go on."""
    type_ = EventType.EXECUTION_RESUMED
    return Event(type_, _write(type_, -1, now, {"Reason": reason}), name=reason)


def task_scheduled(
    now: int, task_id: int, name: str, input: str | None = None, retry: Retry | None = None
) -> Event:
    """An activity was scheduled; `input` is None unless the hub stores inputs in the history."""
    fields = {"Name": name, "Version": "", "Input": input, "Tags": None}
    type_ = EventType.TASK_SCHEDULED
    return Event(type_, _write(type_, task_id, now, fields), task_id, name, retry)


def task_completed(now: int, task_id: int, result: str | None) -> Event:
    """An activity returned; `result` is JSON text, or None for no value."""
    type_ = EventType.TASK_COMPLETED
    return Event(type_, _write(type_, -1, now, {"TaskScheduledId": task_id, "Result": result}), task_id)


def task_failed(now: int, task_id: int, reason: str, details: str | None) -> Event:
    """An activity raised."""
    return _failed(EventType.TASK_FAILED, now, task_id, reason, details)


def sub_orchestration_created(
    now: int,
    task_id: int,
    name: str,
    instance_id: str,
    version: str,
    input: str | None,
    retry: Retry | None = None,
) -> Event:
    """A sub-orchestration was started."""
    fields = {"Name": name, "Version": version, "InstanceId": instance_id, "Input": input, "Tags": None}
    type_ = EventType.SUB_ORCHESTRATION_CREATED
    return Event(type_, _write(type_, task_id, now, fields), task_id, name, retry)


def sub_orchestration_completed(now: int, task_id: int, result: str | None) -> Event:
    """A sub-orchestration ended well."""
    type_ = EventType.SUB_ORCHESTRATION_COMPLETED
    return Event(type_, _write(type_, -1, now, {"TaskScheduledId": task_id, "Result": result}), task_id)


def sub_orchestration_failed(now: int, task_id: int, reason: str, details: str | None) -> Event:
    """A sub-orchestration failed, was terminated or could not be started."""
    return _failed(EventType.SUB_ORCHESTRATION_FAILED, now, task_id, reason, details)


def timer_created(now: int, task_id: int, fire_at: int, retry: Retry | None = None) -> Event:
    """A durable timer was set, by the orchestrator or by the host between two attempts."""
    type_ = EventType.TIMER_CREATED
    fields = {"FireAt": format_timestamp(fire_at)}
    return Event(type_, _write(type_, task_id, now, fields), task_id, retry=retry)


def timer_fired(now: int, task_id: int, fire_at: int) -> Event:
    """A durable timer is due."""
    type_ = EventType.TIMER_FIRED
    fields = {"TimerId": task_id, "FireAt": format_timestamp(fire_at)}
    return Event(type_, _write(type_, -1, now, fields), task_id)


def event_sent(now: int, task_id: int, entity_id: str, input: str, request_id: str | None) -> Event:
    """An operation was sent to an entity; `request_id` names the answer that a call waits for."""
    type_ = EventType.EVENT_SENT
    fields = {"InstanceId": entity_id, "Name": "op", "Input": input}
    return Event(type_, _write(type_, task_id, now, fields), task_id, request_id)


def event_raised(now: int, name: str, input: str) -> Event:
    """An external event arrived, or an entity's answer, which is named by the request ID."""
    type_ = EventType.EVENT_RAISED
    return Event(type_, _write(type_, -1, now, {"Name": name, "Input": input}), name=name)


def renamed(event: Event, name: str) -> Event:
    """The same EventRaised under another spelling of its name."""
    text = _to_json(json.loads(event.text) | {"Name": name})
    return Event(event.type, text, name=name)


def generic_event(now: int, data: str) -> Event:
    """A mark without meaning for the orchestrator, such as a rewind."""
    type_ = EventType.GENERIC_EVENT
    return Event(type_, _write(type_, -1, now, {"Data": data}))


def external_event_awaited(now: int, name: str) -> Event:
    """The orchestrator waits for one external event of this name."""
    type_ = EventType.EXTERNAL_EVENT_AWAITED
    return Event(type_, _write(type_, -1, now, {"Name": name}), name=name)


def timer_cancelled(now: int, task_id: int) -> Event:
    """The orchestrator has cancelled a durable timer, which therefore holds nothing up any more."""
    type_ = EventType.TIMER_CANCELLED
    return Event(type_, _write(type_, -1, now, {"TimerId": task_id}), task_id)


def _failed(type_: EventType, now: int, task_id: int, reason: str, details: str | None) -> Event:
    fields = {"TaskScheduledId": task_id, "Reason": reason, "Details": details, "FailureDetails": None}
    return Event(type_, _write(type_, -1, now, fields), task_id)
