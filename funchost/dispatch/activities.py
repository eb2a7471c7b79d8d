"""The activity dispatcher: run leased activities on workers and hand in their outcomes."""

import logging
from collections.abc import Awaitable, Callable, Sequence

from funchost.dispatch.dispatcher import Dispatcher
from funchost.dispatch.functions import ACTIVITY_TRIGGER, DurableFunctions, durable_invocation
from funchost.durable import events
from funchost.durable.events import Event
from funchost.durable.exceptions import HttpCallFailed
from funchost.durable.failures import (
    activity_failure,
    activity_timeout,
    http_activity_failure,
    unknown_function,
)
from funchost.durable.http_calls import HttpCallRequest, HttpCallResponse, Poll, follow_up
from funchost.durable.numbering import HTTP_ACTIVITY
from funchost.taskhub import LeasedActivity, LeaseLost, TaskHub
from funchost.taskhub.clock import clock
from funchost.worker.calling import call
from funchost.worker.exceptions import FunctionTimedOut, PoolStopped, WorkerLost
from funchost.worker.pool import WorkerPool

_log = logging.getLogger("Host.Durable")

HttpSender = Callable[[HttpCallRequest], Awaitable[HttpCallResponse]]
"""Makes one HTTP request; raises HttpCallFailed when no answer comes."""


class ActivityDispatcher(Dispatcher[LeasedActivity]):
    """Runs at most `limit` activities at a time."""

    def __init__(
        self,
        hub: TaskHub,
        pool: WorkerPool,
        functions: DurableFunctions,
        send_http: HttpSender,
        limit: int,
        http_poll_milliseconds: int,
    ) -> None:
        super().__init__(limit)
        self._hub = hub
        self._pool = pool
        self._functions = functions
        self._send_http = send_http
        self._http_poll_milliseconds = http_poll_milliseconds

    async def _lease(self, room: int) -> Sequence[LeasedActivity]:
        return await self._hub.lease_activities(room)

    async def _seconds_until_due(self) -> float | None:
        not_before = await self._hub.next_activity_at()
        return None if not_before is None else max(0.0, (not_before - clock()) / 1_000_000)

    async def _work(self, item: LeasedActivity) -> LeasedActivity | None:
        try:
            return await self._run_and_hand_in(item)
        except (WorkerLost, PoolStopped) as loss:
            # A lost worker is no failure of the activity: it runs again, as in the original.
            _log.warning("Activity '%s' of instance '%s' runs again: %s", item.name, item.instance_id, loss)
            await self._hub.return_activity(item.activity_id)
        except LeaseLost:
            _log.warning(
                "The result of activity '%s' is dropped: another host has taken instance '%s' over.",
                item.name,
                item.instance_id,
            )
        return None

    async def _give_back(self, item: LeasedActivity, pause_seconds: float) -> None:
        not_before = clock() + int(pause_seconds * 1_000_000)
        await self._hub.postpone_activity(item, item.input, not_before)

    async def _run_and_hand_in(self, item: LeasedActivity) -> LeasedActivity | None:
        outcome = await (self._ask(item) if item.name == HTTP_ACTIVITY else self._run(item))
        if isinstance(outcome, Poll):
            await self._hub.postpone_activity(item, outcome.request.to_json(), outcome.due_at)
            return None
        return await self._hub.finish_activity(item, outcome, take_next=not self.is_draining)

    async def _run(self, item: LeasedActivity) -> Event:
        function = self._functions.find(ACTIVITY_TRIGGER, item.name)
        if function is None:
            # The original leaves the instance hanging here.
            known = self._functions.names(ACTIVITY_TRIGGER)
            reason = unknown_function("activity", item.name, known)
            return events.task_failed(clock(), item.task_id, reason, None)
        try:
            result = await call(self._pool, durable_invocation(function, item.input.encode()), None)
        except FunctionTimedOut as late:
            return events.task_failed(clock(), item.task_id, *activity_timeout(item.name, str(late)))
        if result.error is not None:
            error = result.error
            reason, details = activity_failure(item.name, error.type, error.message, error.stack)
            return events.task_failed(clock(), item.task_id, reason, details)
        value = result.payload.decode()
        return events.task_completed(clock(), item.task_id, None if value in ("", "null") else value)

    async def _ask(self, item: LeasedActivity) -> Event | Poll:
        """Make the request of a durable HTTP call; a 202 means to ask again later."""
        try:
            request = HttpCallRequest.parse(item.input)
            response = await self._send_http(request)
        except HttpCallFailed as failure:
            return events.task_failed(clock(), item.task_id, *http_activity_failure(str(failure)))
        poll = follow_up(request, response, self._http_poll_milliseconds, clock())
        return poll or events.task_completed(clock(), item.task_id, response.to_json())
