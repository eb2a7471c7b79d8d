"""functionTimeout: an invocation that runs too long fails, and its worker process is replaced.

Python cannot be told to stop what it runs, so that only the end of the process ends it. What else ran there
is lost with it. Source: Azure WebJobs SDK, FunctionExecutor.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from funchost.conventions import time_spans
from funchost.worker import journal
from funchost.worker.exceptions import FunctionTimedOut
from funchost.worker.model import Invocation, InvocationResult
from funchost.worker.process import WorkerProcess

# How long a function may take to end after its time is over, before its worker is killed.
_GRACE_SECONDS = 2.0


class TimeLimit:
    """How long any function may run."""

    def __init__(self, seconds: float, on_reprieve: Callable[[], None]) -> None:
        """`on_reprieve` is called when a worker takes work again because its function ended after all."""
        self._seconds = seconds
        self._on_reprieve = on_reprieve

    def watch(
        self, worker: WorkerProcess, invocation: Invocation, answer: asyncio.Future[InvocationResult]
    ) -> None:
        """Let the answer raise FunctionTimedOut if it does not come in time."""
        loop = asyncio.get_running_loop()
        expiry = loop.call_later(self._seconds, self._expire, worker, invocation, answer)
        answer.add_done_callback(lambda _: expiry.cancel())

    def _expire(
        self, worker: WorkerProcess, invocation: Invocation, answer: asyncio.Future[InvocationResult]
    ) -> None:
        if answer.done():
            return
        timeout = time_spans.format_span(timedelta(seconds=self._seconds))
        journal.timed_out(invocation.function, invocation.invocation_id, timeout, worker.pid)
        # The worker is given nothing more that would be lost with it.
        worker.overdue += 1
        answer.set_exception(FunctionTimedOut(invocation.function, timeout, worker.pid))
        asyncio.get_running_loop().call_later(_GRACE_SECONDS, self._settle, worker, invocation)

    def _settle(self, worker: WorkerProcess, invocation: Invocation) -> None:
        if worker.ended.done():
            return
        if any(running is invocation for running, _ in worker.pending.values()):
            journal.worker_killed(invocation.function, invocation.invocation_id, worker.pid)
            worker.kill()
            return
        worker.overdue -= 1
        if worker.takes_work:
            self._on_reprieve()
