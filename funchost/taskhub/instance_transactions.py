"""Instances in transactions: starting, posting to and rewinding them, and committing an episode.

A commit by anyone but the holder of the lease is refused with LeaseLost.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import replace

from funchost.durable.commit import Commit, Message, NewInstance
from funchost.durable.entities import new_entity
from funchost.durable.events import EventType, ExecutionStarted
from funchost.durable.identity import is_entity_id
from funchost.durable.instances import Instance, SdkProtocol, Status
from funchost.durable.refusals import InstanceEnded, InstanceExists, InstanceNotFound, WrongState
from funchost.durable.rewind import failed_children, rewind
from funchost.taskhub.database import LeaseLost, Transaction, Work
from funchost.taskhub.leasing import LeasedInstance
from funchost.taskhub.rows import (
    activity_parameters,
    history_values,
    instance_parameters,
    is_answer,
    message_values,
    read_history,
    read_instance,
)
from funchost.taskhub.statements import SQL

UNFINISHED = frozenset(status for status in Status if not status.is_final)


def return_instance(
    transaction: Transaction, host_id: str, leased: LeasedInstance, ready_at: int, attempts: int
) -> None:
    """Give a lease back without a commit; the episode is tried again from `ready_at` on."""
    parameters = {
        "instance_id": leased.instance.instance_id,
        "episode": leased.episode,
        "lease": leased.lease,
        "host_id": host_id,
        "ready_at": ready_at,
        "attempts": attempts,
    }
    transaction.connection.execute(SQL["return_mailbox"], parameters)
    transaction.work |= Work.EPISODES


def commit_episode(
    transaction: Transaction, host_id: str, leased: LeasedInstance, commit: Commit, rest_until: int
) -> None:
    """Write everything that one episode changes.

    Raises LeaseLost when this lease has ended: another host has taken the instance over, or it was started
    anew.
    """
    connection = transaction.connection
    instance, instance_id = commit.instance, leased.instance.instance_id
    key = {"instance_id": instance_id}
    holder = connection.execute(SQL["lease_holder"], key).fetchone()
    ours = (host_id, leased.lease, leased.episode, leased.instance.execution_id)
    if holder is None or tuple(holder) != ours:
        raise LeaseLost(instance_id)
    connection.executemany(SQL["delete_message"], [(message_id,) for message_id in commit.consumed])
    for task_id in commit.cancelled_timers:
        withdrawn = {"type": int(EventType.TIMER_FIRED), "task_id": task_id}
        connection.execute(SQL["delete_timer"], key | withdrawn)
    write_history(connection, instance_id, commit)
    if instance != leased.instance:
        _write_instance(connection, leased.instance, instance)
    for new in commit.new_instances:
        _start(transaction, new)
    if instance.status.is_final:
        connection.execute(SQL["close_mailbox"], key)
        connection.execute(SQL["delete_messages"], key)
    if instance.status is Status.TERMINATED:
        connection.execute(SQL["withdraw_activities"], key)
    elif instance.status.is_final or instance.execution_id != leased.instance.execution_id:
        # What nobody has begun yet still runs, as in the original; nothing runs again.
        connection.execute(SQL["withdraw_begun_activities"], key)
    post(connection, commit.messages, instance.protocol)
    activities = [activity_parameters(task, instance.protocol) for task in commit.activities]
    connection.executemany(SQL["put_activity"], activities)
    if not instance.status.is_final:
        _settle_mailbox(connection, leased, commit, rest_until)
    transaction.work |= Work.ANY if commit.activities else Work.EPISODES


def write_history(connection: sqlite3.Connection, instance_id: str, commit: Commit) -> None:
    """Append a commit's history, or put it in place of the old one."""
    key = {"instance_id": instance_id}
    first = 0
    if commit.replaces_history:
        connection.execute(SQL["delete_history"], key)
    elif commit.history:
        (first,) = connection.execute(SQL["history_length"], key).fetchone()
    connection.executemany(SQL["append_history"], history_values(instance_id, first, commit.history))


def put_new_instance(
    connection: sqlite3.Connection,
    instance: Instance,
    started: ExecutionStarted,
    *,
    replaceable: frozenset[Status],
) -> Instance:
    """Create an instance, or start a used ID anew; its first message is `started`.

    Raises InstanceExists, before anything is changed, when the ID belongs to an instance in a status that is
    not `replaceable`.
    """
    replaced = read_instance(connection, instance.instance_id)
    if replaced is not None:
        if replaced.status not in replaceable:
            raise InstanceExists(instance.instance_id, replaced.status)
        forget_instance(connection, instance.instance_id)
        instance = replace(instance, generation=replaced.generation + 1)
    connection.execute(SQL["put_instance"], instance_parameters(instance))
    key = {"instance_id": instance.instance_id, "protocol": str(instance.protocol)}
    connection.execute(SQL["open_mailbox"], key)
    visible_at = instance.scheduled_at or instance.created_at
    message = Message(instance.instance_id, started, instance.execution_id, visible_at)
    post(connection, [message], instance.protocol)
    return instance


def forget_instance(connection: sqlite3.Connection, instance_id: str) -> None:
    """Remove every trace of an instance but the activities that run, which end without being heard."""
    for name in (
        "delete_instance",
        "delete_history",
        "delete_messages",
        "close_mailbox",
        "withdraw_activities",
    ):
        connection.execute(SQL[name], {"instance_id": instance_id})


def post(connection: sqlite3.Connection, messages: Iterable[Message], protocol: SdkProtocol) -> None:
    """Post messages into the mailboxes of instances that live; for others they are dropped. The first one to
    an entity makes it, under the sender's protocol."""
    for message in messages:
        if is_entity_id(message.instance_id):
            _ensure_entity(connection, message.instance_id, protocol, message.event.at)
        woken = {
            "instance_id": message.instance_id,
            "visible_at": message.visible_at,
            "is_answer": is_answer(message),
        }
        if connection.execute(SQL["wake_mailbox"], woken).rowcount:
            connection.execute(SQL["post_message"], message_values(message))


def rewind_instance(transaction: Transaction, instance_id: str, reason: str, now: int) -> Instance:
    """Set a failed instance back to before its failures and let it go on, and with it the children whose
    failure it shares; returns the instance.

    Raises InstanceNotFound; InstanceEnded when it has ended otherwise; WrongState when it has not ended.
    Source: HTTP management API: rewind; DurableTask.AzureStorage, RewindHistoryAsync.
    """
    connection = transaction.connection
    instance = read_instance(connection, instance_id)
    if instance is None:
        raise InstanceNotFound(instance_id)
    if instance.status is not Status.FAILED:
        if instance.status.is_final:
            raise InstanceEnded(instance_id, instance.status)
        raise WrongState("The rewind operation is only supported on failed orchestration instances.")
    history = read_history(connection, instance_id)
    children = [read_instance(connection, child_id) for child_id in failed_children(instance, history)]
    rewound = {child.instance_id for child in children if child and _is_failed_child(child, instance)}
    commit = rewind(instance, history, rewound, reason, now)
    write_history(connection, instance_id, commit)
    connection.execute(SQL["update_instance"], instance_parameters(commit.instance))
    # Episodes count on from a number that no host has seen with this execution: a copy of the history from
    # before the rewind would pass for current otherwise.
    reopened = {"instance_id": instance_id, "protocol": str(instance.protocol), "episode": now}
    connection.execute(SQL["reopen_mailbox"], reopened)
    # Whatever had no result is called again.
    connection.execute(SQL["withdraw_activities"], reopened)
    post(connection, commit.messages, instance.protocol)
    for child_id in rewound:
        rewind_instance(transaction, child_id, reason, now)
    transaction.work |= Work.EPISODES
    return commit.instance


def _is_failed_child(child: Instance, parent: Instance) -> bool:
    """The ID of a child may have been used again by somebody else meanwhile."""
    started_by = (child.parent_instance_id, child.parent_execution_id)
    return child.status is Status.FAILED and started_by == (parent.instance_id, parent.execution_id)


def _write_instance(connection: sqlite3.Connection, before: Instance, after: Instance) -> None:
    parameters = instance_parameters(after)
    connection.execute(SQL["update_instance"], parameters)
    if after.input != before.input:
        connection.execute(SQL["update_input"], parameters)


def _start(transaction: Transaction, new: NewInstance) -> None:
    """Start an orchestration. When its ID is in use, its parent hears of that instead of waiting for ever, as
    it would in the original."""
    ended = frozenset(Status) - UNFINISHED
    try:
        put_new_instance(transaction.connection, new.instance, new.started, replaceable=ended)
    except InstanceExists:
        if new.if_refused is not None:
            post(transaction.connection, [new.if_refused], new.instance.protocol)


def _ensure_entity(connection: sqlite3.Connection, entity_id: str, protocol: SdkProtocol, now: int) -> None:
    key = {"instance_id": entity_id, "protocol": str(protocol)}
    if connection.execute(SQL["ensure_mailbox"], key).rowcount:
        entity = new_entity(entity_id, protocol, now)
        connection.execute(SQL["put_instance"], instance_parameters(entity))


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
