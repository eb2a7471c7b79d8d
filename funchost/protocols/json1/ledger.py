"""The ledger of an execution: what it has scheduled, what is open, what it awaits.

It is folded from the history alone, so that any host instance that reads the history knows the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from funchost.durable.events import Event, EventType, Retry

COMPLETIONS = frozenset(
    {
        EventType.TASK_COMPLETED,
        EventType.TASK_FAILED,
        EventType.SUB_ORCHESTRATION_COMPLETED,
        EventType.SUB_ORCHESTRATION_FAILED,
        EventType.TIMER_FIRED,
    }
)
FAILURES = frozenset({EventType.TASK_FAILED, EventType.SUB_ORCHESTRATION_FAILED})
SCHEDULINGS = frozenset(
    {
        EventType.TASK_SCHEDULED,
        EventType.SUB_ORCHESTRATION_CREATED,
        EventType.TIMER_CREATED,
        EventType.EVENT_SENT,
    }
)
_AIMED_AT_INSTANCES = frozenset({EventType.SUB_ORCHESTRATION_CREATED, EventType.EVENT_SENT})


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A task as the history records it; `text` is its event, kept when it tells of another instance."""

    type: EventType
    name: str | None
    retry: Retry | None
    text: str | None = None

    @property
    def made_by_host(self) -> bool:
        """Whether the host scheduled it for a retry, so that no action of the orchestrator lists it."""
        if self.retry is None:
            return False
        return self.type is EventType.TIMER_CREATED or self.retry.attempt > 1


@dataclass(slots=True)
class Ledger:
    """Running totals over a history. `apply` is the only way to change it.

    `awaited` holds the names of the open waits, each as its waiter spells it, by the name without case.
    """

    scheduled: dict[int, Scheduled] = field(default_factory=dict)
    open: set[int] = field(default_factory=set)
    awaited: dict[str, list[str]] = field(default_factory=dict)
    waits_recorded: int = 0
    entity_calls: dict[str, int] = field(default_factory=dict)
    started: bool = False

    def apply(self, event: Event) -> None:
        """Take one more event of the history into account."""
        type_ = event.type
        if type_ in COMPLETIONS or type_ is EventType.TIMER_CANCELLED:
            self.open.discard(event.task_id)
        elif type_ in SCHEDULINGS:
            self._apply_scheduling(event)
        elif type_ is EventType.EVENT_RAISED:
            self._apply_raised(event)
        elif type_ is EventType.EXTERNAL_EVENT_AWAITED:
            self.awaited.setdefault(_wait_key(event), []).append(event.name or "")
            self.waits_recorded += 1
        elif type_ is EventType.EXECUTION_STARTED:
            self.started = True

    def extend(self, events: Iterable[Event]) -> None:
        """Apply several events in order."""
        for event in events:
            self.apply(event)

    def waiter(self, event: Event) -> str | None:
        """The name, as the waiter spells it, of the open wait or entity call that this EventRaised ends."""
        if event.name in self.entity_calls:
            return event.name
        waits = self.awaited.get(_wait_key(event))
        return waits[0] if waits else None

    def _apply_scheduling(self, event: Event) -> None:
        text = event.text if event.type in _AIMED_AT_INSTANCES else None
        self.scheduled[event.task_id] = Scheduled(event.type, event.name, event.retry, text)
        if event.type is not EventType.EVENT_SENT:
            self.open.add(event.task_id)
        elif event.name is not None:
            self.open.add(event.task_id)
            self.entity_calls[event.name] = event.task_id

    def _apply_raised(self, event: Event) -> None:
        task_id = self.entity_calls.pop(event.name or "", None)
        if task_id is not None:
            self.open.discard(task_id)
            return
        key = _wait_key(event)
        waits = self.awaited.get(key, [])
        if event.name in waits:
            waits.remove(event.name)
        if not waits:
            self.awaited.pop(key, None)


def _wait_key(event: Event) -> str:
    return (event.name or "").casefold()
