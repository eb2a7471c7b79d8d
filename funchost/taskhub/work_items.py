"""Work items as the dispatchers see them: leasing what there is to do, and handing in what came of it.

When a method returns, what it did is committed.
"""

from collections.abc import Callable

from funchost.durable.commit import Commit
from funchost.durable.events import Event
from funchost.durable.model import Instance
from funchost.taskhub.clock import clock
from funchost.taskhub.storage.database import Database, Transaction
from funchost.taskhub.storage.rows import read_history
from funchost.taskhub.transactions import activities, episodes


class WorkItems:
    """Leases work for the host `host_id`."""

    def __init__(self, database: Database, host_id: str) -> None:
        self.host_id = host_id
        self._database = database

    async def lease_instances(
        self, limit: int, is_cached: Callable[[Instance, int], bool]
    ) -> list[episodes.LeasedInstance]:
        """Lease up to `limit` instances that have something to do."""
        now = clock()
        leased = await self._database.write_if(
            lambda connection: episodes.any_ready_mailbox(connection, now),
            lambda transaction: episodes.lease_instances(transaction, self.host_id, limit, now, is_cached),
        )
        return leased or []

    async def events(self, instance_id: str) -> list[Event]:
        """The history of the current execution, private events included."""
        return await self._database.read(lambda connection: read_history(connection, instance_id))

    async def next_ready_at(self) -> int | None:
        """When the next episode can start: now or in the past, at a timer, or None."""
        return await self._database.read(episodes.next_ready_at)

    async def return_instance(self, instance_id: str, pause_seconds: float) -> None:
        """Give an instance back without a commit; its episode is tried again after the pause."""
        ready_at = clock() + int(pause_seconds * 1_000_000)
        await self._database.write(
            lambda transaction: episodes.return_instance(transaction, self.host_id, instance_id, ready_at)
        )

    async def commit_episode(
        self, leased: episodes.LeasedInstance, commit: Commit, rest_microseconds: int = 0
    ) -> None:
        """Write what an episode decided. Raises LeaseLost when the instance is no longer ours."""
        rest_until = clock() + rest_microseconds
        await self._database.write(
            lambda transaction: episodes.commit_episode(transaction, self.host_id, leased, commit, rest_until)
        )

    async def lease_activities(self, limit: int) -> list[activities.LeasedActivity]:
        """Lease up to `limit` activities."""
        now = clock()
        leased = await self._database.write_if(
            lambda connection: activities.any_waiting_activity(connection, now),
            lambda transaction: activities.lease_activities(transaction, self.host_id, limit, now),
        )
        return leased or []

    async def next_activity_at(self) -> int | None:
        """When the next waiting activity may run: now or in the past, later, or None."""
        return await self._database.read(activities.next_activity_at)

    async def postpone_activity(self, leased: activities.LeasedActivity, input: str, not_before: int) -> None:
        """Have an activity run later, with another input. Raises LeaseLost when it is no longer ours."""
        await self._database.write(
            lambda transaction: activities.postpone_activity(
                transaction, self.host_id, leased, input, not_before
            )
        )

    async def return_activity(self, activity_id: int) -> None:
        """Give an activity back, to be run again."""
        await self._database.write(
            lambda transaction: activities.return_activity(transaction, self.host_id, activity_id)
        )

    async def finish_activity(
        self, leased: activities.LeasedActivity, outcome: Event, *, take_next: bool = False
    ) -> activities.LeasedActivity | None:
        """Hand in the outcome of an activity, and lease the next one in the same commit if that is asked.

        Raises LeaseLost when the activity is no longer ours; then nothing is leased either.
        """
        now = clock()

        def work(transaction: Transaction) -> activities.LeasedActivity | None:
            activities.finish_activity(transaction, self.host_id, leased, outcome, now)
            if not take_next:
                return None
            following = activities.lease_activities(transaction, self.host_id, 1, now)
            return following[0] if following else None

        return await self._database.write(work)
