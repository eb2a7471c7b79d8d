"""One SQLite file: a thread that writes in grouped transactions, and a thread that reads.

It knows no table. Operations that wait at the same time share one transaction and one commit; each
caller hears of its own result, after the commit.
"""

import asyncio
import logging
import math
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from funchost.durable.refusals import HubUnavailable
from funchost.taskhub.sqlite_connections import begin, connect
from funchost.taskhub.trouble import HubDamaged, unavailable

# How long a file that another process holds locked is waited for: to open, to write and to close it.
_OPENING_SECONDS = 60.0
_WRITING_SECONDS = 20.0
_CLOSING_SECONDS = 3.0
# The wait for the lock is made of such steps, so that it can be cut short.
_STEP_MILLISECONDS = 200
# On a disk that is almost full some commits fail and others do not.
_CALM_SECONDS = 5.0
# When a person begins to wonder.
_SAID_AFTER_SECONDS = 2.0

_log = logging.getLogger("DurableTask.AzureStorage")

T = TypeVar("T")


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
    """The writer and the reader of one file; made by `open`.

    Attributes:
        trouble: what is wrong with the file now, as far as is known.
        is_quiet: whether the log says nothing of trouble with the file, because the callers do.
    """

    def __init__(
        self,
        path: Path,
        reconnect: Callable[[], sqlite3.Connection],
        connections: tuple[sqlite3.Connection, sqlite3.Connection],
        on_work: Callable[[int], None],
        on_damage: Callable[[HubDamaged], None],
    ) -> None:
        """`connections` are one to write with and one to read with; `reconnect` makes another to write with.

        `on_work` is called on the event loop after a commit that made work, `on_damage` when the file proves
        to be damaged.
        """
        self.is_quiet = True
        self._path = path
        self._loop = asyncio.get_running_loop()
        self._operations: queue.SimpleQueue[_Operation[Any] | None] = queue.SimpleQueue()
        self._on_work = on_work
        self._on_damage = on_damage
        self.trouble: HubUnavailable | None = None
        self._troubled_at = 0.0
        self._is_closed = False
        self._patience_ends = math.inf
        self._reconnect = reconnect
        self._is_connected = False
        self._reader = connections[1]
        self._use(connections[0])
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
        on_damage: Callable[[HubDamaged], None] = lambda damage: None,
    ) -> "Database":
        """Open the file, let `prepare` bring its tables up to date, and start the threads.

        Raises sqlite3.Error, or what `prepare` raises. A locked file is waited for without blocking the
        event loop.
        """

        def connect_one() -> sqlite3.Connection:
            return connect(path, power_loss_safe=power_loss_safe, busy_seconds=_OPENING_SECONDS)

        def connect_both() -> tuple[sqlite3.Connection, sqlite3.Connection]:
            writer = connect_one()
            try:
                prepare(writer)
                return writer, connect_one()
            except BaseException:
                writer.close()
                raise

        connections = await asyncio.get_running_loop().run_in_executor(None, connect_both)
        return cls(path, connect_one, connections, on_work, on_damage)

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in a transaction; it is committed when this returns.

        `work` may run more than once, so it must change nothing but the database. What it raises is
        raised here, and nothing of it is kept. Raises HubUnavailable when the file cannot be written.
        """
        return await self._submit(work, None)  # type: ignore[return-value]

    async def write_if(
        self, worth_it: Callable[[sqlite3.Connection], bool], work: Callable[[Transaction], T]
    ) -> T | None:
        """Like `write`, but takes no lock and returns None when `worth_it` finds nothing to do."""
        return await self._submit(work, worth_it)

    async def read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Run `query` on the reading connection; it sees everything committed before. Raises HubUnavailable
        when the file cannot be read."""
        try:
            return await self._loop.run_in_executor(self._read_thread, query, self._reader)
        except sqlite3.Error as error:
            raise self._explained(error) from error

    def hurry(self) -> None:
        """Wait for a locked file a few seconds more at most, before it is closed."""
        self.is_quiet = True
        self._patience_ends = time.monotonic() + _CLOSING_SECONDS

    async def close(self) -> None:
        """Finish what waits and close the file."""
        self._is_closed = True
        self._operations.put(None)
        await self._loop.run_in_executor(None, self._write_thread.join)
        await self._loop.run_in_executor(None, self._read_thread.shutdown)
        self._reader.close()
        self._writer.close()

    def _submit(
        self, work: Callable[[Transaction], T], worth_it: Callable[[sqlite3.Connection], bool] | None
    ) -> "asyncio.Future[T | None]":
        if self._is_closed:
            raise RuntimeError(f"Task hub '{self._path}' is closed.")
        done: asyncio.Future[T | None] = self._loop.create_future()
        self._operations.put(_Operation(work, worth_it, done))
        return done

    def _write_loop(self) -> None:
        while True:
            batch, last = self._take_batch()
            if batch:
                transaction = self._write_batch(batch)
                for operation in batch:
                    if operation.error is not None:
                        operation.error = self._explained(operation.error)
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
        if not self._is_connected:
            self._use(self._reconnect())
            transaction.connection = self._writer
        wanted = [op for op in batch if op.worth_it is None or op.worth_it(self._writer)]
        if not wanted:
            return
        try:
            begin(self._writer, self._waits_on)
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
                # Some errors end the transaction, a full disk among them.
                if self._writer.total_changes != changes or not self._writer.in_transaction:
                    raise
                operation.error = error
        self._writer.execute("COMMIT")
        if self.trouble is not None and time.monotonic() > self._troubled_at + _CALM_SECONDS:
            _log.warning("Task hub '%s' can be used again.", self._path)
            self.trouble = None

    def _use(self, writer: sqlite3.Connection) -> None:
        writer.execute(f"PRAGMA busy_timeout = {_STEP_MILLISECONDS}")
        self._writer, self._is_connected = writer, True

    def _waits_on(self, error: sqlite3.OperationalError, waited: float) -> bool:
        """Whether a locked file is waited for any longer; after a while a person is told."""
        if waited > _SAID_AFTER_SECONDS:
            self._explained(error)
        return waited < _WRITING_SECONDS and time.monotonic() < self._patience_ends

    def _explained(self, error: BaseException) -> BaseException:
        """The error as callers hear of it. What is wrong with the file is told once, not for each of them."""
        trouble = unavailable(self._path, error)
        if trouble is None:
            return error
        is_new = str(trouble) != str(self.trouble)
        self.trouble, self._troubled_at = trouble, time.monotonic()
        if is_new and isinstance(trouble, HubDamaged):
            self._loop.call_soon_threadsafe(self._on_damage, trouble)
        elif is_new and not self.is_quiet:
            _log.error("%s It is tried again.", trouble)
        return trouble

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
            self._is_connected = False

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
