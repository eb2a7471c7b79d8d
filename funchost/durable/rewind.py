"""Rewind: how a failed instance is set back to the point before its failures.

What failed becomes a mark without meaning, so that the next episode schedules it again under the same
number; what succeeded is kept. Nothing here looks at other instances: the caller tells which children have
failed and can be rewound themselves.
Source: DurableTask.AzureStorage, RewindHistoryAsync.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from funchost.durable import events
from funchost.durable.clock import parse_timestamp
from funchost.durable.commit import Commit, Message
from funchost.durable.events import Event, EventType
from funchost.durable.ledger import COMPLETIONS, FAILURES, SCHEDULINGS, Ledger
from funchost.durable.instances import Instance, Status


@dataclass(frozen=True, slots=True)
class _Call:
    """One call of the orchestrator: its attempts, the retry timers between them, and what ended these.

    `outcome` is how the last attempt ended, None while it is open.
    """

    attempts: Sequence[Event]
    timers: Sequence[Event]
    ends: Sequence[Event]
    outcome: Event | None

    @property
    def failed(self) -> bool:
        return self.outcome is not None and self.outcome.type in FAILURES

    @property
    def child(self) -> str | None:
        """The ID of the child instance that the last attempt started."""
        last = self.attempts[-1]
        if last.type is not EventType.SUB_ORCHESTRATION_CREATED:
            return None
        child: str = json.loads(last.text)["InstanceId"]
        return child


def failed_children(history: Iterable[Event]) -> list[str]:
    """The IDs of the sub-orchestrations that failed for good, each retry included."""
    return [call.child for call in _calls(history) if call.failed and call.child is not None]


def rewind(
    instance: Instance, history: Sequence[Event], rewound: Collection[str], reason: str, now: int
) -> Commit:
    """What changes when a failed instance is rewound.

    `rewound` are those of its failed children that are rewound along with it; their calls stay open. All
    other failed calls are made again with all their attempts, and so is whatever was still open, because
    its result has been dropped. An open sub-orchestration is left to itself.
    """
    undone = {event for call in _calls(history) for event in _undone(call, rewound)}
    undone |= {event for event in history if event.type is EventType.EXECUTION_COMPLETED}
    rest = [_mark(event) if event in undone else event for event in history]
    ledger = Ledger()
    ledger.extend(rest)
    # The old output stays until there is a new one, as in the original.
    pending = replace(instance, status=Status.PENDING, updated_at=now, completed_at=None)
    commit = Commit(pending, history=rest, replaces_history=True, open_tasks=len(ledger.open))
    wake = events.generic_event(now, reason)
    commit.messages.append(Message(instance.instance_id, wake, instance.execution_id, now))
    return commit


def _calls(history: Iterable[Event]) -> list[_Call]:
    scheduled: dict[int, list[Event]] = defaultdict(list)
    ends: dict[int | str, Event] = {}
    for event in history:
        if event.type in SCHEDULINGS:
            scheduled[event.retry.first_task_id if event.retry else event.task_id].append(event)
        elif event.type in COMPLETIONS or event.type is EventType.TIMER_CANCELLED:
            ends[event.task_id] = event
        elif event.type is EventType.EVENT_RAISED and event.name is not None:
            ends[event.name] = event
    calls = []
    for group in scheduled.values():
        timers = [each for each in group if each.type is EventType.TIMER_CREATED and each.retry is not None]
        attempts = [each for each in group if each not in timers]
        ended = [ends[key] for key in map(_ended_by, group) if key in ends]
        calls.append(_Call(attempts, timers, ended, ends.get(_ended_by(attempts[-1]))))
    return calls


def _ended_by(scheduling: Event) -> int | str:
    """What the event that ends a task is found by; an entity answers under the ID of the request."""
    if scheduling.type is EventType.EVENT_SENT and scheduling.name is not None:
        return scheduling.name
    return scheduling.task_id


def _undone(call: _Call, rewound: Collection[str]) -> Sequence[Event]:
    """The events of this call that lose their meaning."""
    last = call.attempts[-1]
    is_signal = last.type is EventType.EVENT_SENT and last.name is None
    if is_signal or (call.outcome is not None and not call.failed):
        return ()
    if call.child is None or (call.failed and call.child not in rewound):
        return (*call.attempts, *call.timers, *call.ends)
    # The last attempt is open again; the timer that was set when it failed goes with its failure.
    behind = {timer.task_id for timer in call.timers if timer.retry == last.retry} | {last.task_id}
    timers = (timer for timer in call.timers if timer.task_id in behind)
    return (*timers, *(end for end in call.ends if end.task_id in behind))


def _mark(event: Event) -> Event:
    name = event.type.name.title().replace("_", "").replace("SubOrchestration", "SubOrchestrationInstance")
    at = parse_timestamp(json.loads(event.text)["Timestamp"])
    return events.generic_event(at, f"Rewound: {name}")
