"""Deterministic crash points: a host dies before or after each of its commits, one by one.

A host is recorded once: after each commit a copy of the hub's files is kept, and how many of its orders
were acknowledged by then. Each copy is what a host leaves that dies there, before anybody has heard of the
commit, and again before the next. Another host goes on with it, gets the orders that were not acknowledged,
and has to come to the same end. A host that lives on after commits that failed has to come there, too.
"""

import ast
import asyncio
import inspect
import random
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from funchost import taskhub
from funchost.durable.refusals import DurableError, HubUnavailable
from funchost.taskhub.database import Database
from tests.clocks import QuickClock
from tests.dispatch.conftest import Host, StartHost
from tests.dispatch.crash_workload import EVENTS, ORDERS, REWIND, Order, check, late_web, new_pool, new_rules
from tests.finished_hub import events_twice, work_left
from tests.generations import HAS_SDK_2

_SIDE_BY_SIDE = 6
_SHARE_OF_FAILURES = 0.1
# What only hubs need that are large, or whose clock was set; and what only SDK 1.x has.
_NOT_HERE = {"Upkeep._look_at_the_clock", "Upkeep._look_at_the_size", "TaskHub._open"}
_NOT_IN_SDK_2 = {"WorkItems.postpone_activity"}


class Recorder:
    """Keeps a copy of a hub's files after each commit, with the number of orders acknowledged before it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.acknowledged = 0
        self.copies: list[tuple[Path, int]] = []
        self.writers: set[str] = set()
        self._folder = folder
        commit, submit = Database._commit, Database._submit

        def recording_commit(database: Database, transaction: Any, batch: Any) -> None:
            before = database._writer.total_changes
            commit(database, transaction, batch)
            if database._writer.total_changes != before:
                self._copy(database._path)

        def one_at_a_time(database: Database) -> Any:
            # So that every operation is a commit of its own.
            operation = database._operations.get()
            return ([], True) if operation is None else ([operation], False)

        def naming_submit(database: Database, work: Any, worth_it: Any) -> Any:
            self.writers.add(sys._getframe(2).f_code.co_qualname)
            return submit(database, work, worth_it)

        monkeypatch.setattr(Database, "_commit", recording_commit)
        monkeypatch.setattr(Database, "_take_batch", one_at_a_time)
        monkeypatch.setattr(Database, "_submit", naming_submit)

    def crashes(self) -> list[tuple[Path, int]]:
        """What a host can leave: files, and how many orders it had acknowledged.

        It dies after a commit that nobody has heard of, or right before the next.
        """
        nothing = self._folder / "nothing"
        befores = [
            (files, later) for (files, _), (_, later) in zip(self.copies, self.copies[1:], strict=False)
        ]
        return list(dict.fromkeys([(nothing, 0), *self.copies, *befores]))

    def _copy(self, path: Path) -> None:
        copy = self._folder / str(len(self.copies) + 1)
        copy_hub(path.parent, copy)
        self.copies.append((copy, self.acknowledged))


def copy_hub(folder: Path, to: Path) -> None:
    """Copy what a process that is killed leaves of its hub: what is in shared memory is made anew."""
    to.mkdir(parents=True)
    for name in ("Hub.db", "Hub.db-wal"):
        shutil.copy(folder / name, to)


class FullNowAndThen:
    """A connection whose commits fail at times because the disk is full."""

    def __init__(self, connection: sqlite3.Connection, chance: random.Random) -> None:
        self._connection = connection
        self._chance = chance

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        if sql == "COMMIT" and self._chance.random() < _SHARE_OF_FAILURES:
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error
        return self._connection.execute(sql, *parameters)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


async def give(host: Host, first: int, recorder: Recorder | None = None) -> None:
    """Give one order after the other. A refusal of the first is an acknowledgement, too: it was carried out
    before."""
    for number in range(first, len(ORDERS)):
        try:
            await until_possible(ORDERS[number], host)
        except DurableError:
            assert recorder is None
            assert number == first
        if recorder is not None:
            recorder.acknowledged = number + 1


async def until_possible(order: Order, host: Host) -> None:
    """Give an order as often as the hub cannot be used."""
    while True:
        try:
            await order(host)
            return
        except HubUnavailable:
            await asyncio.sleep(0)


async def go_on(start_host: StartHost, files: Path, acknowledged: int, folder: Path) -> None:
    """Go on with what a host has left when it died."""
    if files.exists():
        shutil.copytree(files, folder)
    pool = new_pool(is_mended=acknowledged > REWIND)
    host = await start_host(pool=pool, folder=folder.name, rules=new_rules(), http=late_web)
    await give(host, acknowledged)
    await check(host, acknowledged)
    await host.stop()
    assert events_twice(folder / "Hub.db", EVENTS.get(acknowledged, ())) == []
    assert work_left(folder / "Hub.db") == {}


def writers_of_the_hub() -> Iterator[str]:
    """The qualified names of all functions of the task hub that write to the database."""
    for file in Path(inspect.getfile(taskhub)).parent.glob("*.py"):
        for part in ast.parse(file.read_text()).body:
            functions = part.body if isinstance(part, ast.ClassDef) else [part]
            owner = f"{part.name}." if isinstance(part, ast.ClassDef) else ""
            for function in functions:
                if isinstance(function, ast.AsyncFunctionDef) and _writes(function):
                    yield owner + function.name


def _writes(function: ast.AST) -> bool:
    return any(
        isinstance(each, ast.Attribute)
        and each.attr in ("write", "write_if")
        and ast.unparse(each.value).endswith("database")
        for each in ast.walk(function)
    )


@pytest.mark.timeout(180)
@pytest.mark.filterwarnings("ignore:EntityId is deprecated")
async def test_whatever_commit_a_host_dies_at_the_next_one_comes_to_the_same_end(
    tmp_path: Path, start_host: StartHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patches:
        dead = await start_host(folder="dead", rules=new_rules())
        copy_hub(tmp_path / "dead", tmp_path / "recorded")
        await dead.stop()
        recorder = Recorder(tmp_path / "copies", patches)
        host = await start_host(pool=new_pool(), folder="recorded", rules=new_rules(), http=late_web)
        await give(host, 0, recorder)
        await check(host, len(ORDERS))
        await host.stop()
    missing = set(writers_of_the_hub()) - recorder.writers - _NOT_HERE
    assert missing <= (_NOT_IN_SDK_2 if HAS_SDK_2 else set())

    places = asyncio.Semaphore(_SIDE_BY_SIDE)

    async def crash(number: int, files: Path, acknowledged: int) -> None:
        async with places:
            try:
                await go_on(start_host, files, acknowledged, tmp_path / f"after-{number}")
            except Exception as error:
                error.add_note(f"It died with {files.name} commits and {acknowledged} orders acknowledged.")
                raise

    crashes = recorder.crashes()
    await asyncio.gather(*(crash(number, *left) for number, left in enumerate(crashes)))
    assert len(crashes) > 100


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.filterwarnings("ignore:EntityId is deprecated")
async def test_commits_that_fail_now_and_then_lose_nothing(
    tmp_path: Path, start_host: StartHost, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    host = await start_host(pool=new_pool(), rules=new_rules(), http=late_web, clock=QuickClock())
    database = host.hub._database
    sound = database._writer
    monkeypatch.setattr(database, "_writer", FullNowAndThen(sound, random.Random(seed)))
    await give(host, 0)
    await check(host, len(ORDERS))
    monkeypatch.setattr(database, "_writer", sound)
    await host.stop()
    assert events_twice(tmp_path / "data" / "Hub.db") == []
    assert work_left(tmp_path / "data" / "Hub.db") == {}
