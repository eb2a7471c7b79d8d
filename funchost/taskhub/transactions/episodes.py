"""Episodes: leasing an instance that has something to do, and committing what came of it.

A commit by anyone but the holder of the lease is refused with LeaseLost.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from funchost.durable import events
from funchost.durable.commit import ArrivedMessage, ChildStart, Commit, Message
from funchost.durable.events import Event
from funchost.durable.exceptions import InstanceExists
from funchost.durable.model import Instance
from funchost.taskhub.exceptions import LeaseLost
from funchost.taskhub.storage.database import Transaction
from funchost.taskhub.storage.rows import (
    history_parameters,
    instance_parameters,
    message_from_row,
    read_history,
    read_instance,
)
from funchost.taskhub.storage.statements import SQL
from funchost.taskhub.transactions.posting import post
from funchost.taskhub.transactions.starting import put_new_instance


@dataclass(frozen=True, slots=True)
class LeasedInstance:
    """An instance whose next episode is ours. `history` is None when the caller's copy is current.

    `last_message_id` and `claimed_at` tell later arrivals from `messages`.
    """

    instance: Instance
    episode: int
    messages: tuple[ArrivedMessage, ...]
    history: list[Event] | None
    last_message_id: int
    claimed_at: int


def any_ready_mailbox(connection: sqlite3.Connection, now: int) -> bool:
    """Whether an episode could start now."""
    return connection.execute(SQL["any_ready_mailbox"], {"now": now}).fetchone() is not None


def next_ready_at(connection: sqlite3.Connection) -> int | None:
    """When the next episode can start, None while every instance waits for messages."""
    (moment,) = connection.execute(SQL["next_ready_at"]).fetchone()
    found: int | None = moment
    return found


def lease_instances(
    transaction: Transaction, host_id: str, limit: int, now: int, is_cached: Callable[[Instance, int], bool]
) -> list[LeasedInstance]:
    """Lease up to `limit` instances that have something to do, the longest waiting first."""
    connection = transaction.connection
    rows = connection.execute(SQL["ready_mailboxes"], {"now": now, "limit": limit}).fetchall()
    leased = []
    for instance_id, episode in rows:
        key = {"instance_id": instance_id}
        connection.execute(SQL["lease_mailbox"], key | {"host_id": host_id})
        instance = read_instance(connection, instance_id)
        assert instance is not None
        messages = connection.execute(SQL["arrived_messages"], key | {"now": now})
        arrived = tuple(message_from_row(row) for row in messages)
        (last,) = connection.execute(SQL["last_message_id"], key).fetchone()
        history = None if is_cached(instance, episode) else read_history(connection, instance_id)
        leased.append(LeasedInstance(instance, episode, arrived, history, last, now))
    return leased


def return_instance(transaction: Transaction, host_id: str, instance_id: str, ready_at: int) -> None:
    """Give a lease back unused; the episode is tried again from `ready_at` on."""
    parameters = {"instance_id": instance_id, "host_id": host_id, "ready_at": ready_at}
    transaction.connection.execute(SQL["return_mailbox"], parameters)
    transaction.orchestrations = True


def commit_episode(
    transaction: Transaction, host_id: str, leased: LeasedInstance, commit: Commit, rest_until: int
) -> None:
    """Write everything that one episode changes.

    Raises LeaseLost when the instance is leased by another host by now, or was started anew, or another
    host has committed in between.
    """
    connection = transaction.connection
    instance_id = leased.instance.instance_id
    key = {"instance_id": instance_id}
    holder = connection.execute(SQL["lease_holder"], key).fetchone()
    if holder != (host_id, leased.episode, leased.instance.execution_id):
        raise LeaseLost(instance_id)
    connection.executemany(SQL["delete_message"], [(message_id,) for message_id in commit.consumed])
    connection.executemany(SQL["delete_timer"], [(instance_id, timer) for timer in commit.cancelled_timers])
    write_history(connection, instance_id, commit)
    if commit.instance != leased.instance:
        _write_instance(connection, leased.instance, commit.instance)
    for child in commit.children:
        _start_child(transaction, child)
    if commit.instance.status.is_final:
        connection.execute(SQL["close_mailbox"], key)
        connection.execute(SQL["delete_messages"], key)
    post(connection, commit.messages)
    connection.executemany(
        SQL["put_activity"],
        [
            {
                "instance_id": task.instance_id,
                "execution_id": task.execution_id,
                "task_id": task.task_id,
                "name": task.name,
                "input": task.input,
            }
            for task in commit.activities
        ],
    )
    if not commit.instance.status.is_final:
        _settle_mailbox(connection, leased, commit, rest_until)
    transaction.orchestrations = True
    transaction.activities |= bool(commit.activities)


def write_history(connection: sqlite3.Connection, instance_id: str, commit: Commit) -> None:
    """Append a commit's history, or put it in place of the old one."""
    key = {"instance_id": instance_id}
    first = 0
    if commit.replaces_history:
        connection.execute(SQL["delete_history"], key)
    else:
        (first,) = connection.execute(SQL["history_length"], key).fetchone()
    connection.executemany(SQL["append_history"], history_parameters(instance_id, first, commit.history))


def _write_instance(connection: sqlite3.Connection, before: Instance, after: Instance) -> None:
    parameters = instance_parameters(after)
    connection.execute(SQL["update_instance"], parameters)
    if after.input != before.input:
        connection.execute(SQL["update_input"], parameters)


def _start_child(transaction: Transaction, start: ChildStart) -> None:
    """Start a sub-orchestration. When its ID is in use, its parent hears of that instead of waiting for
    ever, as it would in the original."""
    child = start.child
    try:
        put_new_instance(transaction.connection, child, start.started, overwrite_running=False)
    except InstanceExists as refusal:
        reason = f"The sub-orchestration '{child.instance_id}' cannot be started: {refusal}"
        assert child.parent_instance_id is not None
        assert child.parent_task_id is not None
        failed = events.sub_orchestration_failed(child.created_at, child.parent_task_id, reason, None)
        message = Message(child.parent_instance_id, failed, child.parent_execution_id, child.created_at)
        post(transaction.connection, [message])


def _settle_mailbox(
    connection: sqlite3.Connection, leased: LeasedInstance, commit: Commit, rest_until: int
) -> None:
    """Give the lease back and decide when the next episode can start.

    Only messages that the episode has not seen make one necessary, unless it says that those left over
    can be taken now. After a long replay the instance rests, so that completions arrive together.
    """
    key = {"instance_id": leased.instance.instance_id}
    seen = {
        "seen": leased.last_message_id,
        "claimed_at": leased.claimed_at,
        "all_count": commit.more_to_take,
    }
    arrived, ready_at = connection.execute(SQL["waiting_messages"], key | seen).fetchone()
    if ready_at is not None and arrived < commit.open_tasks:
        ready_at = max(ready_at, rest_until)
    connection.execute(
        SQL["settle_mailbox"],
        key
        | {
            "ready_at": ready_at,
            "rest_until": rest_until,
            "awaited": commit.open_tasks,
            "arrived": arrived,
        },
    )
