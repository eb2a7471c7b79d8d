"""The activity dispatcher: run leased activities on workers and hand in their outcomes."""

import logging
from collections.abc import Awaitable, Callable, Sequence

from funchost.dispatch.calling import call
from funchost.dispatch.dispatcher import Dispatcher
from funchost.dispatch.functions import ACTIVITY_TRIGGER, DurableFunctions
from funchost.durable import events
from funchost.durable.events import Event
from funchost.durable.exceptions import HttpCallFailed
from funchost.durable.failures import activity_failure, unknown_function
from funchost.durable.numbering import HTTP_ACTIVITY
from funchost.taskhub import LeaseLost, TaskHub
from funchost.taskhub.hub import clock
from funchost.taskhub.work import LeasedActivity
from funchost.worker.exceptions import PoolStopped, WorkerLost
from funchost.worker.pool import WorkerPool

_log = logging.getLogger("Host.Durable")

HttpCaller = Callable[[str], Awaitable[str]]
"""Makes the HTTP request that the JSON text describes and returns the answer as JSON text."""


class ActivityDispatcher(Dispatcher[LeasedActivity]):
    """Runs at most `limit` activities at a time."""

    def __init__(
        self, hub: TaskHub, pool: WorkerPool, functions: DurableFunctions, call_http: HttpCaller, limit: int
    ) -> None:
        super().__init__(limit)
        self._hub = hub
        self._pool = pool
        self._functions = functions
        self._call_http = call_http

    async def _lease(self, room: int) -> Sequence[LeasedActivity]:
        return await self._hub.lease_activities(room)

    async def _work(self, item: LeasedActivity) -> None:
        try:
            outcome = await self._run(item)
        except (WorkerLost, PoolStopped) as loss:
            # A lost worker is no failure of the activity: it runs again, as in the original.
            _log.warning("Activity '%s' of instance '%s' runs again: %s", item.name, item.instance_id, loss)
            await self._hub.return_activity(item.activity_id)
            return
        try:
            await self._hub.finish_activity(item, outcome)
        except LeaseLost:
            _log.warning(
                "The result of activity '%s' is dropped: another host has taken instance '%s' over.",
                item.name,
                item.instance_id,
            )

    async def _run(self, item: LeasedActivity) -> Event:
        if item.name == HTTP_ACTIVITY:
            return await self._run_http(item)
        function = self._functions.find(ACTIVITY_TRIGGER, item.name)
        if function is None:
            # The original leaves the instance hanging here.
            known = self._functions.names(ACTIVITY_TRIGGER)
            reason = unknown_function("activity", item.name, known)
            return events.task_failed(clock(), item.task_id, reason, None)
        result = await call(self._pool, function, item.input.encode())
        if result.error is not None:
            error = result.error
            reason, details = activity_failure(item.name, error.type, error.message, error.stack)
            return events.task_failed(clock(), item.task_id, reason, details)
        value = result.payload.decode()
        return events.task_completed(clock(), item.task_id, None if value in ("", "null") else value)

    async def _run_http(self, item: LeasedActivity) -> Event:
        try:
            answer = await self._call_http(item.input)
        except HttpCallFailed as failure:
            return events.task_failed(clock(), item.task_id, str(failure), None)
        return events.task_completed(clock(), item.task_id, answer)
