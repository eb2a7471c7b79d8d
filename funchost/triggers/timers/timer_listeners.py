"""Firing timers: of all host instances one fires each timer, when it is due and never twice at a time.

When that is, is decided in `schedules` and `timer_functions`.
Source: Azure WebJobs SDK extensions, TimerListener.
"""

import asyncio
import logging
import uuid
from collections.abc import Iterable
from datetime import tzinfo
from typing import Literal

from funchost.clock import Clock
from funchost.conventions.names import TIMER_TRIGGER
from funchost.durable.refusals import HubUnavailable
from funchost.taskhub import LeaseLost, TaskHub
from funchost.taskhub.timer_records import TimerStatus
from funchost.triggers.retries import Retries
from funchost.triggers.timers.moments import round_trip_text, to_local
from funchost.triggers.timers.timer_functions import (
    TimerFunction,
    is_past_due,
    payload,
    status_after,
    status_at_start,
)
from funchost.worker.calling import Invoker
from funchost.worker.invocations import (
    FunctionInfo,
    Invocation,
    PoolStopped,
)

# How soon a host notices that the one that fires the timer is gone.
_LEASE_SECONDS = 1.0
# The clock may be set, and a machine may sleep, without a sleeping task hearing of it.
_LONGEST_SLEEP_SECONDS = 10.0
_PAUSE_AFTER_TROUBLE_SECONDS = 1.0
_SHOWN_OCCURRENCES = 5

Unscheduled = Literal["IsPastDue", "RunOnStartup"]
"""Why a timer fires although it is not due."""

_log = logging.getLogger("Host.Triggers.Timer")


class TimerListeners:
    """The timers of an app together: a listener for each timer function that can run."""

    def __init__(
        self, hub: TaskHub, pool: Invoker, functions: Iterable[FunctionInfo], zone: tzinfo, clock: Clock
    ) -> None:
        """The functions are `checked` ones: those with an error or disabled are not listened to."""
        usable = [each for each in functions if each.trigger == TIMER_TRIGGER and each.error is None]
        self._hub = hub
        self._zone = zone
        self._timers = {each.name: TimerFunction.of(each, zone) for each in usable}
        listened_to = [self._timers[each.name] for each in usable if not each.disabled]
        self._listeners = [TimerListener(hub, pool, timer, zone, clock) for timer in listened_to]

    def start(self) -> None:
        """Begin to fire timers."""
        for listener in self._listeners:
            listener.start()

    def drain(self) -> None:
        """Fire no more until `resume`; what runs goes on."""
        for listener in self._listeners:
            listener.drain()

    def resume(self) -> None:
        """Fire timers again, as after a start: the original starts anew here."""
        self.start()

    async def stop(self, grace_seconds: float) -> None:
        """Fire no more and wait for what runs, so long."""
        await asyncio.gather(*(listener.stop(grace_seconds) for listener in self._listeners))

    async def payload_by_hand(self, function: str) -> bytes:
        """What this timer function is given when it is run by hand.

        Source: Azure WebJobs SDK extensions, TimerTriggerBinding.BindAsync.
        """
        timer = self._timers.get(function)
        is_monitored = timer is not None and timer.is_monitored
        status = await self._hub.timers.status(function) if is_monitored else None
        return payload(None if timer is None else timer.schedule, status, self._zone, is_past_due=False)


class TimerListener:
    """Fires one timer function, from `start` until `drain` or `stop`."""

    def __init__(self, hub: TaskHub, pool: Invoker, timer: TimerFunction, zone: tzinfo, clock: Clock) -> None:
        self._hub = hub
        self._retries = Retries(pool, clock)
        self._timer = timer
        self._zone = zone
        self._clock = clock
        self._is_draining = False
        self._is_firing = False
        self._startup_run_is_due = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to fire the timer, as soon as no other host does."""
        self._is_draining = False
        self._retries.resume()
        self._startup_run_is_due = self._timer.runs_on_startup
        # One that `drain` cancels may not have ended yet.
        if self._task is None or self._task.done() or self._task.cancelling():
            self._task = asyncio.create_task(self._run(), name=f"timer: {self._timer.name}")

    def drain(self) -> None:
        """Fire no more; what runs goes on."""
        self._is_draining = True
        self._retries.drain()
        if self._task is not None and not self._is_firing:
            self._task.cancel()

    async def stop(self, grace_seconds: float) -> None:
        """Fire no more and wait for what runs, so long."""
        self.drain()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=grace_seconds)
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        while not self._is_draining:
            try:
                await self._listen()
            except PoolStopped:
                return
            except LeaseLost:
                _log.warning("Timer '%s' is fired by another host now.", self._timer.name)
            except Exception as error:
                # The hub itself tells when it cannot be used.
                if not isinstance(error, HubUnavailable):
                    _log.exception(
                        "Timer '%s' could not be listened to. It is tried again.", self._timer.name
                    )
            if not self._is_draining:
                await self._clock.sleep(_PAUSE_AFTER_TROUBLE_SECONDS)

    async def _listen(self) -> None:
        name, schedule = self._timer.name, self._timer.schedule
        while not await self._hub.timers.lease(name):
            await self._clock.sleep(_LEASE_SECONDS)
        now = self._clock.now()
        recorded = await self._hub.timers.status(name) if self._timer.is_monitored else None
        status = status_at_start(recorded, schedule, now)
        if self._timer.is_monitored and status != recorded:
            await self._hub.timers.record(name, status)
        self._show_occurrences(now)
        unscheduled: Unscheduled | None = None
        if is_past_due(status, now):
            unscheduled = "IsPastDue"
        elif self._startup_run_is_due:
            unscheduled = "RunOnStartup"
        self._startup_run_is_due = False
        if unscheduled is not None:
            status = await self._fire(status, unscheduled)
        while not self._is_draining:
            await self._sleep_until(status.next)
            status = await self._fire(status, None)

    async def _sleep_until(self, due: int | None) -> None:
        while due is None or due > self._clock.now():
            seconds = _LONGEST_SLEEP_SECONDS if due is None else (due - self._clock.now()) / 1_000_000
            await self._clock.sleep(min(seconds, _LONGEST_SLEEP_SECONDS))

    async def _fire(self, status: TimerStatus, unscheduled: Unscheduled | None) -> TimerStatus:
        """Run the function and record it. Raises LeaseLost when that is another host's affair by now."""
        self._is_firing = True
        try:
            if not await self._hub.timers.is_leased(self._timer.name):
                raise LeaseLost(self._timer.name)
            fired_at = self._clock.now()
            if not await self._invoke(status, unscheduled) and self._is_draining:
                # The host's stop ended it: as a run that was missed it comes again.
                return status
            status = status_after(status, self._timer.schedule, fired_at, on_schedule=unscheduled is None)
            if self._timer.is_monitored:
                await self._hub.timers.record(self._timer.name, status)
            return status
        finally:
            self._is_firing = False

    async def _invoke(self, status: TimerStatus, unscheduled: Unscheduled | None) -> bool:
        """Whether the function came to its end, be it a failure. None of its failures stops the schedule."""
        shown = status if self._timer.is_monitored else None
        given = payload(self._timer.schedule, shown, self._zone, is_past_due=unscheduled == "IsPastDue")
        invocation = Invocation(str(uuid.uuid4()), self._timer.name, "json", given)
        reason = f"Timer fired at {round_trip_text(self._clock.now(), self._zone)}"
        details = None if unscheduled is None else self._details(status, unscheduled)
        ended = await self._retries.call(invocation, self._timer.retry, reason, details)
        return ended.result is not None

    def _details(self, status: TimerStatus, unscheduled: Unscheduled) -> dict[str, str]:
        details: dict[str, str] = {"UnscheduledInvocationReason": unscheduled}
        if unscheduled == "IsPastDue" and status.next is not None:
            details["OriginalSchedule"] = round_trip_text(status.next, self._zone)
        return details

    def _show_occurrences(self, now: int) -> None:
        if not _log.isEnabledFor(logging.INFO):
            return
        occurrences: list[int] = []
        while len(occurrences) < _SHOWN_OCCURRENCES:
            following = self._timer.schedule.next_after(occurrences[-1] if occurrences else now)
            if following is None:
                break
            occurrences.append(following)
        _log.info(
            "The next %d occurrences of the '%s' schedule (%s) will be:\n%s",
            _SHOWN_OCCURRENCES,
            self._timer.name,
            self._timer.expression,
            "\n".join(f"{to_local(each, self._zone):%m/%d/%Y %H:%M:%S%z}" for each in occurrences),
        )
