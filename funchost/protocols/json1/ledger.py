"""The ledger of an execution: what it has scheduled, what is open, what it awaits.

It is folded from the history alone, so that any host instance that reads the history knows the same.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from funchost.durable.events import (
    Completion,
    Event,
    EventRaised,
    EventSent,
    ExecutionStarted,
    ExternalEventAwaited,
    OrchestratorStarted,
    Retry,
    Scheduling,
    SubOrchestrationCompleted,
    SubOrchestrationCreated,
    SubOrchestrationFailed,
    TaskCompleted,
    TaskFailed,
    TaskScheduled,
    TimerCancelled,
    TimerCreated,
    TimerFired,
)


@dataclass(frozen=True, slots=True)
class Pace:
    """So many external events of one name were taken, one after the other."""

    name: str
    count: int


@dataclass(slots=True)
class Ledger:
    """Running totals over a history. `apply` is the only way to change it.

    `awaited` holds the names of the open waits, each as its waiter spells it, by the name without case;
    `entity_calls` the task of each open call by the ID of its request; `latest` the last external events that
    the latest episode has taken.
    """

    scheduled: dict[int, Scheduling] = field(default_factory=dict)
    made_by_host: set[int] = field(default_factory=set)
    open: set[int] = field(default_factory=set)
    awaited: dict[str, list[str]] = field(default_factory=dict)
    waits_recorded: int = 0
    entity_calls: dict[str, int] = field(default_factory=dict)
    started: bool = False
    latest: Pace | None = None

    @property
    def pace(self) -> Pace | None:
        """What the latest episode has taken of the events of which one more is awaited."""
        if self.latest is None or self.latest.name not in self.awaited.get(self.latest.name.casefold(), ()):
            return None
        return self.latest

    def apply(self, event: Event) -> None:
        """Take one more event of the history into account."""
        take = _TAKEN.get(type(event))
        if take is not None:
            take(self, event)

    def extend(self, events: Iterable[Event]) -> None:
        """Apply several events in order."""
        for event in events:
            self.apply(event)

    def waiter(self, event: EventRaised) -> str | None:
        """The name, as the waiter spells it, of the open wait or entity call that this event ends."""
        if event.name in self.entity_calls:
            return event.name
        waits = self.awaited.get(event.name.casefold())
        return waits[0] if waits else None

    def open_work(self) -> int:
        """How many completions other than those of timers can still come."""
        return sum(not isinstance(self.scheduled[task_id], TimerCreated) for task_id in self.open)

    def _close(self, event: Completion | TimerCancelled) -> None:
        self.open.discard(event.task_id)

    def _schedule(self, event: TaskScheduled | SubOrchestrationCreated | TimerCreated) -> None:
        self.scheduled[event.task_id] = event
        self.open.add(event.task_id)
        if event.retry is not None and (event.retry.attempt > 1 or isinstance(event, TimerCreated)):
            # No action of the orchestrator lists what the host schedules for a retry.
            self.made_by_host.add(event.task_id)

    def _send(self, event: EventSent) -> None:
        self.scheduled[event.task_id] = event
        if event.request_id is not None:
            self.open.add(event.task_id)
            self.entity_calls[event.request_id] = event.task_id

    def _await(self, event: ExternalEventAwaited) -> None:
        self.awaited.setdefault(event.name.casefold(), []).append(event.name)
        self.waits_recorded += 1

    def _raise(self, event: EventRaised) -> None:
        task_id = self.entity_calls.pop(event.name, None)
        if task_id is not None:
            self.open.discard(task_id)
            return
        key = event.name.casefold()
        waits = self.awaited.get(key, [])
        if event.name in waits:
            waits.remove(event.name)
        if not waits:
            self.awaited.pop(key, None)
        latest = self.latest
        before = latest.count if latest is not None and latest.name == event.name else 0
        self.latest = Pace(event.name, before + 1)

    def _begin_episode(self, event: OrchestratorStarted) -> None:
        self.latest = None

    def _start(self, event: ExecutionStarted) -> None:
        self.started = True


_TAKEN: Mapping[type[Event], Callable[[Ledger, Any], None]] = {
    TaskCompleted: Ledger._close,
    TaskFailed: Ledger._close,
    SubOrchestrationCompleted: Ledger._close,
    SubOrchestrationFailed: Ledger._close,
    TimerFired: Ledger._close,
    TimerCancelled: Ledger._close,
    TaskScheduled: Ledger._schedule,
    SubOrchestrationCreated: Ledger._schedule,
    TimerCreated: Ledger._schedule,
    EventSent: Ledger._send,
    ExternalEventAwaited: Ledger._await,
    EventRaised: Ledger._raise,
    ExecutionStarted: Ledger._start,
    OrchestratorStarted: Ledger._begin_episode,
}


def retry_of(scheduled: Scheduling | None) -> Retry | None:
    """The mark of a task that belongs to a call with retry options."""
    return None if scheduled is None or isinstance(scheduled, EventSent) else scheduled.retry
