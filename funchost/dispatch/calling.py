"""Calling a durable function on a worker, with its two lines in the log."""

import time
import uuid

from funchost.worker import journal
from funchost.worker.model import FunctionInfo, Invocation, InvocationResult
from funchost.worker.pool import WorkerPool


async def call(pool: WorkerPool, function: FunctionInfo, payload: bytes) -> InvocationResult:
    """Run a function with this text as its trigger's value. Raises WorkerLost or PoolStopped."""
    invocation_id = str(uuid.uuid4())
    journal.executing(function.name, invocation_id, None)
    began = time.monotonic()
    result = await pool.invoke(Invocation(invocation_id, function.name, "string", payload))
    milliseconds = (time.monotonic() - began) * 1000
    journal.executed(function.name, invocation_id, result.ok, milliseconds, result.worker, result.error)
    return result
