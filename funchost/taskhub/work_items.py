"""Work items as the dispatchers see them: leasing what there is to do, and handing in what came of it.

When a method returns, what it did is committed.
"""

import sqlite3

from funchost.clock import Clock
from funchost.durable.commit import Commit
from funchost.durable.events import Event
from funchost.durable.instances import SdkProtocol
from funchost.taskhub import activity_transactions as activities
from funchost.taskhub import instance_transactions as episodes
from funchost.taskhub.database import Database, Transaction
from funchost.taskhub.leasing import (
    LeasedActivity,
    LeasedInstance,
    Leasing,
    Selection,
    any_ready_instance,
    any_waiting_activity,
    next_activity_at,
    next_instance_at,
)
from funchost.taskhub.rows import read_history
from funchost.taskhub.statements import SQL


class WorkItems:
    """Leases work for the host `host_id`."""

    def __init__(self, database: Database, host_id: str, clock: Clock) -> None:
        self.host_id = host_id
        self._database = database
        self._clock = clock
        self._leasing = Leasing(host_id)

    async def lease_instances(self, selection: Selection, limit: int) -> list[LeasedInstance]:
        """Lease up to `limit` instances that have something to do."""
        now = self._clock.now()
        leased = await self._database.write_if(
            lambda connection: any_ready_instance(connection, selection, now),
            lambda transaction: self._leasing.instances(transaction, selection, limit, now),
        )
        return leased or []

    async def events(self, instance_id: str) -> list[Event]:
        """The history of the current execution, private events included."""
        return await self._database.read(lambda connection: read_history(connection, instance_id))

    async def next_instance_at(self, selection: Selection) -> int | None:
        """When to look for an episode that can start: now or in the past, at a timer, or None."""
        now = self._clock.now()
        return await self._database.read(lambda connection: next_instance_at(connection, selection, now))

    async def return_instance(self, leased: LeasedInstance, pause_seconds: float, attempts: int) -> None:
        """Give an instance back without a commit; its episode is tried again after the pause.

        `attempts` is how often it has been tried in vain by now.
        """
        ready_at = self._clock.now() + int(pause_seconds * 1_000_000)
        await self._database.write(
            lambda transaction: episodes.return_instance(
                transaction, self.host_id, leased, ready_at, attempts
            )
        )

    async def commit_episode(
        self, leased: LeasedInstance, commit: Commit, rest_microseconds: int = 0
    ) -> None:
        """Write what an episode decided. Raises LeaseLost when the instance is no longer ours."""
        rest_until = self._clock.now() + rest_microseconds
        await self._database.write(
            lambda transaction: episodes.commit_episode(transaction, self.host_id, leased, commit, rest_until)
        )

    async def lease_activities(self, selection: Selection, limit: int) -> list[LeasedActivity]:
        """Lease up to `limit` activities that wait."""
        now = self._clock.now()
        leased = await self._database.write_if(
            lambda connection: any_waiting_activity(connection, selection, now),
            lambda transaction: self._leasing.activities(transaction, selection, limit, now),
        )
        return leased or []

    async def next_activity_at(self, selection: Selection) -> int | None:
        """When the next waiting activity may run: now or in the past, later, or None."""
        return await self._database.read(lambda connection: next_activity_at(connection, selection))

    async def postpone_activity(self, leased: LeasedActivity, input: str, not_before: int) -> None:
        """Have an activity run later, with another input. Raises LeaseLost when it is no longer ours."""
        await self._database.write(
            lambda transaction: activities.postpone_activity(
                transaction, self.host_id, leased, input, not_before
            )
        )

    async def return_activity(self, leased: LeasedActivity, pause_seconds: float, attempts: int) -> None:
        """Give an activity back, to be run again after the pause. Without a pause it goes back to its old
        place: it was not begun. One of an execution that has ended is dropped.

        `attempts` is how often it has been tried in vain by now.
        """
        not_before = self._clock.now() + int(pause_seconds * 1_000_000) if pause_seconds else 0
        await self._database.write(
            lambda transaction: activities.return_activity(
                transaction, self.host_id, leased, not_before, attempts
            )
        )

    async def finish_activity(
        self, leased: LeasedActivity, outcome: Event, *, take_next: Selection | None = None
    ) -> LeasedActivity | None:
        """Hand in the outcome of an activity, and lease the next one of a selection in the same commit.

        Raises LeaseLost when the activity is no longer ours; then nothing is leased either.
        """
        now = self._clock.now()

        def work(transaction: Transaction) -> LeasedActivity | None:
            activities.finish_activity(transaction, self.host_id, leased, outcome)
            if take_next is None:
                return None
            following = self._leasing.activities(transaction, take_next, 1, now)
            return following[0] if following else None

        return await self._database.write(work)

    async def of_other_protocol(self, protocol: SdkProtocol, limit: int) -> tuple[int, list[str]]:
        """How many unfinished instances began under another protocol, and the IDs of the first of them."""
        parameters = {"protocol": str(protocol), "limit": limit}

        def count(connection: sqlite3.Connection) -> tuple[int, list[str]]:
            (number,) = connection.execute(SQL["count_of_other_protocol"], parameters).fetchone()
            rows = connection.execute(SQL["other_protocol"], parameters).fetchall()
            return number, [row["instance_id"] for row in rows]

        return await self._database.read(count)
