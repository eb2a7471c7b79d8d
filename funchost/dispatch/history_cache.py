"""Histories of instances that are busy, kept in memory so that an episode need not read them again.

Bounded: the least recently used go first. The hub stays the truth; a copy that is not current is not used.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

from funchost.durable.context import read_by_sdk
from funchost.durable.events import Event
from funchost.durable.ledger import Ledger
from funchost.durable.model import Instance

_LIMIT_CHARACTERS = 64_000_000


@dataclass(slots=True)
class Execution:
    """One execution as the dispatcher needs it: its ledger, and the events that the SDK replays."""

    execution_id: str
    episode: int = 0
    ledger: Ledger = field(default_factory=Ledger)
    texts: list[str] = field(default_factory=list)
    size: int = 0

    @classmethod
    def from_history(cls, execution_id: str, episode: int, history: Iterable[Event]) -> "Execution":
        """Fold a history that was read from the hub."""
        execution = cls(execution_id, episode)
        for event in history:
            execution.ledger.apply(event)
            execution.keep(event)
        return execution

    def keep(self, event: Event) -> None:
        """Remember an event for replay; the ledger must know it already."""
        self.size += 200
        if read_by_sdk(event):
            self.texts.append(event.text)
            self.size += len(event.text)


class HistoryCache:
    """Executions by instance ID."""

    def __init__(self, limit_characters: int = _LIMIT_CHARACTERS) -> None:
        self._limit = limit_characters
        self._size = 0
        self._kept: OrderedDict[str, Execution] = OrderedDict()

    def is_current(self, instance: Instance, episode: int) -> bool:
        """Whether the copy of this instance is what the hub has."""
        kept = self._kept.get(instance.instance_id)
        return kept is not None and (kept.execution_id, kept.episode) == (instance.execution_id, episode)

    def take(self, instance_id: str) -> Execution | None:
        """Remove and return the copy; whoever changes it puts it back after the commit."""
        execution = self._kept.pop(instance_id, None)
        if execution is not None:
            self._size -= execution.size
        return execution

    def put(self, instance_id: str, execution: Execution) -> None:
        """Keep a copy, and forget the oldest ones when there are too many."""
        self.take(instance_id)
        self._kept[instance_id] = execution
        self._size += execution.size
        while self._size > self._limit:
            _, forgotten = self._kept.popitem(last=False)
            self._size -= forgotten.size
