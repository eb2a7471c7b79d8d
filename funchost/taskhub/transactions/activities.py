"""Activities: leasing those that wait, and exchanging them for the messages with their outcomes.

An outcome from anyone but the holder of the lease is refused with LeaseLost.
"""

import sqlite3
from dataclasses import dataclass

from funchost.durable.commit import Message
from funchost.durable.events import Event
from funchost.taskhub.exceptions import LeaseLost
from funchost.taskhub.storage.database import Transaction
from funchost.taskhub.storage.statements import SQL
from funchost.taskhub.transactions.posting import post


@dataclass(frozen=True, slots=True)
class LeasedActivity:
    """An activity that is ours to run."""

    activity_id: int
    instance_id: str
    execution_id: str
    task_id: int
    name: str
    input: str


def any_waiting_activity(connection: sqlite3.Connection, now: int) -> bool:
    """Whether an activity waits for a host."""
    return connection.execute(SQL["any_waiting_activity"], {"now": now}).fetchone() is not None


def next_activity_at(connection: sqlite3.Connection) -> int | None:
    """When the next waiting activity may run, None when none waits."""
    (moment,) = connection.execute(SQL["next_activity_at"]).fetchone()
    found: int | None = moment
    return found


def lease_activities(transaction: Transaction, host_id: str, limit: int, now: int) -> list[LeasedActivity]:
    """Lease up to `limit` activities, the longest waiting first."""
    parameters = {"host_id": host_id, "limit": limit, "now": now}
    rows = transaction.connection.execute(SQL["lease_activities"], parameters).fetchall()
    return [LeasedActivity(*row) for row in sorted(rows)]


def return_activity(transaction: Transaction, host_id: str, activity_id: int) -> None:
    """Give a lease back unused; the activity runs again, here or elsewhere."""
    parameters = {"activity_id": activity_id, "host_id": host_id}
    transaction.connection.execute(SQL["return_activity"], parameters)
    transaction.activities = True


def postpone_activity(
    transaction: Transaction, host_id: str, leased: LeasedActivity, input: str, not_before: int
) -> None:
    """Give an activity back to be run later, with another input. Raises LeaseLost like `finish_activity`."""
    parameters = {
        "activity_id": leased.activity_id,
        "host_id": host_id,
        "input": input,
        "not_before": not_before,
    }
    if transaction.connection.execute(SQL["postpone_activity"], parameters).rowcount == 0:
        raise LeaseLost(leased.instance_id)
    transaction.activities = True


def finish_activity(
    transaction: Transaction, host_id: str, leased: LeasedActivity, outcome: Event, now: int
) -> None:
    """Exchange an activity for the message with its outcome.

    Raises LeaseLost when the activity is no longer ours: then somebody else's result counts.
    """
    parameters = {"activity_id": leased.activity_id, "host_id": host_id}
    if transaction.connection.execute(SQL["finish_activity"], parameters).rowcount == 0:
        raise LeaseLost(leased.instance_id)
    post(transaction.connection, [Message(leased.instance_id, outcome, leased.execution_id, now)])
    transaction.orchestrations = True
