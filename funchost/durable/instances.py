"""What an orchestration instance is: plain data that every room may hold.

No behaviour beyond what follows from a value itself; nothing here reads a clock or a disk.
All times are whole microseconds since 1970-01-01T00:00:00Z.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from funchost.durable.failures import FailureDetails
from funchost.durable.status import SdkProtocol, Status

__all__ = ["Instance", "InstanceFilter", "SdkProtocol", "Status"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One row of the task hub: an orchestration instance or an entity.

    `input`, `output` and `custom_status` are stored text: JSON in general, plain words for a terminate
    reason or a failure. `version` is empty when there is none. `generation` counts how often the ID has been
    started. An entity exists while it has an `entity_state`, which is JSON text; `locked_by` is the ID of the
    orchestration that holds its lock.
    """

    instance_id: str
    execution_id: str
    name: str
    version: str
    status: Status
    protocol: SdkProtocol = SdkProtocol.JSON1
    input: str | None
    output: str | None = None
    custom_status: str | None = None
    failure: FailureDetails | None = None
    tags: Mapping[str, str] | None = None
    created_at: int
    updated_at: int
    completed_at: int | None = None
    scheduled_at: int | None = None
    parent_instance_id: str | None = None
    parent_execution_id: str | None = None
    parent_task_id: int | None = None
    generation: int = 0
    entity_state: str | None = None
    locked_by: str | None = None


@dataclass(frozen=True, slots=True)
class InstanceFilter:
    """Which instances a query or a purge means; bounds are inclusive, no statuses means all.

    `entities` is True for entities alone, False for orchestrations alone, None for both.
    """

    created_from: int | None = None
    created_to: int | None = None
    statuses: frozenset[Status] = frozenset()
    prefix: str = ""
    entities: bool | None = None
    updated_from: int | None = None
    updated_to: int | None = None
