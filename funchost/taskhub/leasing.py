"""Leasing: which of the work that waits a host takes, in fair order.

What has begun comes first, so that instances come to an end instead of all being begun. Now and then it is
the turn of one that has not begun, or of the newest: nothing waits behind a hundred thousand others, and
nothing waits for ever. While many activities wait, instances are begun at these turns only: they would add to
them.
"""

import itertools
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from funchost.durable.commit import ActivityTask, ArrivedMessage
from funchost.durable.instances import Instance, SdkProtocol
from funchost.durable.text import dump_json
from funchost.taskhub.database import Transaction
from funchost.taskhub.rows import activity_from_row, message_from_row, read_instance
from funchost.taskhub.statements import SQL

_MANY_ACTIVITIES = 1000
# When instances to begin are looked for again while so many activities wait.
_LOOK_AGAIN_MICROSECONDS = 20_000
# Of eight leases one begins with the newest instance and one with the oldest, of those that have not begun.
_INSTANCE_TURNS = 8
_TURN_OF_THE_OLDEST = 4
# Of four leases one begins with the newest activity.
_ACTIVITY_TURNS = 4


@dataclass(frozen=True, slots=True)
class LeasedInstance:
    """An instance whose next episode is ours under this lease.

    `attempts` is how often that episode was tried in vain. `last_message_id` and `claimed_at` tell later
    arrivals from `messages`.
    """

    instance: Instance
    episode: int
    lease: int
    attempts: int
    messages: tuple[ArrivedMessage, ...]
    last_message_id: int
    claimed_at: int


@dataclass(frozen=True, slots=True)
class LeasedActivity:
    """An activity that is ours to run under this lease. `attempts` is how often it was tried in vain."""

    activity_id: int
    task: ActivityTask
    protocol: SdkProtocol
    lease: int
    attempts: int = 0


class Selection:
    """Which work a host takes: that of one protocol, without the functions that it leaves to others."""

    def __init__(
        self,
        protocol: SdkProtocol,
        *,
        orchestrators: Iterable[str] = (),
        entities: Iterable[str] = (),
        activities: Iterable[str] = (),
    ) -> None:
        """The names are those of functions that are left out; the case of ASCII letters does not count."""
        self.protocol = protocol
        behind_instances = _names(orchestrators) | {f"@{name}" for name in _names(entities)}
        self.instances = {"protocol": str(protocol), "left_out": dump_json(sorted(behind_instances))}
        self.activities = {"protocol": str(protocol), "left_out": dump_json(sorted(_names(activities)))}


class Leasing:
    """Leases work of a selection for one host. Every method is a part of a transaction."""

    def __init__(self, host_id: str) -> None:
        self._host_id = host_id
        self._instance_turns = itertools.count(1)
        self._activity_turns = itertools.count(1)

    def instances(
        self, transaction: Transaction, selection: Selection, limit: int, now: int
    ) -> list[LeasedInstance]:
        """Lease up to `limit` instances that have something to do; none when the host is not registered."""
        connection = transaction.connection
        turn = next(self._instance_turns) % _INSTANCE_TURNS
        leased: list[LeasedInstance] = []

        def lease(statement: str, most: int, *, has_begun: bool) -> None:
            parameters = selection.instances | {"has_begun": has_begun, "now": now, "limit": most}
            for row in connection.execute(SQL[statement], parameters).fetchall():
                leased.extend(_lease_instance(connection, self._host_id, row, now))

        if turn == 0:
            lease("newest_mailboxes", 1, has_begun=False)
        elif turn == _TURN_OF_THE_OLDEST:
            lease("ready_mailboxes", 1, has_begun=False)
        lease("ready_mailboxes", limit - len(leased), has_begun=True)
        if len(leased) < limit and not _many_activities_wait(connection, selection, now):
            lease("ready_mailboxes", limit - len(leased), has_begun=False)
        return leased

    def activities(
        self, transaction: Transaction, selection: Selection, limit: int, now: int
    ) -> list[LeasedActivity]:
        """Lease up to `limit` activities that wait; none when the host is not registered."""
        parameters = selection.activities | {"host_id": self._host_id, "now": now}
        rows: list[sqlite3.Row] = []
        if next(self._activity_turns) % _ACTIVITY_TURNS == 0:
            newest = transaction.connection.execute(SQL["lease_newest_activities"], parameters | {"limit": 1})
            rows = newest.fetchall()
        oldest = transaction.connection.execute(
            SQL["lease_activities"], parameters | {"limit": limit - len(rows)}
        )
        rows += sorted(oldest.fetchall(), key=lambda row: row["activity_id"])
        return [
            LeasedActivity(
                row["activity_id"], activity_from_row(row), selection.protocol, row["lease"], row["attempts"]
            )
            for row in rows
        ]


def any_ready_instance(connection: sqlite3.Connection, selection: Selection, now: int) -> bool:
    """Whether an episode could start now."""
    times = (_next_ready_at(connection, selection, has_begun) for has_begun in (True, False))
    return any(time is not None and time <= now for time in times)


def next_instance_at(connection: sqlite3.Connection, selection: Selection, now: int) -> int | None:
    """When to look for an episode that can start, None while every instance waits for messages."""
    begun, fresh = (_next_ready_at(connection, selection, has_begun) for has_begun in (True, False))
    if fresh is not None and fresh <= now and _many_activities_wait(connection, selection, now):
        fresh = now + _LOOK_AGAIN_MICROSECONDS
    return min((time for time in (begun, fresh) if time is not None), default=None)


def any_waiting_activity(connection: sqlite3.Connection, selection: Selection, now: int) -> bool:
    """Whether an activity waits for a host."""
    due = next_activity_at(connection, selection)
    return due is not None and due <= now


def next_activity_at(connection: sqlite3.Connection, selection: Selection) -> int | None:
    """When the next waiting activity may run, None when none waits."""
    found = connection.execute(SQL["next_activity_at"], selection.activities).fetchone()
    return None if found is None else found["not_before"]


def _lease_instance(
    connection: sqlite3.Connection, host_id: str, row: sqlite3.Row, now: int
) -> list[LeasedInstance]:
    key = {"instance_id": row["instance_id"]}
    if connection.execute(SQL["lease_mailbox"], key | {"host_id": host_id}).rowcount == 0:
        return []
    instance = read_instance(connection, row["instance_id"])
    assert instance is not None
    messages = connection.execute(SQL["arrived_messages"], key | {"now": now})
    arrived = tuple(message_from_row(message) for message in messages)
    (last,) = connection.execute(SQL["last_message_id"], key).fetchone()
    lease = row["lease"] + 1
    return [LeasedInstance(instance, row["episode"], lease, row["attempts"], arrived, last, now)]


def _next_ready_at(connection: sqlite3.Connection, selection: Selection, has_begun: bool) -> int | None:
    parameters = selection.instances | {"has_begun": has_begun}
    found = connection.execute(SQL["next_ready_at"], parameters).fetchone()
    return None if found is None else found["ready_at"]


def _many_activities_wait(connection: sqlite3.Connection, selection: Selection, now: int) -> bool:
    parameters = selection.activities | {"now": now, "many": _MANY_ACTIVITIES}
    return bool(connection.execute(SQL["many_activities_wait"], parameters).fetchone()[0])


def _names(names: Iterable[str]) -> set[str]:
    """Names as SQLite's lower() leaves them."""
    return {"".join(c.lower() if c.isascii() else c for c in name) for name in names}
