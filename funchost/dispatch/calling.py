"""Calling a durable function on a worker, with its two lines in the log."""

import time
import uuid

from funchost.worker import journal
from funchost.worker.exceptions import FunctionTimedOut
from funchost.worker.model import FunctionInfo, Invocation, InvocationError, InvocationResult
from funchost.worker.pool import WorkerPool


async def call(pool: WorkerPool, function: FunctionInfo, payload: bytes) -> InvocationResult:
    """Run a function with this text as its trigger's value.

    Raises WorkerLost, FunctionTimedOut or PoolStopped.
    """
    invocation_id = str(uuid.uuid4())
    journal.executing(function.name, invocation_id, None)
    began = time.monotonic()
    try:
        result = await pool.invoke(Invocation(invocation_id, function.name, "string", payload))
    except FunctionTimedOut as late:
        error = InvocationError(type(late).__name__, str(late), "")
        milliseconds = (time.monotonic() - began) * 1000
        journal.executed(function.name, invocation_id, False, milliseconds, late.pid, error)
        raise
    milliseconds = (time.monotonic() - began) * 1000
    journal.executed(function.name, invocation_id, result.ok, milliseconds, result.worker, result.error)
    return result
