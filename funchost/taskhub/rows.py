"""Between rows and plain data. Columns are named like the fields they hold, and are read by these names."""

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from operator import attrgetter
from typing import Any

from funchost.durable.commit import ActivityTask, ArrivedMessage, Message
from funchost.durable.events import (
    EVENT_CLASSES,
    Event,
    Parent,
    Retry,
    SubOrchestrationCompleted,
    SubOrchestrationFailed,
    TaskCompleted,
    TaskFailed,
)
from funchost.durable.failures import FailureDetails
from funchost.durable.instances import Instance, SdkProtocol, Status
from funchost.durable.text import dump_json, parse_json
from funchost.taskhub.statements import SQL

_ANSWERS = (TaskCompleted, TaskFailed, SubOrchestrationCompleted, SubOrchestrationFailed)

_Row = Mapping[str, Any] | sqlite3.Row
_Write = Callable[[Any], Mapping[str, Any]]
_Read = Callable[[_Row], Any]


def _tags_text(tags: Mapping[str, str] | None) -> str | None:
    return None if tags is None else dump_json(dict(tags))


def _failure(row: _Row) -> FailureDetails | None:
    return None if row["failure"] is None else FailureDetails.parse(row["failure"])


def _tags(row: _Row) -> dict[str, str] | None:
    return None if row["tags"] is None else parse_json(row["tags"])


def _retry(row: _Row) -> Retry | None:
    return None if row["retry_of"] is None else Retry(row["retry_of"], row["attempt"])


def _parent(row: _Row) -> Parent | None:
    return None if row["parent_name"] is None else Parent(row["parent_name"], row["parent_version"])


# Fields that are not stored as they are: what becomes of them, and how they are read.
_WRITTEN: Mapping[str, _Write] = {
    "failure": lambda value: {"failure": value.to_json()},
    "tags": lambda value: {"tags": _tags_text(value)},
    "retry": lambda value: {"retry_of": value.first_task_id, "attempt": value.attempt},
    "parent": lambda value: {"parent_name": value.name, "parent_version": value.version},
    "status": lambda value: {"status": str(value)},
    "protocol": lambda value: {"protocol": str(value)},
    "data": lambda value: {"reason": value},
}
_READ: Mapping[str, _Read] = {
    "failure": _failure,
    "tags": _tags,
    "retry": _retry,
    "parent": _parent,
    "status": lambda row: Status(row["status"]),
    "protocol": lambda row: SdkProtocol(row["protocol"]),
    "data": lambda row: row["reason"],
}

EVENT_COLUMNS = (
    *("type", "at", "task_id", "name", "version", "input", "result", "reason", "details", "failure"),
    *("target_id", "request_id", "fire_at", "status", "tags", "parent_name", "parent_version"),
    *("retry_of", "attempt"),
)
"""The columns of an event in the statements that write one, in order."""

_POSITIONS = {column: position for position, column in enumerate(EVENT_COLUMNS)}
_NO_VALUES = [None] * len(EVENT_COLUMNS)
_EVENT_CLASS = {int(cls.type): cls for cls in EVENT_CLASSES}
# What follows from the classes is worked out once: every step of every instance passes here several times.
_EVENT_FIELDS = {
    cls: tuple((each.name, _POSITIONS.get(each.name, -1), _WRITTEN.get(each.name)) for each in fields(cls))
    for cls in EVENT_CLASSES
}
_INSTANCE_FIELDS = tuple(field.name for field in fields(Instance))
_INSTANCE_SPECIAL = tuple(name for name in _INSTANCE_FIELDS if name in _WRITTEN)
_instance_values = attrgetter(*_INSTANCE_FIELDS)


def event_values(event: Event) -> list[Any]:
    """The values of an event's columns."""
    values: list[Any] = _NO_VALUES.copy()
    values[0] = int(event.type)
    for name, position, write in _EVENT_FIELDS[type(event)]:
        value = getattr(event, name)
        if value is None:
            continue
        if write is None:
            values[position] = value
        else:
            for column, written in write(value).items():
                values[_POSITIONS[column]] = written
    return values


def event_from_row(row: sqlite3.Row) -> Event:
    """The event that a row holds."""
    cls = _EVENT_CLASS[row["type"]]
    values = {name: row[name] if write is None else _READ[name](row) for name, _, write in _EVENT_FIELDS[cls]}
    event: Event = cls(**values)
    return event


def instance_from_row(row: sqlite3.Row) -> Instance:
    """An instance from a row that has its columns and no other."""
    values = dict(zip(row.keys(), row, strict=True))
    for name in _INSTANCE_SPECIAL:
        values[name] = _READ[name](values)
    return Instance(**values)


def instance_parameters(instance: Instance) -> dict[str, Any]:
    """An instance as parameters of the statements about it."""
    parameters: dict[str, Any] = dict(zip(_INSTANCE_FIELDS, _instance_values(instance), strict=True))
    for name in _INSTANCE_SPECIAL:
        value = parameters[name]
        if value is not None:
            parameters |= _WRITTEN[name](value)
    return parameters


def message_from_row(row: sqlite3.Row) -> ArrivedMessage:
    """A message that waits in a mailbox."""
    return ArrivedMessage(row["message_id"], event_from_row(row), row["execution_id"])


def message_values(message: Message) -> list[Any]:
    """A message as the values of the statement that posts it."""
    return [
        message.instance_id,
        message.execution_id,
        message.visible_at,
        is_answer(message),
        *event_values(message.event),
    ]


def is_answer(message: Message) -> bool:
    """Whether it ends a task other than a timer."""
    return isinstance(message.event, _ANSWERS)


def history_values(instance_id: str, first: int, history: Iterable[Event]) -> list[list[Any]]:
    """The values of the statement that appends events, from this position on."""
    return [[instance_id, position, *event_values(event)] for position, event in enumerate(history, first)]


def activity_parameters(task: ActivityTask, protocol: SdkProtocol) -> dict[str, Any]:
    """An activity as parameters of the statement that puts it."""
    return {
        "instance_id": task.instance_id,
        "execution_id": task.execution_id,
        "task_id": task.task_id,
        "protocol": str(protocol),
        "name": task.name,
        "version": task.version,
        "input": task.input,
        "tags": _tags_text(task.tags),
    }


def activity_from_row(row: sqlite3.Row) -> ActivityTask:
    """The activity that a row holds."""
    return ActivityTask(
        row["instance_id"],
        row["execution_id"],
        row["task_id"],
        row["name"],
        row["input"],
        row["version"],
        _tags(row),
    )


def read_instance(connection: sqlite3.Connection, instance_id: str) -> Instance | None:
    """The instance under this ID."""
    row = connection.execute(SQL["instance"], {"instance_id": instance_id}).fetchone()
    return None if row is None else instance_from_row(row)


def read_history(connection: sqlite3.Connection, instance_id: str) -> list[Event]:
    """The history of the current execution."""
    rows = connection.execute(SQL["history"], {"instance_id": instance_id})
    return [event_from_row(row) for row in rows]
