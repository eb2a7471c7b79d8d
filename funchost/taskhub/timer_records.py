"""Timer functions in the task hub: which host fires each, and when that happened last and is due next.

It keeps what it is given; when a timer is due is not known here.
"""

import sqlite3
from dataclasses import dataclass

from funchost.taskhub.database import Database, LeaseLost, Transaction
from funchost.taskhub.statements import SQL


@dataclass(frozen=True, slots=True)
class TimerStatus:
    """When a timer fired last (None: never) and is due next (None: never), and when that was decided."""

    last: int | None
    next: int | None
    updated: int


class TimerRecords:
    """Leases timers for the host `host_id`. When a method returns, what it did is committed."""

    def __init__(self, database: Database, host_id: str) -> None:
        self.host_id = host_id
        self._database = database

    async def lease(self, function: str) -> bool:
        """Make this host the one that fires the timer, unless another host is."""
        parameters = {"function": function, "host_id": self.host_id}

        def is_free(connection: sqlite3.Connection) -> bool:
            return connection.execute(SQL["timer_of_another_host"], parameters).fetchone() is None

        def take(transaction: Transaction) -> bool:
            return transaction.connection.execute(SQL["lease_timer"], parameters).rowcount == 1

        return await self._database.write_if(is_free, take) or False

    async def is_leased(self, function: str) -> bool:
        """Whether this host is still the one that fires the timer."""
        parameters = {"function": function, "host_id": self.host_id}
        found = await self._database.read(
            lambda connection: connection.execute(SQL["timer_of_this_host"], parameters).fetchone()
        )
        return found is not None

    async def status(self, function: str) -> TimerStatus | None:
        """What was recorded last, by any host; None when nothing was."""
        row = await self._database.read(
            lambda connection: connection.execute(SQL["timer_status"], {"function": function}).fetchone()
        )
        return None if row is None else TimerStatus(row["last_at"], row["next_at"], row["updated_at"])

    async def record(self, function: str, status: TimerStatus) -> None:
        """Record when the timer fired and is due. Raises LeaseLost when another host fires it by now."""
        parameters = {
            "function": function,
            "host_id": self.host_id,
            "last_at": status.last,
            "next_at": status.next,
            "updated_at": status.updated,
        }

        def write(transaction: Transaction) -> None:
            if transaction.connection.execute(SQL["record_timer"], parameters).rowcount == 0:
                raise LeaseLost(function)

        await self._database.write(write)
