"""Between rows and plain data."""

import sqlite3
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from funchost.durable.commit import ArrivedMessage
from funchost.durable.events import Event, EventType, Retry
from funchost.durable.model import Instance, Status
from funchost.taskhub.storage.statements import SQL

_INSTANCE_FIELDS = tuple(field.name for field in fields(Instance))
_TYPES = {int(type_): type_ for type_ in EventType}


def instance_from_row(row: tuple[Any, ...]) -> Instance:
    """An instance from all columns of its row."""
    values = dict(zip(_INSTANCE_FIELDS, row, strict=True))
    values["status"] = Status(values["status"])
    return Instance(**values)


def instance_parameters(instance: Instance) -> dict[str, Any]:
    """An instance as parameters of the statements about it."""
    return {name: getattr(instance, name) for name in _INSTANCE_FIELDS} | {"status": str(instance.status)}


def event_from_row(row: tuple[Any, ...]) -> Event:
    """A history event from the columns that the history statement names."""
    type_, text, task_id, name, retry_of, attempt = row
    retry = None if retry_of is None else Retry(retry_of, attempt)
    return Event(_TYPES[type_], text, task_id, name, retry)


def message_from_row(row: tuple[Any, ...]) -> ArrivedMessage:
    """A message from the columns that the statement about arrived messages names."""
    message_id, execution_id, type_, task_id, name, text = row
    return ArrivedMessage(message_id, Event(_TYPES[type_], text, task_id, name), execution_id)


def history_parameters(instance_id: str, first: int, history: Iterable[Event]) -> list[tuple[Any, ...]]:
    """Parameters to append events from this position on."""
    return [
        (
            instance_id,
            position,
            int(event.type),
            event.task_id,
            event.name,
            event.retry.first_task_id if event.retry else None,
            event.retry.attempt if event.retry else None,
            event.text,
        )
        for position, event in enumerate(history, first)
    ]


def read_instance(connection: sqlite3.Connection, instance_id: str) -> Instance | None:
    """The instance under this ID."""
    row = connection.execute(SQL["instance"], {"instance_id": instance_id}).fetchone()
    return None if row is None else instance_from_row(row)


def read_history(connection: sqlite3.Connection, instance_id: str) -> list[Event]:
    """The history of the current execution."""
    rows = connection.execute(SQL["history"], {"instance_id": instance_id})
    return [event_from_row(row) for row in rows]
