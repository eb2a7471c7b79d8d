"""History events: the facts of an execution, one frozen class for each kind, never changed once recorded.

An event is also what a message to an instance carries: taking the message appends its event to the
history. How an SDK reads an event is a matter of its protocol. `at` is the event's time in microseconds; a
`task_id` is the number of the task that an event schedules or ends; `input` and `result` are JSON text.
Source: Durable Task history events.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from funchost.durable.failures import FailureDetails
from funchost.durable.instances import Status


class EventType(enum.IntEnum):
    """Kinds of history events, numbered as in Durable Task; those from 100 on never leave funchost."""

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


FIRST_PRIVATE_TYPE = EventType.EXTERNAL_EVENT_AWAITED


@dataclass(frozen=True, slots=True)
class Retry:
    """Marks a task, or the timer between two attempts, of a call that the host retries.

    `first_task_id` is the task of the first attempt, whose action carries the options;
    `attempt` counts from 1.
    """

    first_task_id: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Parent:
    """Who started a sub-orchestration: the name and version of the caller. Its IDs are with the instance."""

    name: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class OrchestratorStarted:
    """Opens an episode; its time is the orchestrator's current time."""

    type: ClassVar = EventType.ORCHESTRATOR_STARTED
    at: int


@dataclass(frozen=True, slots=True)
class OrchestratorCompleted:
    """Closes an episode."""

    type: ClassVar = EventType.ORCHESTRATOR_COMPLETED
    at: int


@dataclass(frozen=True, slots=True)
class ExecutionStarted:
    """The start of an execution. Input, tags and the caller's IDs are kept with the instance, not twice."""

    type: ClassVar = EventType.EXECUTION_STARTED
    at: int
    name: str
    version: str = ""
    parent: Parent | None = None


@dataclass(frozen=True, slots=True)
class ExecutionCompleted:
    """The end of an execution, with the output as stored text."""

    type: ClassVar = EventType.EXECUTION_COMPLETED
    at: int
    task_id: int
    status: Status
    result: str | None
    failure: FailureDetails | None = None


@dataclass(frozen=True, slots=True)
class ExecutionTerminated:
    """A request to end the instance; `reason` is plain text, or JSON text from a gRPC client."""

    type: ClassVar = EventType.EXECUTION_TERMINATED
    at: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class ExecutionSuspended:
    """A request to hold the instance until it is resumed."""

    type: ClassVar = EventType.EXECUTION_SUSPENDED
    at: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class ExecutionResumed:
    """A request to let a suspended instance go on."""

    type: ClassVar = EventType.EXECUTION_RESUMED
    at: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class TaskScheduled:
    """An activity was scheduled; `input` is None unless the hub stores inputs in the history."""

    type: ClassVar = EventType.TASK_SCHEDULED
    at: int
    task_id: int
    name: str
    input: str | None = None
    version: str = ""
    tags: Mapping[str, str] | None = None
    retry: Retry | None = None


@dataclass(frozen=True, slots=True)
class TaskCompleted:
    """An activity returned; no `result` for no value."""

    type: ClassVar = EventType.TASK_COMPLETED
    at: int
    task_id: int
    result: str | None


@dataclass(frozen=True, slots=True)
class TaskFailed:
    """An activity raised. `reason` and `details` are for the JSON protocol, `failure` for the other."""

    type: ClassVar = EventType.TASK_FAILED
    at: int
    task_id: int
    reason: str
    details: str | None = None
    failure: FailureDetails | None = None


@dataclass(frozen=True, slots=True)
class SubOrchestrationCreated:
    """A sub-orchestration was started under the ID `target_id`."""

    type: ClassVar = EventType.SUB_ORCHESTRATION_CREATED
    at: int
    task_id: int
    name: str
    target_id: str
    version: str = ""
    input: str | None = None
    tags: Mapping[str, str] | None = None
    retry: Retry | None = None


@dataclass(frozen=True, slots=True)
class SubOrchestrationCompleted:
    """A sub-orchestration ended well."""

    type: ClassVar = EventType.SUB_ORCHESTRATION_COMPLETED
    at: int
    task_id: int
    result: str | None


@dataclass(frozen=True, slots=True)
class SubOrchestrationFailed:
    """A sub-orchestration failed, was terminated or could not be started."""

    type: ClassVar = EventType.SUB_ORCHESTRATION_FAILED
    at: int
    task_id: int
    reason: str
    details: str | None = None
    failure: FailureDetails | None = None


@dataclass(frozen=True, slots=True)
class TimerCreated:
    """A durable timer was set, by the orchestrator or by the host between two attempts."""

    type: ClassVar = EventType.TIMER_CREATED
    at: int
    task_id: int
    fire_at: int
    retry: Retry | None = None


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A durable timer is due."""

    type: ClassVar = EventType.TIMER_FIRED
    at: int
    task_id: int
    fire_at: int


@dataclass(frozen=True, slots=True)
class EventSent:
    """An event was sent to the instance `target_id`, or an operation to an entity.

    `request_id` names the answer that the caller of an operation or of a lock waits for.
    """

    type: ClassVar = EventType.EVENT_SENT
    at: int
    task_id: int
    target_id: str
    name: str
    input: str | None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class EventRaised:
    """An external event arrived, an operation for an entity, or an entity's answer, named by its request."""

    type: ClassVar = EventType.EVENT_RAISED
    at: int
    name: str
    input: str | None


@dataclass(frozen=True, slots=True)
class GenericEvent:
    """A mark without meaning for the orchestrator, such as a rewind."""

    type: ClassVar = EventType.GENERIC_EVENT
    at: int
    data: str


@dataclass(frozen=True, slots=True)
class ExternalEventAwaited:
    """The orchestrator waits for one external event of this name, which the hub holds until then."""

    type: ClassVar = EventType.EXTERNAL_EVENT_AWAITED
    at: int
    name: str


@dataclass(frozen=True, slots=True)
class TimerCancelled:
    """The orchestrator has cancelled a durable timer, which therefore holds nothing up any more."""

    type: ClassVar = EventType.TIMER_CANCELLED
    at: int
    task_id: int


# Unions for types and for isinstance alike.
Failure = TaskFailed | SubOrchestrationFailed
Completion = TaskCompleted | SubOrchestrationCompleted | TimerFired | Failure
Scheduling = TaskScheduled | SubOrchestrationCreated | TimerCreated | EventSent
Event = (
    Completion
    | Scheduling
    | OrchestratorStarted
    | OrchestratorCompleted
    | ExecutionStarted
    | ExecutionCompleted
    | ExecutionTerminated
    | ExecutionSuspended
    | ExecutionResumed
    | EventRaised
    | GenericEvent
    | ExternalEventAwaited
    | TimerCancelled
)

EVENT_CLASSES: tuple[type[Event], ...] = (
    OrchestratorStarted,
    OrchestratorCompleted,
    ExecutionStarted,
    ExecutionCompleted,
    ExecutionTerminated,
    ExecutionSuspended,
    ExecutionResumed,
    TaskScheduled,
    TaskCompleted,
    TaskFailed,
    SubOrchestrationCreated,
    SubOrchestrationCompleted,
    SubOrchestrationFailed,
    TimerCreated,
    TimerFired,
    EventSent,
    EventRaised,
    GenericEvent,
    ExternalEventAwaited,
    TimerCancelled,
)
