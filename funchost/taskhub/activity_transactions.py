"""Activities that are leased: giving them back, or exchanging them for the messages with their outcomes.

An outcome from anyone but the holder of the lease is refused with LeaseLost; that a host had the lease before
and has it again does not make an old outcome good. The number of an activity is never used again, so a late
outcome cannot be taken for another's. An activity of an execution that has ended is not run a second time.
"""

from funchost.durable.commit import Message
from funchost.durable.events import Event
from funchost.taskhub.database import LeaseLost, Transaction, Work
from funchost.taskhub.instance_transactions import post
from funchost.taskhub.leasing import LeasedActivity
from funchost.taskhub.statements import SQL


def return_activity(
    transaction: Transaction, host_id: str, leased: LeasedActivity, not_before: int, attempts: int
) -> None:
    """Give a lease back unused; the activity runs again from `not_before` on, here or elsewhere."""
    parameters = _key(host_id, leased) | {"not_before": not_before, "attempts": attempts}
    transaction.connection.execute(SQL["drop_orphaned_activity"], parameters)
    transaction.connection.execute(SQL["return_activity"], parameters)
    transaction.work |= Work.ACTIVITIES


def postpone_activity(
    transaction: Transaction, host_id: str, leased: LeasedActivity, input: str, not_before: int
) -> None:
    """Give an activity back to be run later, with another input. Raises LeaseLost like `finish_activity`, and
    when the execution that it belongs to has ended."""
    parameters = _key(host_id, leased) | {"input": input, "not_before": not_before}
    transaction.connection.execute(SQL["drop_orphaned_activity"], parameters)
    if transaction.connection.execute(SQL["postpone_activity"], parameters).rowcount == 0:
        raise LeaseLost(leased.task.instance_id)
    transaction.work |= Work.ACTIVITIES


def finish_activity(transaction: Transaction, host_id: str, leased: LeasedActivity, outcome: Event) -> None:
    """Exchange an activity for the message with its outcome.

    Raises LeaseLost when the activity is no longer ours: then somebody else's result counts.
    """
    if transaction.connection.execute(SQL["finish_activity"], _key(host_id, leased)).rowcount == 0:
        raise LeaseLost(leased.task.instance_id)
    message = Message(leased.task.instance_id, outcome, leased.task.execution_id, outcome.at)
    post(transaction.connection, [message], leased.protocol)
    transaction.work |= Work.EPISODES


def _key(host_id: str, leased: LeasedActivity) -> dict[str, object]:
    """One lease of one activity, as parameters of the statements about it."""
    return {"activity_id": leased.activity_id, "host_id": host_id, "lease": leased.lease}
