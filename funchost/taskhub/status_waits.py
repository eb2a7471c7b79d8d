"""Waiting until an instance has reached a status.

All who wait share one look at the hub. It is made when a commit of this host, a call of another one or the
regular look around says that something may have changed; changes that come during a look lead to one more.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from funchost.durable.instances import Status
from funchost.taskhub.database import Database, Work
from funchost.taskhub.statements import SQL

# Between two looks, while hundreds of commits a second say that something may have changed.
_PAUSE_SECONDS = 0.005

Subscribe = Callable[[int, Callable[[], None]], Callable[[], None]]


@dataclass(eq=False, slots=True)
class _Wait:
    instance_id: str
    is_reached: Callable[[Status], bool]
    over: "asyncio.Future[None]"


class StatusWaits:
    """Those who wait for instances of one hub. While there are none, nothing is looked at."""

    def __init__(self, database: Database, subscribe: Subscribe) -> None:
        self._database = database
        self._subscribe = subscribe
        self._unsubscribe: Callable[[], None] = lambda: None
        self._waits: set[_Wait] = set()
        self._looking: asyncio.Task[None] | None = None
        self._changed = False

    async def until(self, instance_id: str, is_reached: Callable[[Status], bool]) -> None:
        """Return when the instance's status passes `is_reached`, or when there is no such instance."""
        wait = _Wait(instance_id, is_reached, asyncio.get_running_loop().create_future())
        if not self._waits:
            self._unsubscribe = self._subscribe(Work.ANY, self._look)
        self._waits.add(wait)
        try:
            self._look()
            await wait.over
        finally:
            self._waits.discard(wait)
            if not self._waits:
                self._unsubscribe()

    def _look(self) -> None:
        self._changed = True
        if self._looking is None:
            self._looking = asyncio.create_task(self._look_while_changing())

    async def _look_while_changing(self) -> None:
        try:
            while self._changed and self._waits:
                self._changed = False
                await self._look_once(tuple(self._waits))
                await asyncio.sleep(_PAUSE_SECONDS)
        finally:
            self._looking = None

    async def _look_once(self, waits: tuple[_Wait, ...]) -> None:
        wanted = {wait.instance_id for wait in waits}

        def read(connection: sqlite3.Connection) -> dict[str, Status]:
            rows = ((each, connection.execute(SQL["status"], {"instance_id": each})) for each in wanted)
            return {each: Status(row["status"]) for each, found in rows if (row := found.fetchone())}

        try:
            statuses = await self._database.read(read)
        except Exception as error:
            for wait in waits:
                if not wait.over.done():
                    wait.over.set_exception(error)
            return
        for wait in waits:
            status = statuses.get(wait.instance_id)
            if not wait.over.done() and (status is None or wait.is_reached(status)):
                wait.over.set_result(None)
