"""The history of one execution as the SDK reads it, encoded once, and what may be added to it.

An OrchestratorRequest is a sequence of length-delimited fields, so the encoded events are joined as they
are: no event is encoded for a second episode.
Source: DurableTask.Core, TaskOrchestrationDispatcher; protobuf encoding of length-delimited fields.
"""

import base64
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from funchost.durable.commit import ArrivedMessage
from funchost.durable.events import (
    Completion,
    Event,
    EventSent,
    ExecutionResumed,
    ExecutionStarted,
    ExecutionSuspended,
    ExecutionTerminated,
    Scheduling,
)
from funchost.durable.instances import Instance
from funchost.durable.protocol import Replay
from funchost.protocols.grpc2.messages import history_event

_INSTANCE_ID = 0x0A
_PAST_EVENT = 0x1A
_NEW_EVENT = 0x22
"""Tags of the fields 1, 3 and 4 of an OrchestratorRequest."""


class EncodedHistory(Replay):
    """The encoded history of an execution.

    `started` tells that its start was taken, `suspended` that the SDK holds it; `highest_task_id` is the last
    number that it gave.
    """

    __slots__ = ("_instance", "_length", "_open", "_past", "highest_task_id", "started", "suspended")

    def __init__(self, instance: Instance, history: Iterable[Event] = ()) -> None:
        self._instance = instance
        self._past = bytearray()
        self._length = 0
        self._open: Counter[int] = Counter()
        self.highest_task_id = 0
        self.started = False
        self.suspended = False
        self.keep(history)

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return len(self._past)

    @property
    def length(self) -> int:
        """How many events a replay reads."""
        return self._length

    def keep(self, recorded: Iterable[Event]) -> None:
        """Append events that a commit has recorded."""
        for event in recorded:
            self._past += _encoded(_PAST_EVENT, event, self._instance)
            self._length += 1
            if isinstance(event, Scheduling):
                self.highest_task_id = max(self.highest_task_id, event.task_id)
                if not isinstance(event, EventSent):
                    self._open[event.task_id] += 1
            elif isinstance(event, Completion):
                self._open[event.task_id] -= 1
            elif isinstance(event, ExecutionStarted):
                self.started = True
            elif isinstance(event, ExecutionSuspended | ExecutionResumed):
                self.suspended = isinstance(event, ExecutionSuspended)

    def open_count(self, task_id: int) -> int:
        """How many schedulings under this number have not ended: a retry uses the number again."""
        return self._open[task_id]

    def request(self, new: Iterable[Event]) -> bytes:
        """The base64 of the OrchestratorRequest for an episode that brings these events."""
        parts = [
            _field(_INSTANCE_ID, self._instance.instance_id.encode()),
            bytes(self._past),
            *(_encoded(_NEW_EVENT, event, self._instance) for event in new),
        ]
        return base64.b64encode(b"".join(parts))


@dataclass(slots=True)
class Taken:
    """What one episode takes from the mailbox: numbers of all messages used up, and the events they bring."""

    consumed: list[int] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def has(self, kind: type[Event]) -> bool:
        """Whether an event of this kind is among them."""
        return any(isinstance(event, kind) for event in self.events)

    @property
    def suspension(self) -> ExecutionSuspended | ExecutionResumed | None:
        """The last request that suspends the instance or resumes it."""
        for event in reversed(self.events):
            if isinstance(event, ExecutionSuspended | ExecutionResumed):
                return event
        return None


def take_everything(instance: Instance, history: EncodedHistory, arrived: Sequence[ArrivedMessage]) -> Taken:
    """Take all that has arrived, in order; the SDK itself holds back what nobody awaits.

    Messages for another execution, a second start and completions of nothing open are thrown away, which
    makes a result count once. So are requests to suspend what is suspended and to resume what is not: the
    SDK would hang or fail. What arrives ahead of a scheduled start waits for it, all but the request to
    terminate.
    """
    taken = Taken()
    meant = []
    for message in arrived:
        if message.execution_id in (None, instance.execution_id):
            meant.append(message)
        else:
            taken.consumed.append(message.message_id)
    start = next((each for each in meant if isinstance(each.event, ExecutionStarted)), None)
    if not history.started:
        if start is None:
            _take_termination(taken, meant)
            return taken
        meant = [start, *(message for message in meant if message is not start)]
    ended: Counter[int] = Counter()
    suspended = history.suspended
    for message in meant:
        taken.consumed.append(message.message_id)
        event = message.event
        if isinstance(event, Completion):
            if history.open_count(event.task_id) <= ended[event.task_id]:
                continue
            ended[event.task_id] += 1
        elif isinstance(event, ExecutionStarted) and (history.started or message is not start):
            continue
        elif isinstance(event, ExecutionSuspended | ExecutionResumed):
            if suspended is isinstance(event, ExecutionSuspended):
                continue
            suspended = not suspended
        taken.events.append(event)
    return taken


def _take_termination(taken: Taken, meant: Sequence[ArrivedMessage]) -> None:
    for message in meant:
        if isinstance(message.event, ExecutionTerminated):
            taken.consumed.append(message.message_id)
            taken.events.append(message.event)
            return


def _encoded(tag: int, event: Event, instance: Instance) -> bytes:
    message = history_event(event, instance)
    return b"" if message is None else _field(tag, message.SerializeToString())


def _field(tag: int, content: bytes) -> bytes:
    """One length-delimited field: its tag, the length in groups of seven bits, the content."""
    prefix = bytearray((tag,))
    length = len(content)
    while length > 0x7F:
        prefix.append(length & 0x7F | 0x80)
        length >>= 7
    prefix.append(length)
    return bytes(prefix) + content
