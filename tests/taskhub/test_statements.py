"""No statement reads a whole table where an index leads to what it wants."""

import sqlite3
from collections.abc import Iterator

import pytest

from funchost.taskhub.storage.statements import SCHEMA, SQL

# Few rows, or needed only when a host has died.
MAY_SCAN = {"hosts": "hosts", "free_mailboxes": "mailboxes", "free_timers": "timers"}


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
    steps = [step for step in plan(connection, SQL[name]) if step != "SCAN CONSTANT ROW"]
    scans = [step for step in steps if step.startswith("SCAN")]
    assert scans == ([f"SCAN {MAY_SCAN[name]}"] if name in MAY_SCAN else [])


@pytest.mark.parametrize("name", sorted(SQL))
def test_nothing_is_sorted_that_an_index_has_in_order(connection: sqlite3.Connection, name: str) -> None:
    sorts = [step for step in plan(connection, SQL[name]) if "TEMP B-TREE" in step]
    assert sorts == []
