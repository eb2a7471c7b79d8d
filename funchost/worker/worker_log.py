"""What a worker process says, on its way into the host's log: printed lines and log records of user code.

Source: Azure Functions host, WorkerProcess and GrpcWorkerChannel; Azure Functions Python worker, logging.
"""

import logging
from collections import deque
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from funchost.worker.invocations import Invocation

CONSOLE = logging.getLogger("Host.Function.Console")
_SYSTEM = logging.getLogger("Host.Worker")

_LONGEST_LINE = 64 * 1024
_WARNING_WORDS = ("warn",)
_ERROR_WORDS = ("error", "fail", "severe", "unhandled exception")
_SYSTEM_LOGGERS = ("azure_functions_worker", "azure.functions")


class Lines:
    """Cuts what comes from a pipe into lines; a line without an end is cut when it grows too long."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line = on_line
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Hand on the lines that are complete now."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._on_line(line.rstrip(b"\r").decode(errors="replace"))
        if len(self._rest) > _LONGEST_LINE:
            self.close()

    def close(self) -> None:
        """Hand on what is left without a line end."""
        if self._rest:
            self._on_line(self._rest.decode(errors="replace"))
        self._rest = b""


class ChildOutput:
    """Both streams of one worker process, on their way into the log."""

    def __init__(self) -> None:
        self.pid: int | None = None
        self.last_lines: deque[str] = deque(maxlen=3)
        self._streams = {1: Lines(self._printed), 2: Lines(self._complained)}

    def feed(self, descriptor: int, data: bytes) -> None:
        """Take what came from stdout (1) or stderr (2)."""
        self._streams[descriptor].feed(data)

    def close(self, descriptor: int) -> None:
        """The stream has ended."""
        if stream := self._streams.get(descriptor):
            stream.close()

    def _printed(self, line: str) -> None:
        CONSOLE.info("%s", line, extra={"worker": self.pid})

    def _complained(self, line: str) -> None:
        self.last_lines.append(line)
        CONSOLE.log(stderr_level(line), "%s", line, extra={"worker": self.pid})


def stderr_level(line: str) -> int:
    """How serious a line on stderr is, guessed from its words as the real host does."""
    words = line.lower()
    if any(word in words for word in _WARNING_WORDS):
        return logging.WARNING
    if any(word in words for word in _ERROR_WORDS):
        return logging.ERROR
    return logging.INFO


def relay(header: Mapping[str, Any], invocation: Invocation | None, pid: int, app_is_loaded: bool) -> None:
    """Write the record under the category of the function that wrote it.

    Args:
        header: the `log` frame.
        invocation: the live invocation it was written in, if any.
        pid: the worker process.
        app_is_loaded: whether the worker has reported its functions.
    """
    level: int = header["level"]
    context: dict[str, Any] = {"worker": pid} if invocation is None else invocation.log_context(pid)
    context["exception"] = header["exception"] or None
    if invocation is None or header["logger"].startswith(_SYSTEM_LOGGERS):
        # The real host drops what is logged outside an invocation. Here it is a system line; what an import
        # logs is no more than information, because the SDK warns about every app without HTTP functions.
        level = level if app_is_loaded else min(level, logging.INFO)
        _SYSTEM.log(level, "%s", header["text"], extra=context)
        return
    _user_logger(invocation.function).log(level, "%s", header["text"], extra=context)


@lru_cache(maxsize=1024)
def _user_logger(function: str) -> logging.Logger:
    return logging.getLogger(f"Function.{function}.User")
