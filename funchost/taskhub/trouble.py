"""Trouble with a hub's file: what it is called, what can be done about it, and a look for damage.

A full disk, a locked or a damaged file are no fault of what was asked of the hub, so that nothing fails for
good because of them: it is tried again, or the host ends.
"""

import errno
import sqlite3
import time
from pathlib import Path

from funchost.durable.refusals import HubUnavailable

START_EMPTY = "Give another folder with --data-dir, or remove the file to start with an empty hub."
_FREE_SPACE = "Free space on it; nothing that was acknowledged is lost."
_UNLOCK = "End the process that does, for example an sqlite3 shell with an open transaction."
_RESTORE = (
    "Put a copy in its place, save what can be read with 'sqlite3 FILE .recover', or give another folder "
    "with --data-dir."
)
_ALLOW = "Let this user write it and its folder, or give another folder with --data-dir."
_LOOK_AFTER = "See what the system's log says of the disk, or give another folder with --data-dir."

_PRIMARY_CODE = 0xFF
# What SQLite's codes mean to a person, with SQLite's own words where they say more, and what to do.
_TROUBLES = {
    sqlite3.SQLITE_FULL: ("the disk is full", _FREE_SPACE),
    sqlite3.SQLITE_BUSY: ("another process holds it locked", _UNLOCK),
    sqlite3.SQLITE_LOCKED: ("another process holds it locked", _UNLOCK),
    sqlite3.SQLITE_CORRUPT: ("it is damaged ({})", _RESTORE),
    sqlite3.SQLITE_READONLY: ("it may not be written ({})", _ALLOW),
    sqlite3.SQLITE_CANTOPEN: ("{}", _ALLOW),
    sqlite3.SQLITE_PERM: ("{}", _ALLOW),
    sqlite3.SQLITE_NOTADB: ("{}", START_EMPTY),
    sqlite3.SQLITE_IOERR: ("{}", _LOOK_AFTER),
}
_OF_OS_ERRORS = {
    errno.ENOSPC: sqlite3.SQLITE_FULL,
    errno.EDQUOT: sqlite3.SQLITE_FULL,
    errno.EACCES: sqlite3.SQLITE_PERM,
    errno.EPERM: sqlite3.SQLITE_PERM,
    errno.EROFS: sqlite3.SQLITE_PERM,
    errno.EIO: sqlite3.SQLITE_IOERR,
}
_LONGEST_CHECK_SECONDS = 0.5
_STEPS_BETWEEN_LOOKS = 50_000


class TaskHubError(Exception):
    """The task hub cannot be opened."""

    def __init__(self, path: Path, reason: str, advice: str) -> None:
        super().__init__(f"Task hub '{path}' cannot be opened: {reason}. {advice}")


class HubDamaged(HubUnavailable):
    """The file is not what SQLite has written; the host must not go on with it."""


def cannot_open(path: Path, error: OSError | sqlite3.Error | HubUnavailable | TaskHubError) -> TaskHubError:
    """What is said when the hub cannot be opened because of this error."""
    if isinstance(error, TaskHubError):
        return error
    if isinstance(error, HubUnavailable):
        return TaskHubError(path, error.reason, error.advice)
    reason, advice = _TROUBLES.get(_code(error), ("{}", START_EMPTY))
    return TaskHubError(path, reason.format(error), advice)


def unavailable(path: Path, error: BaseException) -> HubUnavailable | None:
    """What is said when an open hub cannot be used; None when the error is no trouble with the file."""
    code = _code(error) if isinstance(error, sqlite3.Error) else 0
    if code not in _TROUBLES:
        return None
    reason, advice = _TROUBLES[code]
    is_damage = code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
    return (HubDamaged if is_damage else HubUnavailable)(str(path), reason.format(error), advice)


def refuse_damaged(connection: sqlite3.Connection, path: Path) -> None:
    """Look for damage in what can be looked at in half a second, about 100 MB. Raises TaskHubError."""
    give_up_at = time.monotonic() + _LONGEST_CHECK_SECONDS
    connection.set_progress_handler(lambda: time.monotonic() > give_up_at, _STEPS_BETWEEN_LOOKS)
    try:
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        found = "ok"
    finally:
        connection.set_progress_handler(None, 0)
    if found != "ok":
        raise TaskHubError(path, f"it is damaged ({' '.join(found.split())})", _RESTORE)


def _code(error: BaseException) -> int:
    if isinstance(error, OSError):
        return _OF_OS_ERRORS.get(error.errno or 0, 0)
    # An exception that the module itself makes, such as for a closed connection, has none.
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE
