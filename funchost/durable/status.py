"""In which status an instance can be, and which SDK generations there are."""

import enum
from collections.abc import Mapping
from types import MappingProxyType


class SdkProtocol(enum.StrEnum):
    """How the SDK that runs an instance talks: JSON (azure-functions-durable 1.x) or protobuf (2.x).

    An instance keeps the protocol that it began with: numbers and inputs mean different things in the other.
    """

    JSON1 = "json1"
    GRPC2 = "grpc2"


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
        """The number that protocols use for this status."""
        return _NUMBERS[self]


_FINAL = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELED, Status.TERMINATED})
_NUMBERS: Mapping[Status, int] = MappingProxyType({status: n for n, status in enumerate(Status)})
