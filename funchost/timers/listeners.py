"""The timers of an app together: started, drained and stopped as one."""

import asyncio
from collections.abc import Iterable
from datetime import tzinfo

from funchost.conventions.names import TIMER_TRIGGER
from funchost.taskhub import TaskHub
from funchost.timers.functions import TimerFunction, payload
from funchost.timers.listener import TimerListener
from funchost.worker.invocations import FunctionInfo
from funchost.worker.pool import WorkerPool


class TimerListeners:
    """A listener for each timer function that can run."""

    def __init__(
        self, hub: TaskHub, pool: WorkerPool, functions: Iterable[FunctionInfo], zone: tzinfo
    ) -> None:
        """The functions are `checked` ones: those with an error or disabled are not listened to."""
        usable = [each for each in functions if each.trigger == TIMER_TRIGGER and each.error is None]
        self._hub = hub
        self._zone = zone
        self._timers = {each.name: TimerFunction.of(each, zone) for each in usable}
        self._listeners = [
            TimerListener(hub, pool, self._timers[each.name], zone) for each in usable if not each.disabled
        ]

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

    async def payload_by_hand(self, function: str) -> bytes:
        """What this timer function is given when it is run by hand.

        Source: Azure WebJobs SDK extensions, TimerTriggerBinding.BindAsync.
        """
        timer = self._timers.get(function)
        is_monitored = timer is not None and timer.is_monitored
        status = await self._hub.timers.status(function) if is_monitored else None
        return payload(None if timer is None else timer.schedule, status, self._zone, is_past_due=False)

    async def stop(self, grace_seconds: float) -> None:
        """Fire no more and wait for what runs, so long."""
        await asyncio.gather(*(listener.stop(grace_seconds) for listener in self._listeners))
