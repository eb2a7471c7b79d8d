"""Upkeep of a hub's file while a host works on it: the clock was set back, or much of the file is empty.

What becomes ready by itself waits for a time of the machine's clock. When that is set back, what was ready
already would wait once more, for as long as it was set back. Timers are meant for a time of day and stay as
they are.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Coroutine

from funchost.clock import Clock
from funchost.durable.refusals import HubUnavailable
from funchost.taskhub.database import Database, Transaction, Work
from funchost.taskhub.statements import SQL

_LOOK_SECONDS = 1.0
_LOOKS_BETWEEN_SIZES = 10
# Space counts as unused when it was free at so many looks at the size in a row.
_SIZES = 3
_LEAST_UNUSED_PAGES = 1000
# What one transaction gives back takes a few milliseconds.
_PAGES_AT_ONCE = 200
_INCREMENTAL = 2

_log = logging.getLogger("Host.Durable")


def repair_times(transaction: Transaction, now: int) -> None:
    """Let what is ready be so at `now`, after the clock was set back. It may make a look for work in vain."""
    for name in ("recall_mailboxes", "recall_messages", "recall_rests", "recall_activities", "set_time_back"):
        transaction.connection.execute(SQL[name], {"now": now})
    transaction.work |= Work.ANY


def clock_was_set_back(connection: sqlite3.Connection, now: int) -> bool:
    """Whether a host of this hub has seen a later time than `now`."""
    (seen_at,) = connection.execute(SQL["time_seen"]).fetchone()
    return bool(seen_at > now)


class Upkeep:
    """Looks after the file for one host."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._task: asyncio.Task[None] | None = None
        self._latest = clock.now()
        self._free_pages: list[int] = []

    def begin(self) -> None:
        """Look after it until `end`."""
        self._task = asyncio.create_task(self._look_after())

    async def end(self) -> None:
        """Leave it alone."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _look_after(self) -> None:
        looks = 0
        while True:
            await self._clock.sleep(_LOOK_SECONDS)
            looks += 1
            await self._attempt(self._look_at_the_clock)
            if looks % _LOOKS_BETWEEN_SIZES == 0:
                await self._attempt(self._look_at_the_size)

    async def _attempt(self, look: Callable[[], Coroutine[None, None, None]]) -> None:
        try:
            await look()
        except HubUnavailable:
            # The hub itself tells of it.
            return
        except Exception:
            _log.exception("The task hub could not be looked after. It is tried again.")

    async def _look_at_the_clock(self) -> None:
        before, now = self._latest, self._clock.now()
        if now < before:
            _log.warning("The clock was set back. What was ready stays ready; timers wait for their time.")
            await self._database.write(lambda transaction: repair_times(transaction, now))
        self._latest = now

    async def _look_at_the_size(self) -> None:
        """Give the operating system back what has not been used for a while."""
        pages, free = await self._database.read(_page_counts)
        self._free_pages = [*self._free_pages[1 - _SIZES :], free]
        if len(self._free_pages) < _SIZES or min(self._free_pages) < max(_LEAST_UNUSED_PAGES, pages // 4):
            return
        unused = min(self._free_pages) - _LEAST_UNUSED_PAGES
        self._free_pages.clear()
        for _ in range(-(-unused // _PAGES_AT_ONCE)):
            await self._database.write(_give_back_pages)


def _page_counts(connection: sqlite3.Connection) -> tuple[int, int]:
    """How many pages the file has and how many of them are free and can be given back."""
    pages, free, mode = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "auto_vacuum")
    )
    return pages, free if mode == _INCREMENTAL else 0


def _give_back_pages(transaction: Transaction) -> None:
    # The statement has no columns, so that the module makes one step of it, which is one page.
    for _ in range(_PAGES_AT_ONCE):
        transaction.connection.execute("PRAGMA incremental_vacuum(1)")
