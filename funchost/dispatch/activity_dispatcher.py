"""The activity dispatcher: run leased activities on workers and hand in their outcomes."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from funchost.clock import SYSTEM_CLOCK, Clock
from funchost.dispatch.dispatcher import PAUSE_BEFORE_ALONE_SECONDS, Dispatcher
from funchost.dispatch.durable_functions import ACTIVITY_TRIGGER, DurableFunctions, NoProcessFree, ask
from funchost.durable.commit import ActivityTask, Postponed
from funchost.durable.events import Event
from funchost.durable.failures import unknown_function
from funchost.durable.protocol import SdkRules
from funchost.taskhub import LeasedActivity, LeaseLost, Selection, TaskHub
from funchost.tracking import Tracking, subject_of_task
from funchost.worker.invocations import FunctionTimedOut, PoolStopped, WorkerLost
from funchost.worker.pool import WorkerPool

BuiltInActivity = Callable[[ActivityTask], Awaitable[Event | Postponed]]
"""An activity that the host does itself, such as a durable HTTP call of SDK 1.x."""


class ActivityDispatcher(Dispatcher[LeasedActivity]):
    """Runs at most `limit` activities at a time."""

    def __init__(
        self,
        hub: TaskHub,
        pool: WorkerPool,
        functions: DurableFunctions,
        rules: SdkRules,
        selection: Selection,
        built_in: Mapping[str, BuiltInActivity],
        limit: int,
        max_attempts: int,
        tracking: Tracking,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        super().__init__(limit, clock)
        self._hub = hub
        self._pool = pool
        self._functions = functions
        self._rules = rules
        self._selection = selection
        self._built_in = built_in
        self._max_attempts = max_attempts
        self._tracking = tracking

    async def _lease(self, room: int) -> Sequence[LeasedActivity]:
        return await self._hub.work.lease_activities(self._selection, room)

    async def _seconds_until_due(self) -> float | None:
        not_before = await self._hub.work.next_activity_at(self._selection)
        return None if not_before is None else max(0.0, (not_before - self._clock.now()) / 1_000_000)

    def _attempts(self, item: LeasedActivity) -> int:
        return item.attempts

    async def _give_back(self, item: LeasedActivity, pause_seconds: float, attempts: int) -> None:
        await self._hub.work.return_activity(item, pause_seconds, attempts)

    async def _work(self, item: LeasedActivity) -> LeasedActivity | None:
        task = item.task
        try:
            return await self._run_and_hand_in(item)
        except WorkerLost as loss:
            # A lost worker is no failure of the activity at once: it runs again, as in the original.
            if item.attempts + 1 < self._max_attempts:
                self._tracking.aborted(subject_of_task(task), str(loss))
                await self._count_attempt(item)
            else:
                await self._hand_in_failure(item, str(loss))
        except PoolStopped:
            await self._give_back(item, 0, item.attempts)
        except NoProcessFree:
            await self._give_back(item, PAUSE_BEFORE_ALONE_SECONDS, item.attempts)
        except LeaseLost:
            self._dropped(task)
        return None

    async def _run_and_hand_in(self, item: LeasedActivity) -> LeasedActivity | None:
        if item.attempts >= self._max_attempts:
            await self._hand_in_failure(item, "The log of the host says why.")
            return None
        outcome = await self._run(item.task, item.attempts)
        if isinstance(outcome, Postponed):
            await self._hub.work.postpone_activity(item, outcome.input, outcome.not_before)
            return None
        following = await self._hub.work.finish_activity(
            item, outcome, take_next=None if self.is_draining else self._selection
        )
        self._tracking.activity_ended(item.task, outcome)
        return following

    async def _hand_in_failure(self, item: LeasedActivity, why: str) -> None:
        task = item.task
        reason = (
            f"Activity function '{task.name}' was tried {max(item.attempts, self._max_attempts)} times and "
            f"did not come to an end. {why}"
        )
        failed = self._rules.activity_refused(task, reason, self._clock.now())
        try:
            await self._hub.work.finish_activity(item, failed)
            self._tracking.activity_ended(task, failed)
        except LeaseLost:
            self._dropped(task)

    async def _run(self, task: ActivityTask, attempts: int) -> Event | Postponed:
        self._tracking.activity_started(task)
        if (built_in := self._built_in.get(task.name)) is not None:
            return await built_in(task)
        function = self._functions.find(ACTIVITY_TRIGGER, task.name)
        if function is None:
            # The original leaves the instance hanging here.
            text = unknown_function("activity", task.name, self._functions.names(ACTIVITY_TRIGGER))
            return self._rules.activity_refused(task, text, self._clock.now())
        try:
            payload = self._rules.activity_payload(task)
            outcome = await ask(self._pool, function, payload, task.instance_id, attempts)
        except FunctionTimedOut as late:
            return self._rules.activity_refused(task, str(late), self._clock.now(), timed_out=True)
        return self._rules.activity_ended(task, outcome, self._clock.now())

    def _dropped(self, task: ActivityTask) -> None:
        details = "The result of the activity is dropped: its instance has ended, or another host runs it."
        self._tracking.noted(subject_of_task(task), details)
