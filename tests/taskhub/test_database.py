"""The writer and the reader: grouped commits, failures that stay alone, and checks that take no lock."""

import asyncio
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from funchost.durable.refusals import HubUnavailable
from funchost.taskhub import HubDamaged
from funchost.taskhub import database as database_module
from funchost.taskhub.database import Database, Transaction, Work
from funchost.taskhub.migrations import bring_up_to_date

PUT = "INSERT INTO hosts VALUES (?, 0, 0)"
NAMES = "SELECT host_id FROM hosts ORDER BY host_id"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "Hub.db"


async def open_database(
    path: Path,
    on_work: Callable[[int], None] = lambda work: None,
    on_damage: Callable[[HubDamaged], None] = lambda damage: None,
) -> Database:
    def prepare(connection: sqlite3.Connection) -> None:
        bring_up_to_date(connection, path, 0, lambda hosts: False)

    return await Database.open(
        path, power_loss_safe=False, prepare=prepare, on_work=on_work, on_damage=on_damage
    )


@pytest.fixture
def heard() -> list[int]:
    return []


@pytest.fixture
async def database(path: Path, heard: list[int]) -> AsyncIterator[Database]:
    database = await open_database(path, heard.append)
    yield database
    await database.close()


def put(transaction: Transaction, name: str) -> str:
    transaction.connection.execute(PUT, (name,))
    return name


async def names(database: Database) -> list[str]:
    rows = await database.read(lambda connection: connection.execute(NAMES).fetchall())
    return [name for (name,) in rows]


class Gate:
    """Holds the writer up, so that what is submitted meanwhile shares one transaction."""

    def __init__(self, database: Database) -> None:
        self._open = threading.Event()
        self._held = asyncio.ensure_future(database.write_if(self._wait, lambda transaction: None))

    def _wait(self, connection: sqlite3.Connection) -> bool:
        self._open.wait(10)
        return False

    async def release(self, *operations: "asyncio.Future[Any]") -> list[Any]:
        """What becomes of operations that were submitted since."""
        await asyncio.sleep(0)
        self._open.set()
        await self._held
        return await asyncio.gather(*operations, return_exceptions=True)


async def together(database: Database, *works: Callable[[Transaction], str]) -> list[Any]:
    """Run operations that wait at the same time."""
    gate = Gate(database)
    await asyncio.sleep(0)
    return await gate.release(*(asyncio.ensure_future(database.write(work)) for work in works))


async def test_a_write_is_committed_when_it_returns(database: Database, path: Path) -> None:
    assert await database.write(lambda transaction: put(transaction, "a")) == "a"
    other = sqlite3.connect(path)
    assert other.execute(NAMES).fetchall() == [("a",)]
    other.close()


async def test_operations_that_wait_together_share_one_commit(database: Database) -> None:
    statements: list[str] = []
    await database.write(lambda transaction: transaction.connection.set_trace_callback(statements.append))
    statements.clear()
    results = await together(database, *(partial(put, name=n) for n in "abcde"))
    assert results == list("abcde")
    assert statements.count("COMMIT") == 1
    await database.write(lambda transaction: transaction.connection.set_trace_callback(None))


async def test_one_that_refuses_before_it_writes_leaves_the_others_alone(database: Database) -> None:
    def refuse(transaction: Transaction) -> str:
        raise LookupError("refused")

    first, refused, last = await together(database, lambda t: put(t, "a"), refuse, lambda t: put(t, "c"))
    assert (first, last) == ("a", "c")
    assert isinstance(refused, LookupError)
    assert await names(database) == ["a", "c"]


async def test_of_one_that_breaks_halfway_nothing_is_kept_and_of_the_others_all(database: Database) -> None:
    runs: list[str] = []

    def counted(transaction: Transaction, name: str) -> str:
        runs.append(name)
        return put(transaction, name)

    def breaks(transaction: Transaction) -> str:
        put(transaction, "half")
        raise ArithmeticError("broken")

    first, broken, last = await together(
        database, lambda t: counted(t, "a"), breaks, lambda t: counted(t, "c")
    )
    assert (first, last) == ("a", "c")
    assert isinstance(broken, ArithmeticError)
    assert await names(database) == ["a", "c"]
    assert runs == ["a", "a", "c"]


async def test_one_that_breaks_a_rule_of_the_schema_leaves_the_others_alone(database: Database) -> None:
    results = await together(database, *(partial(put, name=n) for n in ("a", "a", "b")))
    assert results[::2] == ["a", "b"]
    assert isinstance(results[1], sqlite3.IntegrityError)
    assert await names(database) == ["a", "b"]


async def test_work_is_announced_after_the_commit_and_not_for_what_was_undone(
    database: Database, heard: list[int]
) -> None:
    def makes_activities(transaction: Transaction) -> str:
        transaction.work |= Work.ACTIVITIES
        return put(transaction, "a")

    def breaks(transaction: Transaction) -> str:
        transaction.work |= Work.EPISODES
        put(transaction, "half")
        raise ArithmeticError

    await together(database, breaks, makes_activities)
    assert heard == [Work.ACTIVITIES]
    await database.write(lambda transaction: put(transaction, "quiet"))
    assert heard == [Work.ACTIVITIES]


async def test_a_check_that_finds_nothing_takes_no_lock(database: Database, path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    never = database.write_if(lambda connection: False, lambda transaction: put(transaction, "a"))
    assert await asyncio.wait_for(never, 5) is None
    other.execute("ROLLBACK")
    other.close()


async def test_a_check_that_finds_something_is_followed_by_its_write(database: Database) -> None:
    assert await database.write_if(lambda connection: True, lambda t: put(t, "a")) == "a"
    assert await names(database) == ["a"]


async def test_a_check_that_fails_is_the_failure_of_its_caller_alone(database: Database) -> None:
    def fails(connection: sqlite3.Connection) -> bool:
        raise ArithmeticError

    gate = Gate(database)
    await asyncio.sleep(0)
    checked = asyncio.ensure_future(database.write_if(fails, lambda t: put(t, "never")))
    written = asyncio.ensure_future(database.write(lambda t: put(t, "a")))
    results = await gate.release(checked, written)
    assert isinstance(results[0], ArithmeticError)
    assert results[1] == "a"
    assert await names(database) == ["a"]


async def test_what_is_not_worth_it_any_more_on_a_second_try_gives_nothing(database: Database) -> None:
    checks = iter([True, False])

    def breaks(transaction: Transaction) -> str:
        put(transaction, "half")
        raise ArithmeticError

    gate = Gate(database)
    await asyncio.sleep(0)
    checked = asyncio.ensure_future(database.write_if(lambda connection: next(checks), lambda t: put(t, "a")))
    broken = asyncio.ensure_future(database.write(breaks))
    results = await gate.release(checked, broken)
    assert results[0] is None
    assert await names(database) == []


async def test_a_caller_that_leaves_does_not_disturb_the_others(database: Database) -> None:
    gate = Gate(database)
    await asyncio.sleep(0)
    leaves = asyncio.ensure_future(database.write(lambda t: put(t, "a")))
    stays = asyncio.ensure_future(database.write(lambda t: put(t, "b")))
    await asyncio.sleep(0)
    leaves.cancel()
    assert (await gate.release(stays)) == ["b"]
    assert await names(database) == ["a", "b"]


async def test_a_file_that_stays_locked_fails_those_who_wait_once(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "_WRITING_SECONDS", 0.05)
    database = await open_database(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    results = await together(database, *(partial(put, name=n) for n in "abc"))
    assert [str(each) for each in results] == 3 * [
        f"Task hub '{path}' cannot be used: another process holds it locked. End the "
        "process that does, for example an sqlite3 shell with an open transaction."
    ]
    other.execute("ROLLBACK")
    other.close()
    assert await database.write(lambda t: put(t, "later")) == "later"
    await database.close()


async def test_a_full_disk_is_told_once_and_so_is_its_end(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(database_module, "_CALM_SECONDS", 0)
    database.is_quiet = False

    def limit_pages(transaction: Transaction, pages: int) -> None:
        transaction.connection.execute(f"PRAGMA max_page_count = {pages}")

    await database.write(lambda t: limit_pages(t, 30))
    large = "x" * 1_000_000
    for _ in range(3):
        with pytest.raises(HubUnavailable, match=r"the disk is full\. Free space on it; nothing that was"):
            await database.write(lambda t: put(t, large))
    await database.write(lambda t: limit_pages(t, 10_000))
    await database.write(lambda t: put(t, large))
    assert await names(database) == [large]
    assert [record.getMessage() for record in caplog.records] == [
        f"Task hub '{database._path}' cannot be used: the disk is full. Free space on it; nothing that was "
        "acknowledged is lost. It is tried again.",
        f"Task hub '{database._path}' can be used again.",
    ]


async def test_a_file_that_proves_to_be_damaged_is_told_once(path: Path) -> None:
    heard: list[HubDamaged] = []
    database = await open_database(path, on_damage=heard.append)
    await database.close()
    database = await open_database(path, on_damage=heard.append)
    # By another process: closing the file in this one would end SQLite's locks.
    overwrite = "import sys; file = open(sys.argv[1], 'r+b'); file.seek(4096); file.write(b'x' * 40_000)"
    subprocess.run([sys.executable, "-c", overwrite, path], check=True)
    with pytest.raises(HubDamaged, match=r"it is damaged \(database disk image is malformed\)\. Put a copy"):
        await database.write(lambda t: put(t, "a"))
    with pytest.raises(HubDamaged):
        await names(database)
    assert len(heard) == 1
    await database.close()


async def test_closing_waits_a_little_for_a_locked_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "_CLOSING_SECONDS", 0.05)
    database = await open_database(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    written = asyncio.ensure_future(database.write(lambda t: put(t, "a")))
    await asyncio.sleep(0)
    database.hurry()
    await asyncio.wait_for(database.close(), 10)
    with pytest.raises(HubUnavailable):
        await written
    other.close()


async def test_what_waits_is_finished_before_the_file_is_closed(path: Path) -> None:
    database = await open_database(path)
    writes = [asyncio.ensure_future(database.write(partial(put, name=name))) for name in "abcdefgh"]
    await asyncio.sleep(0)
    await database.close()
    assert await asyncio.gather(*writes) == list("abcdefgh")


async def test_a_closed_database_says_so_instead_of_waiting_for_ever(path: Path) -> None:
    database = await open_database(path)
    await database.close()
    with pytest.raises(RuntimeError, match=r"Hub\.db' is closed"):
        await database.write(lambda t: put(t, "late"))


class Unruly(sqlite3.Connection):
    """Cannot undo anything."""

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        if sql == "ROLLBACK":
            raise sqlite3.OperationalError("disk I/O error")
        return super().execute(sql, *parameters)


async def test_a_change_that_cannot_be_undone_stops_no_later_write(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(transaction: Transaction) -> str:
        put(transaction, "half")
        raise ArithmeticError("broken")

    unruly = sqlite3.connect(database._path, isolation_level=None, check_same_thread=False, factory=Unruly)
    await database.write(lambda transaction: put(transaction, "before"))
    replaced, database._writer = database._writer, unruly
    replaced.close()

    first, broken, last = await together(database, lambda t: put(t, "a"), breaks, lambda t: put(t, "c"))

    assert (first, last) == ("a", "c")
    assert isinstance(broken, ArithmeticError)
    assert await database.write(lambda transaction: put(transaction, "later")) == "later"
    assert await names(database) == ["a", "before", "c", "later"]
    assert "a change could not be undone (disk I/O error). It is opened again." in caplog.text


async def test_a_commit_that_fails_is_the_failure_of_those_who_wrote(database: Database) -> None:
    class Full(sqlite3.Connection):
        full = True

        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            if sql == "COMMIT" and self.full:
                raise sqlite3.OperationalError("database or disk is full")
            return super().execute(sql, *parameters)

    full = sqlite3.connect(database._path, isolation_level=None, check_same_thread=False, factory=Full)
    replaced, database._writer = database._writer, full
    replaced.close()

    results = await together(database, lambda t: put(t, "a"), lambda t: put(t, "b"))

    assert [str(each) for each in results] == ["database or disk is full"] * 2
    assert await names(database) == []
    full.full = False
    assert await database.write(lambda transaction: put(transaction, "later")) == "later"
