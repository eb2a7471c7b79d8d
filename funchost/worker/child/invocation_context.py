"""Which invocation the running code is in: `func.Context` as user code sees it, and its log records.

The attributes are those of the real worker's own class, which is not a subclass of `azure.functions.Context`
either. Which log lines are shown, and how, is the host's matter.
Source: Azure Functions Python worker, context and logging.
"""

import logging
import sys
import threading
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from funchost.worker.child.channel import Channel
from funchost.worker.child.error_report import printable


class TraceContext:
    """The W3C trace context of an invocation."""

    def __init__(self, trace_parent: str, trace_state: str) -> None:
        self.trace_parent = trace_parent
        self.trace_state = trace_state
        self.attributes: dict[str, str] = {}

    # The older spelling is deprecated in the original, and still there.
    @property
    def Traceparent(self) -> str:
        """Deprecated name of `trace_parent`."""
        return self.trace_parent

    @property
    def Tracestate(self) -> str:
        """Deprecated name of `trace_state`."""
        return self.trace_state

    @property
    def Attributes(self) -> dict[str, str]:
        """Deprecated name of `attributes`."""
        return self.attributes


@dataclass(frozen=True, slots=True)
class RpcException:
    """What the try before this one failed with; its texts are empty at the first try."""

    source: str = ""
    stack_trace: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class RetryContext:
    """How often the host has run this invocation again; zeros without a retry policy."""

    retry_count: int = 0
    max_retry_count: int = 0
    rpc_exception: RpcException = RpcException()


def retry_context_of(header: Mapping[str, Any]) -> RetryContext:
    """The retry context of an `invoke` frame."""
    retry = header.get("retry")
    if retry is None:
        return RetryContext()
    failure = RpcException(stack_trace=retry.get("stack", ""), message=retry.get("message", ""))
    return RetryContext(retry["count"], retry["most"], failure)


@dataclass(frozen=True, slots=True)
class Context:
    """What a parameter named `context` receives."""

    invocation_id: str
    function_name: str
    function_directory: str
    thread_local_storage: Any
    trace_context: TraceContext
    retry_context: RetryContext


class InvocationScope:
    """Which invocation the running code belongs to, so that its log lines can say so.

    A task and its child tasks inherit it; a thread of the pool has it while it runs a function; a thread that
    user code starts has it once it has set `context.thread_local_storage.invocation_id`.
    """

    def __init__(self) -> None:
        self.thread_local_storage = threading.local()
        self._current: ContextVar[str | None] = ContextVar("invocation_id", default=None)
        self._live: dict[str, int] = {}

    def enter(self, invocation_id: str, frame_id: int) -> None:
        """From here on this thread or task runs the invocation."""
        self._live[invocation_id] = frame_id
        self._current.set(invocation_id)
        self.thread_local_storage.invocation_id = invocation_id

    def leave(self, invocation_id: str) -> None:
        """The invocation has ended: what still logs in its name has come too late."""
        self._live.pop(invocation_id, None)
        self._current.set(None)
        self.thread_local_storage.invocation_id = None

    def frame_id(self) -> int | None:
        """The frame ID of the live invocation that the caller runs in, if any."""
        invocation_id = self._current.get() or getattr(self.thread_local_storage, "invocation_id", None)
        return None if invocation_id is None else self._live.get(invocation_id)


class HostHandler(logging.Handler):
    """Sends every record of the root logger to the host."""

    def __init__(self, channel: Channel, scope: InvocationScope) -> None:
        super().__init__()
        self._channel = channel
        self._scope = scope

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record; a record that cannot be formatted is reported as logging itself does."""
        try:
            text = self.format(record)
        except Exception:
            self.handleError(record)
            return
        # The formatter, which may be one of the app's, has left the exception with the record.
        exception = record.exc_text or ""
        if exception and text.endswith(f"\n{exception}"):
            text = text.removesuffix(f"\n{exception}")
        else:
            exception = ""
        self._channel.send(
            {
                "op": "log",
                "level": record.levelno,
                "logger": record.name,
                "text": printable(text),
                "exception": printable(exception),
                "id": self._scope.frame_id(),
            }
        )


def capture(channel: Channel, scope: InvocationScope, level: int) -> None:
    """Attach the root logger to the host, and let `print` reach it line by line."""
    root = logging.getLogger()
    root.setLevel(level)
    root.addHandler(HostHandler(channel, scope))
    for stream in (sys.stdout, sys.stderr):
        # A pipe is block-buffered by default: the last prints before a crash would be lost.
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
