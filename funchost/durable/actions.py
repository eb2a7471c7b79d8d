"""Actions: what an orchestrator or an entity asks for, whichever SDK it speaks through.

Inputs are JSON text as the called function gets it; times are in microseconds. `recorded_as` is the kind of
event that an action becomes in the history.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from funchost.durable.events import EventRaised, EventType
from funchost.durable.failures import FailureDetails
from funchost.durable.instances import Status

_LONGEST_PAUSE = 366 * 24 * 3600 * 1_000_000
Tags = Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often the host tries a call, and how long it waits in between (microseconds)."""

    max_attempts: int
    first_pause: int
    backoff: float = 1.0
    longest_pause: int | None = None

    def pause_after(self, attempt: int) -> int:
        """How long to wait after this attempt, counted from 1."""
        longest = min(self.longest_pause or _LONGEST_PAUSE, _LONGEST_PAUSE)
        try:
            return int(min(self.first_pause * self.backoff ** (attempt - 1), longest))
        except OverflowError:
            return longest


@dataclass(frozen=True, slots=True)
class CallActivity:
    """Run an activity."""

    recorded_as: ClassVar = EventType.TASK_SCHEDULED
    name: str
    input: str | None
    version: str = ""
    tags: Tags = None
    retry: RetryPolicy | None = None


@dataclass(frozen=True, slots=True)
class CallSubOrchestrator:
    """Start another orchestration and wait for its end; without an ID it gets one. No version: the host's."""

    recorded_as: ClassVar = EventType.SUB_ORCHESTRATION_CREATED
    name: str
    input: str | None
    instance_id: str | None = None
    version: str | None = None
    tags: Tags = None
    retry: RetryPolicy | None = None


@dataclass(frozen=True, slots=True)
class CreateTimer:
    """Be woken at a time; a cancelled timer is recorded and never fires."""

    recorded_as: ClassVar = EventType.TIMER_CREATED
    fire_at: int
    is_cancelled: bool = False


@dataclass(frozen=True, slots=True)
class SendEvent:
    """Raise an external event at another instance."""

    recorded_as: ClassVar = EventType.EVENT_SENT
    target_id: str
    name: str
    input: str | None


@dataclass(frozen=True, slots=True)
class CallEntity:
    """Have an entity run an operation and wait for its answer; without a request ID the host makes one."""

    recorded_as: ClassVar = EventType.EVENT_SENT
    entity_id: str
    operation: str
    input: str | None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class SignalEntity:
    """Have an entity run an operation, now or at `due`, and wait for nothing."""

    recorded_as: ClassVar = EventType.EVENT_SENT
    entity_id: str
    operation: str
    input: str | None
    due: int | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class LockEntities:
    """Ask for the locks of these entities, one after the other from `position` on."""

    recorded_as: ClassVar = EventType.EVENT_SENT
    entity_ids: tuple[str, ...]
    request_id: str
    position: int = 0


@dataclass(frozen=True, slots=True)
class UnlockEntity:
    """Give an entity's lock back."""

    recorded_as: ClassVar = EventType.EVENT_SENT
    entity_id: str
    request_id: str


@dataclass(frozen=True, slots=True)
class StartOrchestration:
    """An entity starts an orchestration, now or at `start_at`, and waits for nothing."""

    name: str
    input: str | None
    instance_id: str
    version: str | None = None
    start_at: int | None = None


@dataclass(frozen=True, slots=True)
class WaitForExternalEvent:
    """Wait for one external event, which the host holds until then."""

    name: str


@dataclass(frozen=True, slots=True)
class ContinueAsNew:
    """Start over under the same ID with this input; the new execution gets the `carried` events first."""

    input: str | None
    version: str | None = None
    carried: tuple[EventRaised, ...] = ()


@dataclass(frozen=True, slots=True)
class Complete:
    """End in this final status."""

    status: Status
    result: str | None
    failure: FailureDetails | None = None


TaskAction = (
    CallActivity
    | CallSubOrchestrator
    | CreateTimer
    | SendEvent
    | CallEntity
    | SignalEntity
    | LockEntities
    | UnlockEntity
)
"""Actions that take a task number and are recorded as a scheduling."""
