"""Host instances of one hub: who is alive, and taking over what a dead one had leased.

A host holds a lock on a file of its own for as long as its process lives; the kernel lets go of it at
the moment of death, so a killed host's work is taken over at once. One that hangs loses its leases when
its time runs out.
"""

import fcntl
import os
import sqlite3
from pathlib import Path
from typing import IO

from funchost.taskhub.storage.database import Transaction
from funchost.taskhub.storage.statements import SQL

HEARTBEAT_SECONDS = 5.0
_LIFE_MICROSECONDS = 30_000_000


class HostLock:
    """The lock file of one host; holding it says that the host's process lives."""

    def __init__(self, folder: Path, host_id: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{host_id}.lock"
        self._file: IO[bytes] = self._path.open("ab")
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def release(self) -> None:
        """Let go of the lock and remove its file."""
        self._path.unlink(missing_ok=True)
        self._file.close()


def host_is_dead(folder: Path, host_id: str) -> bool:
    """Whether no process holds this host's lock."""
    path = folder / f"{host_id}.lock"
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def remove_lock(folder: Path, host_id: str) -> None:
    """Remove the lock file that a dead host left."""
    (folder / f"{host_id}.lock").unlink(missing_ok=True)


def beat(transaction: Transaction, host_id: str, wake_port: int, now: int) -> int:
    """Say that this host is alive; returns until when that is believed."""
    alive_until = now + _LIFE_MICROSECONDS
    parameters = {"host_id": host_id, "wake_port": wake_port, "alive_until": alive_until}
    transaction.connection.execute(SQL["put_host"], parameters)
    return alive_until


def other_hosts(connection: sqlite3.Connection, host_id: str) -> list[tuple[str, int, int]]:
    """The other hosts: ID, wake port, and the time until which each is believed."""
    return [row for row in connection.execute(SQL["hosts"]).fetchall() if row[0] != host_id]


def free_leases(transaction: Transaction, host_id: str) -> None:
    """Free everything that a host has leased."""
    for name in ("free_mailboxes", "free_activities", "free_timers"):
        transaction.connection.execute(SQL[name], {"host_id": host_id})
    transaction.orchestrations = transaction.activities = True


def take_over(transaction: Transaction, host_id: str) -> None:
    """Free everything that a host had leased and forget the host."""
    free_leases(transaction, host_id)
    transaction.connection.execute(SQL["delete_host"], {"host_id": host_id})
