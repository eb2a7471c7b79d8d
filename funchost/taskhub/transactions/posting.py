"""Posting: messages go into the mailboxes of instances that live; for others they are dropped."""

import sqlite3
from collections.abc import Iterable

from funchost.durable.commit import Message
from funchost.durable.entities import new_entity
from funchost.durable.events import EventType
from funchost.durable.identity import is_entity_id
from funchost.durable.ledger import COMPLETIONS
from funchost.taskhub.storage.rows import instance_parameters
from funchost.taskhub.storage.statements import SQL

_ANSWERS = COMPLETIONS - {EventType.TIMER_FIRED}


def post(connection: sqlite3.Connection, messages: Iterable[Message]) -> None:
    """Post messages. The first one to an entity makes it."""
    for message in messages:
        if is_entity_id(message.instance_id):
            _ensure_entity(connection, message.instance_id, message.visible_at)
        event = message.event
        connection.execute(
            SQL["post_message"],
            {
                "instance_id": message.instance_id,
                "execution_id": message.execution_id,
                "type": int(event.type),
                "task_id": event.task_id,
                "name": event.name,
                "text": event.text,
                "visible_at": message.visible_at,
            },
        )
        connection.execute(
            SQL["wake_mailbox"],
            {
                "instance_id": message.instance_id,
                "completions": int(event.type in _ANSWERS),
                "visible_at": message.visible_at,
            },
        )


def _ensure_entity(connection: sqlite3.Connection, entity_id: str, now: int) -> None:
    key = {"instance_id": entity_id}
    if connection.execute(SQL["ensure_mailbox"], key).rowcount:
        connection.execute(SQL["put_instance"], instance_parameters(new_entity(entity_id, now)))
