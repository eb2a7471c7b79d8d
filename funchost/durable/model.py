"""What an orchestration instance is: plain data that every room may hold.

No behaviour beyond what follows from a value itself; nothing here reads a clock or a disk.
All times are whole microseconds since 1970-01-01T00:00:00Z.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


class Status(enum.StrEnum):
    """Runtime status of an instance. Source: durable extension, OrchestrationRuntimeStatus."""

    RUNNING = "Running"
    COMPLETED = "Completed"
    CONTINUED_AS_NEW = "ContinuedAsNew"
    FAILED = "Failed"
    CANCELED = "Canceled"
    TERMINATED = "Terminated"
    PENDING = "Pending"
    SUSPENDED = "Suspended"

    @property
    def is_final(self) -> bool:
        """Whether an instance in this status has ended and its ID may be used again."""
        return self in _FINAL

    @property
    def number(self) -> int:
        """The number that history and storage use for this status."""
        return _NUMBERS[self]


_FINAL = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELED, Status.TERMINATED})
_NUMBERS: Mapping[Status, int] = MappingProxyType({status: n for n, status in enumerate(Status)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One row of the task hub: an orchestration instance or an entity.

    `input`, `output` and `custom_status` are stored text: JSON in general, plain words for a
    terminate reason or a failure. `generation` counts how often the ID has been started.
    """

    instance_id: str
    execution_id: str
    name: str
    version: str
    status: Status
    input: str | None
    output: str | None = None
    custom_status: str | None = None
    created_at: int
    updated_at: int
    completed_at: int | None = None
    parent_instance_id: str | None = None
    parent_execution_id: str | None = None
    parent_task_id: int | None = None
    generation: int = 0


@dataclass(frozen=True, slots=True)
class InstanceFilter:
    """Which instances a query or a purge means; bounds are inclusive, no statuses means all."""

    created_from: int | None = None
    created_to: int | None = None
    statuses: frozenset[Status] = frozenset()
    prefix: str = ""
