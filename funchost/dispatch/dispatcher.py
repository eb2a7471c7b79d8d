"""What both dispatchers have in common: lease while there is room, work, look again.

A dispatcher sleeps until it is woken by new work, by a place that became free, or by the moment at which
the next work item is due. A work item that cannot be done is tried again after a pause that grows, a limited
number of times.
"""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from funchost.clock import SYSTEM_CLOCK, Clock
from funchost.durable.refusals import HubUnavailable
from funchost.taskhub import LeaseLost

_log = logging.getLogger("DurableTask.Core")

Item = TypeVar("Item")

PAUSE_BEFORE_ALONE_SECONDS = 0.3
_PAUSE_AFTER_TROUBLE_SECONDS = 1.0
_FIRST_PAUSE_SECONDS = 0.1
_PAUSE_FACTOR = 3.0
_LONGEST_PAUSE_SECONDS = 30.0


def pause_seconds(attempts: int) -> float:
    """How long a work item that was tried so often in vain is left alone."""
    return min(_FIRST_PAUSE_SECONDS * _PAUSE_FACTOR ** min(attempts - 1, 10), _LONGEST_PAUSE_SECONDS)


class Dispatcher(ABC, Generic[Item]):
    """Runs at most `limit` work items at a time."""

    def __init__(self, limit: int, clock: Clock = SYSTEM_CLOCK) -> None:
        self._limit = limit
        self._clock = clock
        self._is_draining = False
        self._wake = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        self._loop_task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to take work."""
        self._wake.set()
        self._loop_task = asyncio.create_task(self._loop())

    def wake(self) -> None:
        """Say that there may be something to do."""
        self._wake.set()

    def drain(self) -> None:
        """Take no new work until `resume`; what runs goes on."""
        self._is_draining = True

    @property
    def is_draining(self) -> bool:
        """Whether no new work may be taken."""
        return self._is_draining

    def resume(self) -> None:
        """Take work again."""
        self._is_draining = False
        self._wake.set()

    async def stop(self, grace_seconds: float) -> None:
        """Take no new work and wait for what runs, so long; the rest is abandoned, its leases end."""
        self.drain()
        if self._loop_task is not None:
            self._loop_task.cancel()
            await asyncio.wait([self._loop_task])
        if self._running and grace_seconds > 0:
            await asyncio.wait(self._running, timeout=grace_seconds)
        abandoned = list(self._running)
        for task in abandoned:
            task.cancel()
        await asyncio.gather(*abandoned, return_exceptions=True)

    @abstractmethod
    async def _lease(self, room: int) -> Sequence[Item]:
        """Lease up to `room` work items."""

    @abstractmethod
    async def _work(self, item: Item) -> Item | None:
        """Do one work item, from lease to commit; may return another that was leased with the commit."""

    @abstractmethod
    async def _give_back(self, item: Item, pause_seconds: float, attempts: int) -> None:
        """Have a work item tried again after the pause, here or elsewhere. Raises LeaseLost."""

    @abstractmethod
    def _attempts(self, item: Item) -> int:
        """How often it was tried in vain before this time."""

    async def _seconds_until_due(self) -> float | None:
        """How long until a work item is due by itself; None when only a wake-up can bring one."""
        return None

    async def _loop(self) -> None:
        while True:
            try:
                await self._lease_and_launch()
            except Exception as error:
                if not isinstance(error, HubUnavailable):
                    _log.exception("Work could not be leased. It is tried again.")
                await self._clock.sleep(_PAUSE_AFTER_TROUBLE_SECONDS)

    async def _lease_and_launch(self) -> None:
        self._wake.clear()
        room = 0 if self._is_draining else self._limit - len(self._running)
        items: Sequence[Item] = await self._lease(room) if room > 0 else ()
        for item in items:
            task = asyncio.create_task(self._work_on(item))
            self._running.add(task)
            task.add_done_callback(self._ended)
        if self._is_draining or len(self._running) >= self._limit:
            await self._wake.wait()
        elif not self._wake.is_set():
            await self._wait(await self._seconds_until_due())

    async def _wait(self, seconds: float | None) -> None:
        try:
            await asyncio.wait_for(self._wake.wait(), seconds)
        except TimeoutError:
            return

    async def _work_on(self, item: Item) -> None:
        """One place of the limit, from one work item to the next."""
        while True:
            try:
                following = await self._work(item)
            except HubUnavailable:
                # That is no fault of the work item. The hub itself tells of it.
                return await self._give_back_at_last(item, _PAUSE_AFTER_TROUBLE_SECONDS, self._attempts(item))
            except Exception:
                _log.exception("A work item could not be done. It is tried again.")
                return await self._count_attempt(item)
            if following is None:
                return
            item = following

    async def _count_attempt(self, item: Item) -> None:
        """Give a work item back that was tried in vain once more."""
        attempts = self._attempts(item) + 1
        await self._give_back_at_last(item, pause_seconds(attempts), attempts)

    async def _give_back_at_last(self, item: Item, pause_seconds: float, attempts: int) -> None:
        """A lease that is kept would leave its instance hanging for as long as this host lives."""
        while True:
            try:
                return await self._give_back(item, pause_seconds, attempts)
            except LeaseLost:
                return
            except Exception as error:
                if not isinstance(error, HubUnavailable):
                    _log.error("A work item could not be given back: %s. It is tried again.", error)
                await self._clock.sleep(_PAUSE_AFTER_TROUBLE_SECONDS)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        self._wake.set()
