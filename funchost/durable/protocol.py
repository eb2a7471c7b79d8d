"""What the engine asks of an SDK generation's protocol: the border between typed rules and what an SDK reads.

A protocol turns a leased instance into the value of a trigger, and what the function returned or raised into
a commit. It does no I/O. Everything that comes back is read here or refused with a reason; nothing that it
returns can fail to be stored.
"""

import enum
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from funchost.durable.commit import ActivityTask, ArrivedMessage, Commit
from funchost.durable.events import Event
from funchost.durable.instances import Instance, SdkProtocol


@dataclass(frozen=True, slots=True)
class Returned:
    """A function came to its end with this text; empty for no value."""

    text: str


@dataclass(frozen=True, slots=True)
class Raised:
    """A function raised: class name of the exception, its text in full, its frames."""

    error_type: str
    message: str
    stack: str


Outcome = Returned | Raised


class Refusal(enum.StrEnum):
    """Why the host does not let a function run; the value is the type of the failure that SDK 2.x sees."""

    UNKNOWN_FUNCTION = "FunctionNotFound"
    VERSION_MISMATCH = "VersionMismatch"
    GIVEN_UP = "WorkItemFailed"


class Replay(ABC):
    """What is kept in memory of one execution between its episodes: all that a replay needs.

    `size` is about how many bytes it takes, `length` how many events a replay reads.
    """

    __slots__ = ()

    @property
    @abstractmethod
    def size(self) -> int:
        """About how many bytes it takes."""

    @property
    @abstractmethod
    def length(self) -> int:
        """How many events a replay reads."""

    @abstractmethod
    def keep(self, events: Iterable[Event]) -> None:
        """Remember events that a commit has appended to the history."""


class Turn(ABC):
    """One episode or batch that needs a function to run.

    `payload` is the value of the trigger.
    """

    __slots__ = ()

    payload: bytes

    def again(self, outcome: Outcome) -> "Turn | None":
        """Another turn in place of this one, when it has offered more than the function has taken."""
        return None

    @abstractmethod
    def decide(self, outcome: Outcome, now: int) -> Commit:
        """What follows from the function's answer."""

    @abstractmethod
    def fail(self, reason: str, now: int, refusal: Refusal) -> Commit:
        """What follows when the function cannot run at all: the instance fails, or each operation of the
        batch."""


class SdkRules(ABC):
    """The rules of one protocol."""

    protocol: SdkProtocol

    @abstractmethod
    def replay_of(self, instance: Instance, history: Iterable[Event]) -> Replay:
        """Fold a history that was read from the hub, or begin an empty one."""

    @abstractmethod
    def begin_episode(
        self, instance: Instance, replay: Replay, arrived: Sequence[ArrivedMessage], now: int
    ) -> Turn | Commit:
        """Take what has arrived, in order of arrival. A commit when no function needs to run for it."""

    @abstractmethod
    def begin_batch(
        self, entity: Instance, arrived: Sequence[ArrivedMessage], now: int, *, alone: bool
    ) -> Turn | Commit:
        """Take the operations that can run now, or the first of them `alone`. A commit when no function needs
        to run for it."""

    def activity_payload(self, task: ActivityTask) -> bytes:
        """The value of an activity's trigger; no input travels as JSON null."""
        return b"null" if task.input is None else task.input.encode()

    @abstractmethod
    def activity_ended(self, task: ActivityTask, outcome: Outcome, now: int) -> Event:
        """The completion that an activity's outcome becomes."""

    @abstractmethod
    def activity_refused(
        self, task: ActivityTask, reason: str, now: int, *, timed_out: bool = False
    ) -> Event:
        """The failure of an activity that could not be run, or ran too long; `reason` says why."""
