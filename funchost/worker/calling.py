"""Calling a function between its log lines, whatever triggers it.

Every room that runs a function calls it through here, so that one format of Executing and Executed serves
HTTP, durable and timer triggers. Source: Azure WebJobs SDK, FunctionInstanceLogger.
"""

import logging
import re
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Protocol

from funchost.worker.invocations import (
    FunctionTimedOut,
    Invocation,
    InvocationError,
    InvocationResult,
    PoolStopped,
    WorkerLost,
)

# An orchestrator that raises carries its whole state after this mark: for the engine, not for a reader.
_ORCHESTRATOR_STATE = "\n\n$OutOfProcData$:"
# SDK 1.x repeats in one line of JSON what the failed activity's own lines have told.
_DETAILS = re.compile(r'\s*\n ?\{"\$type":.*')


class Invoker(Protocol):
    """What runs invocations: the worker pool."""

    async def invoke(self, invocation: Invocation) -> InvocationResult:
        """Run one function; raises WorkerLost, FunctionTimedOut or PoolStopped."""


async def call(
    pool: Invoker, invocation: Invocation, reason: str | None, details: Mapping[str, str] | None = None
) -> InvocationResult:
    """Run an invocation and journal its beginning and its end.

    `reason` says why the host calls it, None for durable triggers; `details` are a timer's.
    Raises WorkerLost, FunctionTimedOut or PoolStopped.
    """
    executing(invocation, reason)
    if details is not None:
        trigger_details(invocation, details)
    started = time.perf_counter()
    try:
        result = await pool.invoke(invocation)
    except (WorkerLost, FunctionTimedOut, PoolStopped) as loss:
        error = InvocationError(type(loss).__name__, str(loss), "")
        pid = None if isinstance(loss, PoolStopped) else loss.pid
        executed(invocation, False, _milliseconds(started), pid, error)
        raise
    executed(invocation, result.ok, _milliseconds(started), result.worker, result.error)
    return result


def _milliseconds(started: float) -> float:
    return (time.perf_counter() - started) * 1000


def executing(invocation: Invocation, reason: str | None) -> None:
    """Say that an invocation starts.

    Args:
        invocation: the call.
        reason: why the host calls it; durable triggers have none.
    """
    logger = _logger(invocation.function)
    if logger.isEnabledFor(logging.INFO):
        why = "(null)" if reason is None else reason
        logger.info(
            "Executing 'Functions.%s' (Reason='%s', Id=%s)",
            invocation.function,
            why,
            invocation.invocation_id,
            extra=invocation.log_context(None),
        )


def trigger_details(invocation: Invocation, details: Mapping[str, str]) -> None:
    """Say what is special about how an invocation came about. Source: Azure WebJobs SDK, FunctionExecutor."""
    _logger(invocation.function).info(
        "Trigger Details: %s",
        ", ".join(f"{name}: {value}" for name, value in details.items()),
        extra=invocation.log_context(None),
    )


def executed(
    invocation: Invocation,
    ok: bool,
    milliseconds: float,
    worker: int | None,
    error: InvocationError | None = None,
) -> None:
    """Say how an invocation ended; a failure is followed by its exception and frames.

    Args:
        invocation: as given to `executing`.
        ok: whether it returned.
        milliseconds: how long it took.
        worker: process ID of the worker that ran it, if known.
        error: what it raised.
    """
    function = invocation.function
    logger = _logger(function)
    level = logging.INFO if ok else logging.ERROR
    if logger.isEnabledFor(level):
        failure = None if error is None else failure_text(function, error)
        logger.log(
            level,
            "Executed 'Functions.%s' (%s, Id=%s, Duration=%dms)",
            function,
            "Succeeded" if ok else "Failed",
            invocation.invocation_id,
            milliseconds,
            extra={**invocation.log_context(worker), "exception": failure},
        )


def timed_out(invocation: Invocation, timeout: str, worker: int) -> None:
    """Say that an invocation has run for as long as functionTimeout allows."""
    _logger(invocation.function).error(
        "Timeout value of %s exceeded by function 'Functions.%s' (Id: '%s'). Initiating cancellation.",
        timeout,
        invocation.function,
        invocation.invocation_id,
        extra=invocation.log_context(worker),
    )


def worker_killed(invocation: Invocation, worker: int) -> None:
    """Say that the worker of an invocation that has timed out is replaced."""
    logging.getLogger("Host.Worker").error(
        "A function timeout has occurred. Restarting worker process executing invocationId '%s'.",
        invocation.invocation_id,
        extra=invocation.log_context(worker),
    )


def failure_text(function: str, error: InvocationError) -> str:
    """The exception of an invocation as the host's log shows it."""
    message = error.message.split(_ORCHESTRATOR_STATE, 1)[0]
    raised = f"Exception: {error.type}: {message}\nStack: {error.stack.rstrip()}"
    told = _DETAILS.sub("", raised)
    return f"Exception while executing function: Functions.{function}. Result: Failure\n{told}"


@lru_cache(maxsize=1024)
def _logger(function: str) -> logging.Logger:
    return logging.getLogger(f"Function.{function}")
