"""Removing what is over: ended instances with those below them, entities without a state, orphaned locks.

Every function is a part of one transaction that takes a bounded number of instances, so that other work can
be committed between two.
"""

from typing import Any

from funchost.durable.commit import Message
from funchost.durable.entities import RELEASE_EVENT, release_text
from funchost.durable.events import EventRaised
from funchost.durable.identity import new_id
from funchost.durable.instances import SdkProtocol, Status
from funchost.taskhub.database import Transaction, Work
from funchost.taskhub.instance_transactions import forget_instance, post
from funchost.taskhub.statements import SQL

BATCH = 100


def remove_instance(transaction: Transaction, instance_id: str, *, recursive: bool) -> int:
    """Remove an instance, and all that ended below it if that is asked; returns how many were removed."""
    connection = transaction.connection
    ended = []
    if recursive:
        below = connection.execute(SQL["descendants"], {"instance_id": instance_id})
        ended = [row["instance_id"] for row in below if Status(row["status"]).is_final]
    for each in (instance_id, *ended):
        forget_instance(connection, each)
    return 1 + len(ended)


def remove_ended(transaction: Transaction, parameters: dict[str, Any], *, recursive: bool) -> int:
    """Remove the next ended instances that the filter means; 0 when there are none left."""
    connection = transaction.connection
    rows = connection.execute(SQL["ended_instances"], parameters | {"limit": BATCH}).fetchall()
    removed = 0
    for row in rows:
        # One of them may have been below another.
        if connection.execute(SQL["status"], {"instance_id": row["instance_id"]}).fetchone() is not None:
            removed += remove_instance(transaction, row["instance_id"], recursive=recursive)
    return removed


def remove_empty_entities(transaction: Transaction) -> int:
    """Remove the next entities without state, lock, messages and running batch; 0 when none are left."""
    rows = transaction.connection.execute(SQL["empty_entities"], {"limit": BATCH}).fetchall()
    for row in rows:
        forget_instance(transaction.connection, row["instance_id"])
    return len(rows)


def release_orphaned_locks(transaction: Transaction, protocol: SdkProtocol, now: int) -> int:
    """Have the locks given back whose holders do not run any more; returns how many there are."""
    rows = transaction.connection.execute(SQL["orphaned_locks"], {"protocol": str(protocol)}).fetchall()
    for row in rows:
        # The entity itself gives the lock back, so a batch that runs at this moment is not disturbed.
        release = EventRaised(now, RELEASE_EVENT, release_text(row["locked_by"], new_id()))
        post(transaction.connection, [Message(row["instance_id"], release, None, now)], protocol)
    if rows:
        transaction.work |= Work.EPISODES
    return len(rows)
