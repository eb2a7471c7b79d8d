"""Rewind: how a failed instance is set back to the point before its failures.

What failed becomes a mark without meaning, so that the next episode schedules it again under the same
number; what succeeded is kept. Nothing here looks at other instances: the caller tells which children have
failed and can be rewound themselves.
Source: DurableTask.AzureStorage, RewindHistoryAsync; DurableTask.Core, TaskOrchestrationDispatcher.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from funchost.durable.commit import Commit, Message
from funchost.durable.events import (
    Completion,
    Event,
    EventRaised,
    EventSent,
    ExecutionCompleted,
    Failure,
    GenericEvent,
    Scheduling,
    SubOrchestrationCreated,
    TaskScheduled,
    TimerCancelled,
    TimerCreated,
)
from funchost.durable.instances import Instance, SdkProtocol, Status

_Numbered = tuple[int, Event]
"""An event and its position in the history."""


@dataclass(frozen=True, slots=True)
class _Call:
    """One call of the orchestrator: its attempts, the retry timers between them, and what ended these.

    `outcome` is how the last attempt ended, None while it is open.
    """

    attempts: Sequence[tuple[int, Scheduling]]
    timers: Sequence[tuple[int, TimerCreated]]
    ends: Sequence[_Numbered]
    outcome: Event | None

    @property
    def failed(self) -> bool:
        return isinstance(self.outcome, Failure)

    @property
    def child(self) -> str | None:
        """The ID of the child instance that the last attempt started."""
        _, last = self.attempts[-1]
        return last.target_id if isinstance(last, SubOrchestrationCreated) else None


def failed_children(instance: Instance, history: Sequence[Event]) -> list[str]:
    """The IDs of the sub-orchestrations that failed for good, each retry included."""
    return [call.child for call in _calls(instance, history) if call.failed and call.child is not None]


def rewind(
    instance: Instance, history: Sequence[Event], rewound: Collection[str], reason: str, now: int
) -> Commit:
    """What changes when a failed instance is rewound.

    `rewound` are those of its failed children that are rewound along with it; their calls stay open. All
    other failed calls are made again with all their attempts, and so is whatever was still open, because
    its result has been dropped. An open sub-orchestration is left to itself.
    """
    calls = _calls(instance, history)
    undone = {position for call in calls for position in _undone(call, rewound)}
    undone |= {at for at, event in enumerate(history) if isinstance(event, ExecutionCompleted)}
    rest = [_mark(event) if at in undone else event for at, event in enumerate(history)]
    # The old output stays until there is a new one, as in the original.
    pending = replace(instance, status=Status.PENDING, updated_at=now, completed_at=None)
    commit = Commit(pending, history=rest, replaces_history=True)
    children = (call for call in calls if call.child is not None)
    commit.open_tasks = sum(call.outcome is None or call.child in rewound for call in children)
    wake = GenericEvent(now, reason)
    commit.messages.append(Message(instance.instance_id, wake, instance.execution_id, now))
    return commit


def _calls(instance: Instance, history: Sequence[Event]) -> list[_Call]:
    if instance.protocol is SdkProtocol.GRPC2:
        return _calls_retried_by_sdk(history)
    return _calls_retried_by_host(history)


def _calls_retried_by_host(history: Sequence[Event]) -> list[_Call]:
    """In SDK 1.x each attempt has a number of its own, and the timers between them belong to the call."""
    scheduled: dict[int, list[tuple[int, Scheduling]]] = defaultdict(list)
    ends: dict[int | str, _Numbered] = {}
    for at, event in enumerate(history):
        if isinstance(event, Scheduling):
            retry = None if isinstance(event, EventSent) else event.retry
            scheduled[retry.first_task_id if retry else event.task_id].append((at, event))
        elif isinstance(event, Completion | TimerCancelled):
            ends[event.task_id] = (at, event)
        elif isinstance(event, EventRaised):
            ends[event.name] = (at, event)
    calls = []
    for group in scheduled.values():
        timers = [(at, each) for at, each in group if isinstance(each, TimerCreated) and each.retry]
        attempts = [each for each in group if each not in timers]
        ended = [ends[key] for key in (_ended_by(each) for _, each in group) if key in ends]
        _, outcome = ends.get(_ended_by(attempts[-1][1]), (0, None))
        calls.append(_Call(attempts, timers, ended, outcome))
    return calls


def _calls_retried_by_sdk(history: Sequence[Event]) -> list[_Call]:
    """In SDK 2.x all attempts of a call have one number. The timers between them are the orchestrator's own,
    and stay; the original cannot rewind a call with a retry policy either."""
    attempts: dict[int, list[tuple[int, Scheduling]]] = defaultdict(list)
    ends: dict[int, list[_Numbered]] = defaultdict(list)
    requests: dict[str, int] = {}
    for at, event in enumerate(history):
        if isinstance(event, Scheduling):
            attempts[event.task_id].append((at, event))
            if isinstance(event, EventSent) and event.request_id is not None:
                requests[event.request_id] = event.task_id
        elif isinstance(event, Completion):
            ends[event.task_id].append((at, event))
        elif isinstance(event, EventRaised) and event.name in requests:
            ends[requests[event.name]].append((at, event))
    return [
        _Call(group, (), ended, ended[-1][1] if len(ended) == len(group) else None)
        for group, ended in ((group, ends[number]) for number, group in attempts.items())
    ]


def _ended_by(scheduling: Scheduling) -> int | str:
    """What the event that ends a task is found by; an entity answers under the ID of the request."""
    if isinstance(scheduling, EventSent) and scheduling.request_id is not None:
        return scheduling.request_id
    return scheduling.task_id


def _undone(call: _Call, rewound: Collection[str]) -> Iterable[int]:
    """The positions of the events of this call that lose their meaning."""
    _, last = call.attempts[-1]
    is_message = isinstance(last, EventSent) and last.request_id is None
    if is_message or (call.outcome is not None and not call.failed):
        return ()
    if call.child is None or (call.failed and call.child not in rewound):
        return [at for at, _ in (*call.attempts, *call.timers, *call.ends)]
    # The last attempt is open again; the timer that was set when it failed goes with its failure.
    retry = last.retry if isinstance(last, TaskScheduled | SubOrchestrationCreated) else None
    behind = {timer.task_id for _, timer in call.timers if timer.retry == retry} | {last.task_id}
    timers = [at for at, timer in call.timers if timer.task_id in behind]
    ends = [at for at, end in call.ends if getattr(end, "task_id", None) in behind]
    return [*timers, *ends[-1:]] if not call.timers else [*timers, *ends]


def _mark(event: Event) -> GenericEvent:
    name = event.type.name.title().replace("_", "").replace("SubOrchestration", "SubOrchestrationInstance")
    return GenericEvent(event.at, f"Rewound: {name}")
