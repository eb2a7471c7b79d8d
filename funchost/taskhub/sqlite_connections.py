"""Connections to a hub's file, and waiting for the lock that one process at a time has to write to it."""

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

_CACHED_STATEMENTS = 256
_LARGEST_IDLE_LOG_BYTES = 16_000_000
_PAUSE_SECONDS = 0.01


def connect(path: Path, *, power_loss_safe: bool, busy_seconds: float) -> sqlite3.Connection:
    """Open the file, which may be new. A locked one is waited for so long. Raises sqlite3.Error."""
    connection = sqlite3.connect(
        path,
        timeout=busy_seconds,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=_CACHED_STATEMENTS,
    )
    try:
        connection.row_factory = sqlite3.Row
        if connection.execute("PRAGMA page_count").fetchone()[0] == 0:
            # It counts for a new file only, and before anything is written to it.
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        _write_ahead(connection, busy_seconds)
        connection.execute(f"PRAGMA journal_size_limit = {_LARGEST_IDLE_LOG_BYTES}")
        connection.execute(f"PRAGMA synchronous = {'FULL' if power_loss_safe else 'NORMAL'}")
    except BaseException:
        connection.close()
        raise
    return connection


def begin(connection: sqlite3.Connection, goes_on: Callable[[sqlite3.OperationalError, float], bool]) -> None:
    """Begin to write. While another process holds the lock, `goes_on` tells whether to wait on; it is given
    SQLite's error and the seconds waited so far. Raises sqlite3.OperationalError."""
    began = time.monotonic()
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
            return
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or not goes_on(error, time.monotonic() - began):
                raise


def _write_ahead(connection: sqlite3.Connection, busy_seconds: float) -> None:
    """Switch to WAL mode. SQLite answers `locked` at once here when another host has the new file in hand."""
    give_up_at = time.monotonic() + busy_seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or time.monotonic() > give_up_at:
                raise
            time.sleep(_PAUSE_SECONDS)


def _is_busy(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
