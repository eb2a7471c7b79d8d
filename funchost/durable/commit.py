"""What one step changes in the task hub, as plain data; the hub writes it in one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from funchost.durable.events import Event, ExecutionStarted
from funchost.durable.instances import Instance

FIRST_IN_LINE = 0
"""A `visible_at` before every other: such a message is taken ahead of all that waits."""


@dataclass(frozen=True, slots=True)
class Message:
    """An event on its way to an instance.

    `execution_id` is the execution it is meant for, None for whichever is current. `visible_at` is the
    time in microseconds from which it may be taken.
    """

    instance_id: str
    event: Event
    execution_id: str | None
    visible_at: int


@dataclass(frozen=True, slots=True)
class ArrivedMessage:
    """A message that waits in an instance's mailbox, under the number that the hub gave it."""

    message_id: int
    event: Event
    execution_id: str | None


@dataclass(frozen=True, slots=True)
class ActivityTask:
    """An activity to run; `input` is the JSON text that the function gets, None for no input."""

    instance_id: str
    execution_id: str
    task_id: int
    name: str
    input: str | None
    version: str = ""
    tags: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Postponed:
    """An activity that the host does itself is to go on at `not_before`, with this input."""

    input: str
    not_before: int


@dataclass(frozen=True, slots=True)
class NewInstance:
    """An orchestration to start. When its ID is in use, `if_refused` is posted instead, if there is one."""

    instance: Instance
    started: ExecutionStarted
    if_refused: Message | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation that an entity has run: the result as JSON text, or the error in words."""

    name: str
    request_id: str
    input: str | None
    result: str
    error: str | None
    milliseconds: float


@dataclass(slots=True)
class Commit:
    """Everything that one episode or entity batch changes.

    `consumed` are the numbers of the messages that are used up. `history` is appended, or takes the
    place of the old history when `replaces_history` is set. `cancelled_timers` are task numbers whose
    pending TimerFired is withdrawn. `open_tasks` is how many completions can still come. `more_to_take`
    tells that a message left in the mailbox can be taken at once.

    Two are for the log alone: `superseded` are the events of an episode that starts its instance over, which
    no history keeps; `operations` are those that a batch has run.
    """

    instance: Instance
    consumed: list[int] = field(default_factory=list)
    history: list[Event] = field(default_factory=list)
    replaces_history: bool = False
    messages: list[Message] = field(default_factory=list)
    activities: list[ActivityTask] = field(default_factory=list)
    new_instances: list[NewInstance] = field(default_factory=list)
    cancelled_timers: list[int] = field(default_factory=list)
    open_tasks: int = 0
    more_to_take: bool = False
    superseded: list[Event] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
