"""The worker processes of one host instance: keep them running, spread invocations over them, stop them.

It knows no trigger and repeats nothing: whoever gets a WorkerLost or a FunctionTimedOut decides what to do
about it.
Source: Azure Functions host, RpcFunctionInvocationDispatcher; least-busy dispatch and quick restarts are
funchost's own.
"""

import asyncio
import logging
import time

from funchost.worker.back_off import next_delay
from funchost.worker.dispatch_policy import Dispatcher
from funchost.worker.exceptions import AppLoadError, PoolStopped
from funchost.worker.model import FunctionInfo, Invocation, InvocationResult, WorkerSettings
from funchost.worker.process import WorkerProcess
from funchost.worker.time_limit import TimeLimit

_log = logging.getLogger("Host.Worker")

# How long a worker may take to end by itself once it was asked to.
_FAREWELL_SECONDS = 2.0
# When a person begins to wonder.
_SLOW_LOAD_SECONDS = 10.0


class WorkerPool:
    """All worker processes of a host instance.

    Attributes:
        settings: what it was given.
        functions: the app's functions, as the first worker reported them.
    """

    def __init__(self, settings: WorkerSettings) -> None:
        self.settings = settings
        self.functions: tuple[FunctionInfo, ...] = ()
        self._workers: list[WorkerProcess] = []
        self._dispatcher = Dispatcher(settings.dispatch)
        self._keepers: list[asyncio.Task[None]] = []
        self._first_report: asyncio.Future[None] | None = None
        self._somebody_ready = asyncio.Event()
        self._stopping = asyncio.Event()
        seconds = settings.function_timeout_seconds
        self._time_limit = None if seconds is None else TimeLimit(seconds, self._somebody_ready.set)

    @property
    def pids(self) -> list[int]:
        """Process IDs of the workers that take work."""
        return [worker.pid for worker in self._ready()]

    @property
    def in_flight(self) -> int:
        """How many invocations have not been answered."""
        return sum(worker.in_flight for worker in self._workers)

    async def start(self) -> None:
        """Start all workers side by side; return when the first has loaded the app, the others follow.

        Raises:
            AppLoadError: the app cannot be loaded. No worker is left running then.
        """
        self._first_report = asyncio.get_running_loop().create_future()
        numbers = range(1, self.settings.process_count + 1)
        self._keepers = [asyncio.create_task(self._keep_running(str(number))) for number in numbers]
        try:
            await self._first_report
        except AppLoadError:
            await self.stop(0)
            raise

    async def invoke(self, invocation: Invocation) -> InvocationResult:
        """Run a function; waits while no worker is ready.

        Raises:
            WorkerLost: the worker died before it answered.
            FunctionTimedOut: it ran longer than the time limit of the settings.
            PoolStopped: the pool is stopping.
        """
        while not (ready := self._ready()):
            self._refuse_when_stopping()
            self._somebody_ready.clear()
            await self._somebody_ready.wait()
        self._refuse_when_stopping()
        worker = self._dispatcher.choose(ready, ready[0].lane(invocation.function))
        answer = worker.submit(invocation)
        if self._time_limit is not None:
            self._time_limit.watch(worker, invocation, answer)
        # Shielded: a caller that leaves does not stop what runs, and stop() still waits for it.
        return await asyncio.shield(answer)

    async def stop(self, grace_seconds: float) -> None:
        """Take no more work, let what runs end, and leave no child behind.

        Args:
            grace_seconds: how long to wait for invocations that run; those left then raise WorkerLost. A
                second call with less shortens the wait of the first.
        """
        self._stopping.set()
        self._somebody_ready.set()
        running = [answer for worker in self._workers for _, answer in worker.pending.values()]
        if running and grace_seconds > 0:
            await asyncio.wait(running, timeout=grace_seconds)
        for worker in self._workers:
            if worker.takes_work and not worker.in_flight:
                worker.ask_to_stop()
            else:
                worker.kill()
        if self._keepers:
            await asyncio.wait(self._keepers, timeout=_FAREWELL_SECONDS)
        for worker in self._workers:
            worker.kill()
        await asyncio.gather(*self._keepers)

    def _ready(self) -> list[WorkerProcess]:
        return [worker for worker in self._workers if worker.takes_work]

    def _refuse_when_stopping(self) -> None:
        if self._stopping.is_set():
            raise PoolStopped

    async def _keep_running(self, worker_id: str) -> None:
        """Run one worker after another until the pool stops."""
        delay: float | None = None
        while not self._stopping.is_set():
            started_at = time.monotonic()
            await self._run_one(worker_id)
            if self._stopping.is_set():
                break
            delay = next_delay(delay, time.monotonic() - started_at)
            _log.info("A new worker process is started in %.1f s.", delay)
            try:
                await asyncio.wait_for(self._stopping.wait(), delay)
            except TimeoutError:
                continue

    async def _run_one(self, worker_id: str) -> None:
        """From the start of one worker to its end."""
        try:
            worker = await WorkerProcess.start(self.settings, worker_id)
        except OSError as error:
            self._not_loaded(AppLoadError(type(error).__name__, str(error)), None)
            return
        self._workers.append(worker)
        try:
            if self._stopping.is_set():
                worker.kill()
            await self._serve(worker)
        finally:
            self._workers.remove(worker)

    async def _serve(self, worker: WorkerProcess) -> None:
        reminder = asyncio.get_running_loop().call_later(_SLOW_LOAD_SECONDS, self._loads_slowly, worker)
        try:
            self._loaded(worker, await worker.ready)
        except AppLoadError as error:
            self._not_loaded(error, worker.pid)
        finally:
            reminder.cancel()
        await worker.ended
        if not self._stopping.is_set() and worker.ready.exception() is None:
            lines = (f"Language Worker Process exited. Pid={worker.pid}.", worker.exit_description)
            _log.error("%s", "\n".join((*lines, *worker.output.last_lines)), extra={"worker": worker.pid})

    def _loads_slowly(self, worker: WorkerProcess) -> None:
        _log.warning(
            "%s is still being imported after %d s.",
            self.settings.script_file,
            _SLOW_LOAD_SECONDS,
            extra={"worker": worker.pid},
        )

    def _loaded(self, worker: WorkerProcess, functions: tuple[FunctionInfo, ...]) -> None:
        assert self._first_report is not None
        if not self._first_report.done():
            self.functions = functions
            self._first_report.set_result(None)
        self._somebody_ready.set()
        _log.info("Worker process started and initialized.", extra={"worker": worker.pid})

    def _not_loaded(self, error: AppLoadError, pid: int | None) -> None:
        assert self._first_report is not None
        if not self._first_report.done():
            self._first_report.set_exception(error)
        elif not self._stopping.is_set():
            _log.error("Worker failed to load the app: %s\n%s", error, error.stack, extra={"worker": pid})
