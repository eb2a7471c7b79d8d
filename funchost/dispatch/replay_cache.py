"""Executions that are busy, kept in memory so that an episode need not read their histories again.

Bounded: the least recently used go first. The hub stays the truth; a copy that is not current is not used.
"""

from collections import OrderedDict
from dataclasses import dataclass

from funchost.durable.instances import Instance
from funchost.durable.protocol import Replay

_LIMIT_BYTES = 64_000_000


@dataclass(slots=True)
class CachedExecution:
    """What a replay of one execution needs, as of the episode with this number."""

    execution_id: str
    episode: int
    replay: Replay


class ReplayCache:
    """Executions by instance ID."""

    def __init__(self, limit_bytes: int = _LIMIT_BYTES) -> None:
        self._limit = limit_bytes
        self._size = 0
        self._kept: OrderedDict[str, tuple[CachedExecution, int]] = OrderedDict()

    def take(self, instance: Instance, episode: int) -> Replay | None:
        """Remove the copy of this instance, and return it if it is what the hub has.

        Whoever changes it puts it back after the commit.
        """
        cached, size = self._kept.pop(instance.instance_id, (None, 0))
        self._size -= size
        if cached is None or (cached.execution_id, cached.episode) != (instance.execution_id, episode):
            return None
        return cached.replay

    def put(self, instance_id: str, execution: CachedExecution) -> None:
        """Keep a copy, and forget the oldest ones when there are too many."""
        _, before = self._kept.pop(instance_id, (None, 0))
        size = execution.replay.size
        self._kept[instance_id] = execution, size
        self._size += size - before
        while self._size > self._limit:
            _, (_, forgotten) = self._kept.popitem(last=False)
            self._size -= forgotten
