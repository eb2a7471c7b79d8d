"""Calling a function between its two log lines, whatever triggers it."""

import time
from collections.abc import Mapping
from typing import Protocol

from funchost.worker import journal
from funchost.worker.exceptions import FunctionTimedOut, PoolStopped, WorkerLost
from funchost.worker.model import Invocation, InvocationError, InvocationResult


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
    function, invocation_id = invocation.function, invocation.invocation_id
    journal.executing(function, invocation_id, reason)
    if details is not None:
        journal.trigger_details(function, invocation_id, details)
    started = time.perf_counter()
    try:
        result = await pool.invoke(invocation)
    except (WorkerLost, FunctionTimedOut, PoolStopped) as loss:
        error = InvocationError(type(loss).__name__, str(loss), "")
        pid = None if isinstance(loss, PoolStopped) else loss.pid
        journal.executed(function, invocation_id, False, _milliseconds(started), pid, error)
        raise
    journal.executed(function, invocation_id, result.ok, _milliseconds(started), result.worker, result.error)
    return result


def _milliseconds(started: float) -> float:
    return (time.perf_counter() - started) * 1000
