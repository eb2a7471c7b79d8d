"""The worker processes of one host instance: keep them running, spread invocations over them, stop them.

It knows no trigger and repeats nothing: whoever gets a WorkerLost or a FunctionTimedOut decides what to do
about it.
Source: Azure Functions host, RpcFunctionInvocationDispatcher; least-busy dispatch and quick restarts are
funchost's own.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Protocol, TypeVar

from funchost.conventions import time_spans
from funchost.worker import calling
from funchost.worker.invocations import (
    AppLoadError,
    DispatchPolicy,
    FunctionInfo,
    FunctionTimedOut,
    Invocation,
    InvocationResult,
    Lane,
    LoadedApp,
    PoolStopped,
    SdkFacts,
    WorkerLost,
    WorkerSettings,
)
from funchost.worker.process import Unanswered, WorkerProcess

_log = logging.getLogger("Host.Worker")

# How long a worker may take to end by itself once it was asked to.
_FAREWELL_SECONDS = 2.0
# When a person begins to wonder.
_SLOW_LOAD_SECONDS = 10.0
# How long a function may take to end after its time is over, before its worker is killed.
_GRACE_SECONDS = 2.0
# How long a process for one invocation at a time is kept for the next one.
_IDLE_SECONDS = 2.0
_FIRST_DELAY_SECONDS = 0.1
_LONGEST_DELAY_SECONDS = 10.0
_HEALTHY_SECONDS = 60.0


class WorkerPool:
    """All worker processes of a host instance.

    Attributes:
        settings: what it was given.
        functions: the app's functions, as the first worker reported them.
        sdk: what the workers run the app with, as the first one reported it.
    """

    def __init__(self, settings: WorkerSettings) -> None:
        self.settings = settings
        self.functions: tuple[FunctionInfo, ...] = ()
        self.sdk = SdkFacts()
        self._workers: list[WorkerProcess] = []
        # Those that run one invocation at a time, and which of them run none.
        self._lone_workers: list[WorkerProcess] = []
        self._idle_alone: list[WorkerProcess] = []
        self._may_run_alone = asyncio.Semaphore(settings.process_count)
        self._choice = WorkerChoice(settings.dispatch)
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
        return sum(worker.in_flight for worker in self._all())

    @property
    def can_run_alone(self) -> bool:
        """Whether an invocation can get a worker process of its own now; there are as many as others."""
        return not self._may_run_alone.locked()

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
        if invocation.alone:
            return await self._invoke_alone(invocation)
        while not (ready := self._ready()):
            self._refuse_when_stopping()
            self._somebody_ready.clear()
            await self._somebody_ready.wait()
        self._refuse_when_stopping()
        worker = self._choice.choose(ready, ready[0].lane(invocation.function))
        return await self._submit(worker, invocation)

    async def stop(self, grace_seconds: float) -> None:
        """Take no more work, let what runs end, and leave no child behind.

        Args:
            grace_seconds: how long to wait for invocations that run; those left then raise WorkerLost. A
                second call with less shortens the wait of the first.
        """
        self._stopping.set()
        self._somebody_ready.set()
        if grace_seconds > 0:
            all_idle = asyncio.gather(*(worker.idle.wait() for worker in self._all()))
            with suppress(TimeoutError):
                await asyncio.wait_for(all_idle, grace_seconds)
        for worker in self._all():
            if worker.takes_work and not worker.in_flight:
                worker.ask_to_stop()
            else:
                worker.kill()
        if self._keepers:
            await asyncio.wait(self._keepers, timeout=_FAREWELL_SECONDS)
        for worker in self._all():
            worker.kill()
        await asyncio.gather(*self._keepers, *(worker.ended for worker in self._lone_workers))

    async def _invoke_alone(self, invocation: Invocation) -> InvocationResult:
        async with self._may_run_alone:
            self._refuse_when_stopping()
            self._idle_alone = [worker for worker in self._idle_alone if worker.takes_work]
            worker = self._idle_alone.pop() if self._idle_alone else await self._start_lone_worker()
            try:
                return await self._submit(worker, invocation)
            finally:
                if worker.takes_work and not worker.in_flight:
                    self._idle_alone.append(worker)
                    asyncio.get_running_loop().call_later(_IDLE_SECONDS, self._retire, worker)
                else:
                    worker.kill()

    async def _start_lone_worker(self) -> WorkerProcess:
        worker = await WorkerProcess.start(self.settings, "alone")
        self._lone_workers.append(worker)
        worker.ended.add_done_callback(lambda _: self._lone_workers.remove(worker))
        if self._stopping.is_set():
            worker.kill()
        try:
            await worker.ready
        except AppLoadError as error:
            self._refuse_when_stopping()
            raise WorkerLost(worker.pid, str(error)) from error
        self._refuse_when_stopping()
        return worker

    def _retire(self, worker: WorkerProcess) -> None:
        if worker in self._idle_alone:
            self._idle_alone.remove(worker)
            worker.ask_to_stop()

    async def _submit(self, worker: WorkerProcess, invocation: Invocation) -> InvocationResult:
        answer = worker.submit(invocation)
        if self._time_limit is not None:
            self._time_limit.watch(worker)
        return await answer

    def _all(self) -> list[WorkerProcess]:
        return [*self._workers, *self._lone_workers]

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

    def _loaded(self, worker: WorkerProcess, app: LoadedApp) -> None:
        assert self._first_report is not None
        if not self._first_report.done():
            self.functions, self.sdk = app.functions, app.sdk
            self._first_report.set_result(None)
        self._somebody_ready.set()
        _log.info("Worker process started and initialized.", extra={"worker": worker.pid})

    def _not_loaded(self, error: AppLoadError, pid: int | None) -> None:
        assert self._first_report is not None
        if not self._first_report.done():
            self._first_report.set_exception(error)
        elif not self._stopping.is_set():
            _log.error("Worker failed to load the app: %s\n%s", error, error.stack, extra={"worker": pid})


class Busy(Protocol):
    """What the choice is made by."""

    @property
    def in_flight(self) -> int:
        """How many invocations wait for an answer."""

    def load(self, lane: Lane) -> int:
        """How many of them run in this lane."""


WorkerT = TypeVar("WorkerT", bound=Busy)


class WorkerChoice:
    """Chooses among the workers that are ready at the moment of the choice."""

    def __init__(self, policy: DispatchPolicy) -> None:
        self._least_busy = policy == "least-busy"
        self._turn = 0

    def choose(self, ready: Sequence[WorkerT], lane: Lane) -> WorkerT:
        """The worker for the next invocation, which will run in `lane`; `ready` has at least one.

        Least busy is the worker with the fewest invocations in that lane: an episode must not push an
        activity to a worker whose threads are all taken.
        Round-robin is the real host's way, which looks at no load. Source: Azure Functions host,
        RpcFunctionInvocationDispatcherLoadBalancer.
        """
        if len(ready) == 1:
            return ready[0]
        # Counted before use, as in the original: of two workers the second gets the first invocation.
        self._turn += 1
        turn = self._turn % len(ready)
        if not self._least_busy:
            return ready[turn]
        in_turn = [*ready[turn:], *ready[:turn]]
        return min(in_turn, key=lambda worker: (worker.load(lane), worker.in_flight))


class TimeLimit:
    """functionTimeout: an invocation that runs too long fails, and its worker process is replaced.

    Python cannot be told to stop what it runs, so that only the end of the process ends it. What else ran
    there is lost with it. Source: Azure WebJobs SDK, FunctionExecutor.
    """

    def __init__(self, seconds: float, on_reprieve: Callable[[], None]) -> None:
        """`on_reprieve` is called when a worker takes work again because its function ended after all."""
        self._seconds = seconds
        self._on_reprieve = on_reprieve
        self._watched: set[WorkerProcess] = set()

    def watch(self, worker: WorkerProcess) -> None:
        """Let what runs in the worker raise FunctionTimedOut if it does not end in time.

        One timer serves all that a worker runs: the oldest of it is due first.
        """
        if worker not in self._watched:
            self._watched.add(worker)
            asyncio.get_running_loop().call_later(self._seconds, self._look, worker)

    def _look(self, worker: WorkerProcess) -> None:
        loop = asyncio.get_running_loop()
        for running in tuple(worker.pending.values()):
            due = running.begun + self._seconds
            if due > loop.time():
                loop.call_at(due, self._look, worker)
                return
            if not running.is_overdue:
                self._expire(worker, running)
        self._watched.discard(worker)

    def _expire(self, worker: WorkerProcess, running: Unanswered) -> None:
        invocation = running.invocation
        timeout = time_spans.format_span(timedelta(seconds=self._seconds))
        calling.timed_out(invocation, timeout, worker.pid)
        running.is_overdue = True
        # The worker is given nothing more that would be lost with it.
        worker.overdue += 1
        if not running.answer.done():
            running.answer.set_exception(FunctionTimedOut(invocation.function, timeout, worker.pid))
        asyncio.get_running_loop().call_later(_GRACE_SECONDS, self._settle, worker, invocation)

    def _settle(self, worker: WorkerProcess, invocation: Invocation) -> None:
        if worker.ended.done():
            return
        if any(running.invocation is invocation for running in worker.pending.values()):
            calling.worker_killed(invocation, worker.pid)
            worker.kill()
            return
        worker.overdue -= 1
        if worker.takes_work:
            self._on_reprieve()


def next_delay(previous: float | None, lived_seconds: float) -> float:
    """Seconds to wait before a worker that died is started again.

    Args:
        previous: the wait before the start that has just failed; None if there was none.
        lived_seconds: how long that worker lived. A healthy life makes up for every death before it.
    """
    if previous is None or lived_seconds >= _HEALTHY_SECONDS:
        return _FIRST_DELAY_SECONDS
    return min(previous * 2, _LONGEST_DELAY_SECONDS)
