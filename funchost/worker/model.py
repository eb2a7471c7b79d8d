"""What passes between the host and its workers, as plain data.

Only shapes live here: no conversion of user data, no I/O.
"""

import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from funchost.conventions.names import EPISODE_TRIGGERS

DatumKind = Literal["http", "string", "json", "none"]
DispatchPolicy = Literal["least-busy", "round-robin"]
Lane = Literal["threads", "episodes", "loop"]
"""What an invocation occupies in a worker: a thread, an orchestrator's or entity's thread, or nothing but
the event loop. Invocations in different lanes do not wait for each other."""


@dataclass(frozen=True, slots=True)
class FunctionInfo:
    """One function of the app, as the worker found it.

    `error` says why the function cannot run although the rest of the app can.
    Source: azure.functions, Function; Azure Functions host, FunctionMetadata.
    """

    name: str
    trigger: str
    bindings: tuple[dict[str, Any], ...]
    durable_name: str
    route: str | None
    methods: tuple[str, ...]
    auth_level: str
    is_async: bool
    script_file: str
    entry_point: str
    disabled: bool = False
    error: str | None = None

    @property
    def lane(self) -> Lane:
        """Where a worker runs it, when episodes have threads of their own."""
        if self.trigger in EPISODE_TRIGGERS:
            return "episodes"
        return "loop" if self.is_async else "threads"

    def to_json(self) -> dict[str, Any]:
        """The function as the `ready` frame carries it."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "FunctionInfo":
        """The function that a `ready` frame carried."""
        return cls(**{**value, "bindings": tuple(value["bindings"]), "methods": tuple(value["methods"])})


@dataclass(frozen=True, slots=True)
class HttpCall:
    """An HTTP request as user code will see it. The body is the invocation's payload."""

    method: str
    url: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    params: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class HttpReply:
    """Status and headers of an `HttpResponse`. The body is the result's payload."""

    status: int
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Invocation:
    """One call of one function: what triggers it, and its identity in the logs."""

    invocation_id: str
    function: str
    datum: DatumKind
    payload: bytes
    http: HttpCall | None = None
    trace: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class InvocationError:
    """An exception that user code raised: its class name, its text in full, its frames."""

    type: str
    message: str
    stack: str


@dataclass(frozen=True, slots=True)
class InvocationResult:
    """How a call ended. `worker` is the process ID of the worker that ran it."""

    ok: bool
    datum: str
    payload: bytes
    http: HttpReply | None
    error: InvocationError | None
    worker: int


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """What the pool needs to know to start workers. `environment` is the children's, in full."""

    script_root: Path
    script_file: str
    process_count: int
    thread_count: int | None
    dispatch: DispatchPolicy
    client_binding: dict[str, Any]
    environment: Mapping[str, str]
    log_level: int
    function_timeout_seconds: float | None = None
    python: str = sys.executable
