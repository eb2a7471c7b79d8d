"""What passes between the host and its workers, and how it can fail, as plain data.

Only shapes and exceptions live here: no conversion of user data, no I/O.
"""

import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from funchost.conventions.names import EPISODE_TRIGGERS
from funchost.conventions.retry_policies import RetryPolicy
from funchost.worker.streams import Stream

DatumKind = Literal["http", "stream", "string", "json", "none"]
DispatchPolicy = Literal["least-busy", "round-robin"]
ClientForm = Literal["json1", "grpc2"]
Lane = Literal["threads", "episodes", "loop"]
"""What an invocation occupies in a worker: a thread, an orchestrator's or entity's thread, or nothing but
the event loop. Invocations in different lanes do not wait for each other."""


@dataclass(frozen=True, slots=True)
class FunctionInfo:
    """One function of the app, as the worker found it.

    `error` says why the function cannot run although the rest of the app can. An HTTP function `is_streamed`
    when it takes and returns the objects of a web framework instead of the SDK's.
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
    retry: RetryPolicy | None = None
    is_streamed: bool = False

    @property
    def requires_grpc(self) -> bool:
        """Whether one of its bindings was declared with an SDK of the gRPC generation.

        Source: durable extension, attributes with DurableRequiresGrpc.
        """
        return any(binding.get("durableRequiresGrpc") is True for binding in self.bindings)

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
        retry = None if value["retry"] is None else RetryPolicy(**value["retry"])
        lists = {"bindings": tuple(value["bindings"]), "methods": tuple(value["methods"])}
        return cls(**{**value, **lists, "retry": retry})


@dataclass(frozen=True, slots=True)
class SdkFacts:
    """What a worker process runs the app with; the version of a package that is not there is empty.

    `requires_grpc`: the app is of the gRPC generation of the durable SDK, which one function decides for all.
    """

    python: str = ""
    azure_functions: str = ""
    azure_functions_durable: str = ""
    requires_grpc: bool = False


@dataclass(frozen=True, slots=True)
class LoadedApp:
    """What a worker process reports once it has loaded the app."""

    functions: tuple[FunctionInfo, ...]
    sdk: SdkFacts


@dataclass(frozen=True, slots=True)
class HttpCall:
    """An HTTP request as user code will see it. The body is the invocation's payload."""

    method: str
    url: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    params: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StreamedCall:
    """An HTTP request whose body flows, as its response does, while the function runs.

    `headers` are its lines in their order; `stream` is the host's end of both bodies.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    params: Mapping[str, str]
    stream: Stream


@dataclass(frozen=True, slots=True)
class HttpReply:
    """Status and headers of an `HttpResponse`. The body is the result's payload."""

    status: int
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class InvocationError:
    """An exception that user code raised: its class name, its text in full, its frames."""

    type: str
    message: str
    stack: str


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a function under a retry policy has been run again, how often it may be, and why it is."""

    count: int
    most: int
    error: InvocationError | None = None


@dataclass(frozen=True, slots=True)
class Invocation:
    """One call of one function: what triggers it, and its identity in the logs.

    With the datum `stream` the request is `streamed`, and the response is in its stream.
    `alone`: it gets a worker process of its own, so that it can take nothing else down with it.
    `instance`: the ID of the orchestration or entity that it is for.
    """

    invocation_id: str
    function: str
    datum: DatumKind
    payload: bytes
    http: HttpCall | None = None
    trace: tuple[str, str] = ("", "")
    streamed: StreamedCall | None = None
    alone: bool = False
    instance: str | None = None
    retry: Retry | None = None

    def log_context(self, worker: int | None) -> dict[str, Any]:
        """What the lines about it carry; `worker` is the process that runs it, if it is known."""
        return {
            "worker": worker,
            "function": self.function,
            "invocation": self.invocation_id,
            "instance": self.instance,
        }


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
    """What the pool needs to know to start workers.

    `environment` is the children's, in full. `client_binding` is what a durable client receives when its
    binding names neither task hub nor connection: under `json1` for SDK 1.x, under `grpc2` for SDK 2.x.
    """

    script_root: Path
    script_file: str
    process_count: int
    thread_count: int | None
    dispatch: DispatchPolicy
    client_binding: Mapping[ClientForm, Mapping[str, Any]]
    environment: Mapping[str, str]
    log_level: int
    function_timeout_seconds: float | None = None
    python: str = sys.executable


class AppLoadError(Exception):
    """The app cannot be loaded: its import, its functions or their signatures are at fault.

    Attributes:
        type: class name of the exception in the worker.
        message: its text.
        stack: its frames in user code; may be empty.
        function: the function to blame; empty when it is not one alone.
        hint: what to write instead; may be empty.
    """

    def __init__(self, type: str, message: str, stack: str = "", function: str = "", hint: str = "") -> None:
        super().__init__(f"{type}: {message}")
        self.type = type
        self.message = message
        self.stack = stack
        self.function = function
        self.hint = hint


class WorkerLost(Exception):
    """The worker process died before it answered. Whether the function ran to its end is unknown.

    Attributes:
        pid: the process that died.
        exit_description: how it ended, such as `python exited with code 137 (0x89)`.
        last_lines: the last lines it wrote to stderr.
    """

    def __init__(self, pid: int, exit_description: str, last_lines: tuple[str, ...] = ()) -> None:
        super().__init__("\n".join((f"Worker process {pid} died: {exit_description}", *last_lines)))
        self.pid = pid
        self.exit_description = exit_description
        self.last_lines = last_lines


class FunctionTimedOut(Exception):
    """A function ran longer than functionTimeout allows. Its worker process is replaced unless it ends soon.

    Attributes:
        pid: the process that runs it.
    """

    def __init__(self, function: str, timeout: str, pid: int) -> None:
        super().__init__(f"Timeout value of {timeout} was exceeded by function: Functions.{function}")
        self.pid = pid


class PoolStopped(Exception):
    """The workers are being stopped; no new invocation is taken. Call again after the next start."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)
