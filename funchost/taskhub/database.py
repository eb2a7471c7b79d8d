"""One SQLite file: a thread that writes in grouped transactions, and a thread that reads.

It knows no table. Operations that wait at the same time share one transaction and one commit; each
caller hears of its own result, after the commit.
"""

import asyncio
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

_BUSY_SECONDS = 60.0
_BUSY_PAUSE_SECONDS = 0.01
_CACHED_STATEMENTS = 256
_LARGEST_IDLE_LOG_BYTES = 16_000_000

_log = logging.getLogger("Host.Durable")

T = TypeVar("T")


class TaskHubError(Exception):
    """The task hub cannot be opened."""

    def __init__(self, path: Path, reason: str, advice: str) -> None:
        super().__init__(f"Task hub '{path}' cannot be opened: {reason}. {advice}")


class LeaseLost(Exception):
    """Another host instance has taken the work over, or it was withdrawn; the result is dropped."""


class Work:
    """What a commit has made for others to do: bits of a number, which costs less than an enum.Flag."""

    NONE = 0
    EPISODES = 1
    ACTIVITIES = 2
    ANY = EPISODES | ACTIVITIES


@dataclass(slots=True)
class Transaction:
    """What an operation works with: the connection, and what it wants others to hear of."""

    connection: sqlite3.Connection
    work: int = Work.NONE


@dataclass(slots=True)
class _Operation(Generic[T]):
    work: Callable[[Transaction], T]
    worth_it: Callable[[sqlite3.Connection], bool] | None
    done: "asyncio.Future[T | None]"
    result: T | None = None
    error: BaseException | None = field(default=None)


class Database:
    """The writer and the reader of one file; made by `open`."""

    def __init__(
        self,
        path: Path,
        connect: Callable[[], sqlite3.Connection],
        connections: tuple[sqlite3.Connection, sqlite3.Connection],
        on_work: Callable[[int], None],
    ) -> None:
        """`connections` are one to write with and one to read with; `connect` makes another.

        `on_work` is called on the event loop after a commit that made work.
        """
        self._path = path
        self._loop = asyncio.get_running_loop()
        self._operations: queue.SimpleQueue[_Operation[Any] | None] = queue.SimpleQueue()
        self._on_work = on_work
        self._closed = False
        self._connect = connect
        self._writer, self._reader = connections
        self._read_thread = ThreadPoolExecutor(1, "task-hub-reader")
        self._write_thread = threading.Thread(target=self._write_loop, name="task-hub-writer", daemon=True)
        self._write_thread.start()

    @classmethod
    async def open(
        cls,
        path: Path,
        *,
        power_loss_safe: bool,
        prepare: Callable[[sqlite3.Connection], None],
        on_work: Callable[[int], None],
    ) -> "Database":
        """Open the file, let `prepare` bring its tables up to date, and start the threads.

        Raises sqlite3.Error, or what `prepare` raises. A locked file is waited for without blocking the
        event loop.
        """

        def connect() -> sqlite3.Connection:
            return _connect(path, "FULL" if power_loss_safe else "NORMAL")

        def connect_all() -> tuple[sqlite3.Connection, sqlite3.Connection]:
            writer = connect()
            try:
                prepare(writer)
                return writer, connect()
            except BaseException:
                writer.close()
                raise

        connections = await asyncio.get_running_loop().run_in_executor(None, connect_all)
        return cls(path, connect, connections, on_work)

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

    def _write_loop(self) -> None:
        while True:
            batch, last = self._take_batch()
            if batch:
                transaction = self._write_batch(batch)
                self._loop.call_soon_threadsafe(self._announce, batch, transaction.work)
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
            self._undo()
            transaction.work = Work.NONE
            if len(batch) == 1:
                batch[0].error = error
                return transaction
            # One operation broke halfway. Alone, only that one fails.
            for operation in batch:
                transaction.work |= self._write_batch([operation]).work
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

    def _undo(self) -> None:
        """Roll back. A connection that cannot is given up for a new one, so that later writes go on."""
        try:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
        except sqlite3.Error as error:
            _log.error(
                "Task hub '%s': a change could not be undone (%s). It is opened again.", self._path, error
            )
            self._writer.close()
            self._writer = self._connect()

    def _announce(self, batch: list[_Operation[Any]], work: int) -> None:
        for operation in batch:
            if operation.done.done():
                continue
            if operation.error is not None:
                operation.done.set_exception(operation.error)
            else:
                operation.done.set_result(operation.result)
        if work:
            self._on_work(work)


def _connect(path: Path, synchronous: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path,
        timeout=_BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=_CACHED_STATEMENTS,
    )
    try:
        connection.row_factory = sqlite3.Row
        # It counts for a new file only, and before anything is written to it.
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        _write_ahead(connection)
        connection.execute(f"PRAGMA journal_size_limit = {_LARGEST_IDLE_LOG_BYTES}")
        connection.execute(f"PRAGMA synchronous = {synchronous}")
    except BaseException:
        connection.close()
        raise
    return connection


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
