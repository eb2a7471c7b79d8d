"""The statements: all used, quick to find what they want, and agreed with the codec on columns."""

import dataclasses
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from funchost.durable import events
from funchost.durable.commit import ActivityTask, Message
from funchost.durable.entities import new_entity
from funchost.durable.failures import FailureDetails
from funchost.durable.instances import SdkProtocol, Status
from funchost.taskhub import statements
from funchost.taskhub.rows import (
    EVENT_COLUMNS,
    activity_parameters,
    event_from_row,
    event_values,
    history_values,
    instance_parameters,
    message_values,
)
from funchost.taskhub.statements import SCHEMA, SQL

# Few rows, or needed only when a host has died, an app starts or the clock was set back.
MAY_SCAN = {
    "app": "hub",
    "set_app": "hub",
    "count_of_unfinished": "mailboxes",
    "unfinished": "mailboxes",
    "time_seen": "hub",
    "see_time": "hub",
    "set_time_back": "hub",
    "recall_mailboxes": "mailboxes",
    "recall_messages": "messages",
    "recall_rests": "mailboxes",
    "recall_activities": "activities",
    "hosts": "hosts",
    "free_mailboxes": "mailboxes",
    "free_timers": "timers",
    "other_protocol": "mailboxes",
    "count_of_other_protocol": "mailboxes",
}

# Steps over the rows that a statement has made itself, or over a list that it was given.
INTERMEDIATE = ("SCAN CONSTANT ROW", "SCAN below", "SCAN (subquery", "SCAN json_each")

SAMPLES: dict[str, Any] = {
    "at": 1,
    "task_id": 2,
    "name": "n\U0001f600",
    "version": "1.0",
    "input": '"in"',
    "result": '"\\u00e9\\n"',
    "reason": "because",
    "details": "{}",
    "data": "mark",
    "failure": FailureDetails("E", "text", "stack", FailureDetails("Inner", "")),
    "target_id": "other",
    "request_id": "r",
    "fire_at": 3,
    "status": Status.FAILED,
    "tags": {"a": "b"},
    "parent": events.Parent("p", "2.0"),
    "retry": events.Retry(4, 5),
}


@pytest.fixture(scope="module")
def connection() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    for statement in SCHEMA.split(";\n"):
        connection.execute(statement)
    yield connection
    connection.close()


def plan(connection: sqlite3.Connection, statement: str) -> list[str]:
    """The steps of SQLite's plan; what is bound does not matter to it."""

    class Anything(dict[str, int]):
        def __missing__(self, key: str) -> int:
            return 1

    parameters: object = (1,) * statement.count("?") if "?" in statement else Anything()
    return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]  # type: ignore[arg-type]


@pytest.mark.parametrize("name", sorted(SQL))
def test_a_statement_searches_and_does_not_scan(connection: sqlite3.Connection, name: str) -> None:
    steps = [step for step in plan(connection, SQL[name]) if not step.startswith(INTERMEDIATE)]
    scans = [step for step in steps if step.startswith("SCAN")]
    assert scans == ([f"SCAN {MAY_SCAN[name]}"] if name in MAY_SCAN else [])


@pytest.mark.parametrize("name", sorted(SQL))
def test_nothing_is_sorted_that_an_index_has_in_order(connection: sqlite3.Connection, name: str) -> None:
    sorts = [step for step in plan(connection, SQL[name]) if "TEMP B-TREE" in step]
    assert sorts == []


def test_every_statement_is_used() -> None:
    room = Path(statements.__file__).parent
    code = "\n".join(file.read_text() for file in room.glob("*.py"))
    unused = [name for name in SQL if f'"{name}"' not in code]
    assert unused == []


def columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


def parameters_of(name: str) -> set[str]:
    return set(re.findall(r":(\w+)", SQL[name]))


def columns_of(name: str) -> list[str]:
    """The columns of an INSERT whose values have no names, as many as it has marks."""
    into, values = SQL[name].split("VALUES")
    named = re.findall(r"\w+", into.partition("(")[2])
    assert values.count("?") == len(named)
    return named


HISTORY = ["instance_id", "position", *EVENT_COLUMNS]
MESSAGE = ["instance_id", "execution_id", "visible_at", "is_answer", *EVENT_COLUMNS]


def test_an_event_has_the_same_columns_wherever_it_is_kept(connection: sqlite3.Connection) -> None:
    assert columns(connection, "history") == HISTORY
    assert columns(connection, "messages") == ["message_id", *MESSAGE]


def test_events_are_written_in_the_order_of_their_columns() -> None:
    assert columns_of("append_history") == HISTORY
    assert columns_of("post_message") == MESSAGE
    started = events.OrchestratorStarted(7)
    ((_, position, type_, at, *_),) = history_values("one", 3, [started])
    assert (position, type_, at) == (3, started.type, 7)
    (_, execution, visible, is_answer, type_, at, *_) = message_values(Message("one", started, "e", 5))
    assert (execution, visible, is_answer, type_, at) == ("e", 5, False, started.type, 7)


def test_every_column_of_an_event_is_read(connection: sqlite3.Connection) -> None:
    for name, envelope in (("history", set()), ("arrived_messages", {"message_id", "execution_id"})):
        read = connection.execute(SQL[name], {"instance_id": "one", "now": 0})
        assert {column[0] for column in read.description} == {*EVENT_COLUMNS} | envelope


def test_every_column_of_an_instance_is_written_and_read(connection: sqlite3.Connection) -> None:
    instance = set(instance_parameters(new_entity("@a@b", SdkProtocol.JSON1, 0)))
    assert set(columns(connection, "instances")) == instance
    assert parameters_of("put_instance") == instance
    # Whom an instance belongs to and how it was started never changes; its input does by itself.
    kept = {"name", "protocol", "tags", "scheduled_at", "generation", "input"}
    of_parent = {"parent_instance_id", "parent_execution_id", "parent_task_id"}
    assert parameters_of("update_instance") == instance - kept - of_parent
    assert parameters_of("update_input") == {"input", "instance_id"}


def test_every_column_of_an_activity_is_written_and_read(connection: sqlite3.Connection) -> None:
    task = ActivityTask("one", "e", 0, "a", None)
    written = set(activity_parameters(task, SdkProtocol.JSON1))
    assert parameters_of("put_activity") == written
    by_itself = {"activity_id", "not_before", "attempts", "leased_by", "lease"}
    assert set(columns(connection, "activities")) == written | by_itself


def written_and_read(event: events.Event) -> events.Event:
    row = dict(zip(EVENT_COLUMNS, event_values(event), strict=True))
    return event_from_row(row)  # type: ignore[arg-type]


@pytest.mark.parametrize("cls", events.EVENT_CLASSES)
def test_an_event_of_every_class_comes_back_as_it_was_written(cls: type[events.Event]) -> None:
    event = cls(**{field.name: SAMPLES[field.name] for field in dataclasses.fields(cls)})
    assert written_and_read(event) == event


@pytest.mark.parametrize("cls", events.EVENT_CLASSES)
def test_an_event_with_nothing_but_what_it_needs_comes_back_as_it_was_written(
    cls: type[events.Event],
) -> None:
    needed = [field.name for field in dataclasses.fields(cls) if field.default is dataclasses.MISSING]
    event = cls(**{name: SAMPLES[name] for name in needed})
    assert written_and_read(event) == event
