"""One SQLite file: a thread that writes in grouped transactions, and a thread that reads.

It knows no table. Operations that wait at the same time share one transaction and one commit; each
caller hears of its own result, after the commit.
"""

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from funchost.taskhub.exceptions import TaskHubError
from funchost.taskhub.storage.statements import SCHEMA

SCHEMA_VERSION = 1
_BUSY_SECONDS = 60.0
_BUSY_PAUSE_SECONDS = 0.01
_CACHED_STATEMENTS = 256

T = TypeVar("T")


@dataclass(slots=True)
class Transaction:
    """What an operation works with: the connection, and what it wants others to hear of."""

    connection: sqlite3.Connection
    orchestrations: bool = False
    activities: bool = False


@dataclass(slots=True)
class _Operation(Generic[T]):
    work: Callable[[Transaction], T]
    worth_it: Callable[[sqlite3.Connection], bool] | None
    done: "asyncio.Future[T | None]"
    result: T | None = None
    error: BaseException | None = field(default=None)


class Database:
    """The writer and the reader of one file. `on_work` is called on the event loop after a commit that
    made work for the orchestration dispatcher, the activity dispatcher, or both."""

    def __init__(self, path: Path, *, power_loss_safe: bool) -> None:
        """Open the file and create the tables when it is new.

        Raises TaskHubError when the file cannot be opened or is not a task hub of this version.
        """
        self._path = path
        self._synchronous = "FULL" if power_loss_safe else "NORMAL"
        self._loop = asyncio.get_running_loop()
        self._operations: queue.SimpleQueue[_Operation[Any] | None] = queue.SimpleQueue()
        self.on_work: Callable[[bool, bool], None] = lambda orchestrations, activities: None
        self._closed = False
        self._writer = self._connect()
        try:
            _create_tables(self._writer)
        except (sqlite3.Error, ValueError) as error:
            self._writer.close()
            raise TaskHubError(path, str(error)) from error
        self._reader = self._connect()
        self._read_thread = ThreadPoolExecutor(1, "task-hub-reader")
        self._write_thread = threading.Thread(target=self._write_loop, name="task-hub-writer", daemon=True)
        self._write_thread.start()

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in a transaction; it is committed when this returns.

        `work` may run more than once, so it must change nothing but the database. What it raises is
        raised here, and nothing of it is kept.
        """
        return await self._submit(work, None)  # type: ignore[return-value]

    async def write_if(
        self, worth_it: Callable[[sqlite3.Connection], bool], work: Callable[[Transaction], T]
    ) -> T | None:
        """Like `write`, but takes no lock and returns None when `worth_it` finds nothing to do."""
        return await self._submit(work, worth_it)

    async def read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Run `query` on the reading connection; it sees everything committed before."""
        return await self._loop.run_in_executor(self._read_thread, query, self._reader)

    async def close(self) -> None:
        """Finish what waits and close the file."""
        self._closed = True
        self._operations.put(None)
        await self._loop.run_in_executor(None, self._write_thread.join)
        await self._loop.run_in_executor(None, self._read_thread.shutdown)
        self._reader.close()
        self._writer.close()

    def _submit(
        self, work: Callable[[Transaction], T], worth_it: Callable[[sqlite3.Connection], bool] | None
    ) -> "asyncio.Future[T | None]":
        if self._closed:
            raise RuntimeError(f"Task hub '{self._path}' is closed.")
        done: asyncio.Future[T | None] = self._loop.create_future()
        self._operations.put(_Operation(work, worth_it, done))
        return done

    def _connect(self) -> sqlite3.Connection:
        """Raises TaskHubError when this is no database or the file may not be written."""
        try:
            connection = sqlite3.connect(
                self._path,
                timeout=_BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=_CACHED_STATEMENTS,
            )
        except sqlite3.Error as error:
            raise TaskHubError(self._path, str(error)) from error
        try:
            _write_ahead(connection)
            connection.execute(f"PRAGMA synchronous = {self._synchronous}")
        except sqlite3.Error as error:
            connection.close()
            raise TaskHubError(self._path, str(error)) from error
        return connection

    def _write_loop(self) -> None:
        while True:
            batch, last = self._take_batch()
            if batch:
                transaction = self._write_batch(batch)
                self._loop.call_soon_threadsafe(self._announce, batch, transaction)
            if last:
                return

    def _take_batch(self) -> tuple[list[_Operation[Any]], bool]:
        """Everything that waits now; blocks for the first. The second value tells to stop afterwards."""
        batch: list[_Operation[Any]] = []
        operation = self._operations.get()
        try:
            while operation is not None:
                batch.append(operation)
                operation = self._operations.get_nowait()
        except queue.Empty:
            return batch, False
        return batch, True

    def _write_batch(self, batch: list[_Operation[Any]]) -> Transaction:
        transaction = Transaction(self._writer)
        try:
            self._commit(transaction, batch)
        except Exception as error:
            self._undo(transaction)
            if len(batch) == 1:
                batch[0].error = error
                return transaction
            # One operation broke halfway; alone, each of them gets what it deserves.
            for operation in batch:
                alone = self._write_batch([operation])
                transaction.orchestrations |= alone.orchestrations
                transaction.activities |= alone.activities
        return transaction

    def _commit(self, transaction: Transaction, batch: list[_Operation[Any]]) -> None:
        for operation in batch:
            operation.result = operation.error = None
        wanted = [op for op in batch if op.worth_it is None or op.worth_it(self._writer)]
        if not wanted:
            return
        try:
            self._writer.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            # The file stays locked or cannot be written: no use in trying each of them again.
            for operation in wanted:
                operation.error = error
            return
        for operation in wanted:
            changes = self._writer.total_changes
            try:
                operation.result = operation.work(transaction)
            except Exception as error:
                if self._writer.total_changes != changes:
                    raise
                operation.error = error
        self._writer.execute("COMMIT")

    def _undo(self, transaction: Transaction) -> None:
        if self._writer.in_transaction:
            self._writer.execute("ROLLBACK")
        transaction.orchestrations = transaction.activities = False

    def _announce(self, batch: list[_Operation[Any]], transaction: Transaction) -> None:
        for operation in batch:
            if operation.done.done():
                continue
            if operation.error is not None:
                operation.done.set_exception(operation.error)
            else:
                operation.done.set_result(operation.result)
        if transaction.orchestrations or transaction.activities:
            self.on_work(transaction.orchestrations, transaction.activities)


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch to WAL mode. SQLite answers `locked` at once here when another host has the new file in hand."""
    give_up_at = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > give_up_at:
                raise
            time.sleep(_BUSY_PAUSE_SECONDS)


def _create_tables(connection: sqlite3.Connection) -> None:
    """Create the tables of a new file; several hosts may try it at the same time."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version == 0:
            for statement in SCHEMA.split(";\n"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        elif version != SCHEMA_VERSION:
            raise ValueError(f"it has schema version {version}, this funchost reads version {SCHEMA_VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
