"""The versions of a hub's file: a new one is created, an older one brought up to date, any other one refused.

A file is changed in one transaction or not at all, and one that is refused is left untouched. Every version
that was ever released can be read. Nothing here knows what the rows mean beyond their columns.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from funchost.durable import events
from funchost.durable.instances import SdkProtocol, Status
from funchost.durable.text import storable
from funchost.durable.timestamps import parse_timestamp
from funchost.taskhub.rows import EVENT_COLUMNS, event_values
from funchost.taskhub.statements import SCHEMA, SQL
from funchost.taskhub.trouble import START_EMPTY, TaskHubError, cannot_open

SCHEMA_VERSION = 2

_OLDER_RELEASE = "Stop the other host first; the file is brought up to date at the next start."
_NEWER_RELEASE = "Install that funchost again, or give another folder with --data-dir."


def check_version(path: Path) -> None:
    """Refuse a file that this funchost cannot read, without touching it. A missing file is fine.

    Raises TaskHubError.
    """
    if not path.is_file() or path.stat().st_size == 0:
        return
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    except sqlite3.Error as error:
        raise cannot_open(path, error) from error
    finally:
        connection.close()
    if version > SCHEMA_VERSION:
        raise TaskHubError(
            path,
            f"it was written by a newer funchost (schema version {version}, this one reads up to "
            f"version {SCHEMA_VERSION})",
            _NEWER_RELEASE,
        )


def bring_up_to_date(
    connection: sqlite3.Connection, path: Path, now: int, others_are_alive: Callable[[list[str]], bool]
) -> int | None:
    """Create the tables of a new file, or change those of an older version. Several hosts may try it at the
    same time.

    `others_are_alive` tells whether one of these hosts still runs; an older funchost could not go on with a
    changed file. Returns the version that the file had, None when nothing was changed. Raises TaskHubError.
    """
    if connection.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION:
        return None
    connection.execute("BEGIN IMMEDIATE")
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version == SCHEMA_VERSION:
            connection.execute("ROLLBACK")
            return None
        if version:
            if others_are_alive(hosts_of(connection)):
                raise TaskHubError(path, "an older funchost is working on it", _OLDER_RELEASE)
            _bring_from_1_to_2(connection, path)
        else:
            _create(connection)
        connection.execute(SQL["add_migration"], {"version": SCHEMA_VERSION, "now": now})
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    if version:
        # Half of the file is empty now. The new one can shrink later, too, and without it all works as well.
        with suppress(sqlite3.OperationalError):
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            connection.execute("VACUUM")
    return version or None


def hosts_of(connection: sqlite3.Connection) -> list[str]:
    """The IDs of the hosts that a file of any version names; none in a new file."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if not version:
        return []
    return [row["host_id"] for row in connection.execute("SELECT host_id FROM hosts")]


def _create(connection: sqlite3.Connection) -> None:
    for statement in SCHEMA.split(";\n"):
        connection.execute(statement)


# From version 1, of funchost 0.1.0, which knew SDK 1.x alone and kept each event as that SDK's JSON.

_TABLES = ("hosts", "instances", "mailboxes", "messages", "history", "activities", "timers")
_INDEXES = ("mailboxes_ready", "messages_of_instance", "activities_waiting", "activities_leased")


def _bring_from_1_to_2(connection: sqlite3.Connection, path: Path) -> None:
    try:
        _from_1_to_2(connection)
    except (ValueError, LookupError, TypeError) as error:
        raise TaskHubError(path, f"something in it cannot be read ({error!r})", START_EMPTY) from error


def _from_1_to_2(connection: sqlite3.Connection) -> None:
    for index in _INDEXES:
        connection.execute(f"DROP INDEX {index}")
    for table in _TABLES:
        connection.execute(f"ALTER TABLE {table} RENAME TO old_{table}")
    _create(connection)
    for table, rows in _CONVERTED.items():
        for row in rows(connection):
            columns = ", ".join(row)
            values = ", ".join(f":{name}" for name in row)
            connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({values})", row)
    for table in _TABLES:
        connection.execute(f"DROP TABLE old_{table}")


def _old(connection: sqlite3.Connection, table: str) -> Iterator[dict[str, Any]]:
    for row in connection.execute(f"SELECT * FROM old_{table}"):
        yield dict(row)


def _instances(connection: sqlite3.Connection) -> Iterator[Mapping[str, Any]]:
    for row in _old(connection, "instances"):
        row["protocol"] = str(SdkProtocol.JSON1)
        if row["instance_id"].startswith("@"):
            kept = json.loads(row["input"] or "{}")
            row["entity_state"] = (kept.get("state") or "null") if kept.get("exists") else None
            row["input"] = row["custom_status"] = None
        yield row


def _mailboxes(connection: sqlite3.Connection) -> Iterator[Mapping[str, Any]]:
    for row in _old(connection, "mailboxes"):
        yield row | {"protocol": str(SdkProtocol.JSON1), "leased_by": None}


def _messages(connection: sqlite3.Connection) -> Iterator[Mapping[str, Any]]:
    for row in _old(connection, "messages"):
        event = _event(row)
        yield {
            "message_id": row["message_id"],
            "instance_id": row["instance_id"],
            "execution_id": row["execution_id"],
            "visible_at": row["visible_at"],
            "is_answer": isinstance(event, events.Completion) and not isinstance(event, events.TimerFired),
            **_columns(event),
        }


def _history(connection: sqlite3.Connection) -> Iterator[Mapping[str, Any]]:
    for row in _old(connection, "history"):
        yield {
            "instance_id": row["instance_id"],
            "position": row["position"],
            **_columns(_event(row)),
        }


def _columns(event: events.Event) -> Mapping[str, Any]:
    return dict(zip(EVENT_COLUMNS, event_values(event), strict=True))


def _activities(connection: sqlite3.Connection) -> Iterator[Mapping[str, Any]]:
    for row in _old(connection, "activities"):
        yield row | {"protocol": str(SdkProtocol.JSON1), "version": "", "leased_by": None}


def _timers(connection: sqlite3.Connection) -> Iterator[Mapping[str, Any]]:
    for row in _old(connection, "timers"):
        yield row | {"leased_by": None}


_CONVERTED: Mapping[str, Callable[[sqlite3.Connection], Iterator[Mapping[str, Any]]]] = {
    "instances": _instances,
    "mailboxes": _mailboxes,
    "messages": _messages,
    "history": _history,
    "activities": _activities,
    "timers": _timers,
}


def _event(row: Mapping[str, Any]) -> events.Event:
    # That JSON was ASCII, in which a lone surrogate could be stored.
    text: dict[str, Any] = {
        key: storable(value) if isinstance(value, str) else value
        for key, value in json.loads(row["text"]).items()
    }
    at = parse_timestamp(text["Timestamp"])
    task_id = row["task_id"]
    retry = None if row.get("retry_of") is None else events.Retry(row["retry_of"], row["attempt"])
    match events.EventType(row["type"]):
        case events.EventType.EXECUTION_STARTED:
            parent = text["ParentInstance"]
            caller = None if parent is None else events.Parent(parent["Name"], parent["Version"])
            return events.ExecutionStarted(at, text["Name"], text["Version"], caller)
        case events.EventType.EXECUTION_COMPLETED:
            status = tuple(Status)[text["OrchestrationStatus"]]
            return events.ExecutionCompleted(at, text["EventId"], status, text["Result"])
        case events.EventType.EXECUTION_TERMINATED:
            return events.ExecutionTerminated(at, text["Input"])
        case events.EventType.EXECUTION_SUSPENDED:
            return events.ExecutionSuspended(at, text["Reason"])
        case events.EventType.EXECUTION_RESUMED:
            return events.ExecutionResumed(at, text["Reason"])
        case events.EventType.TASK_SCHEDULED:
            kept = None if text["Input"] is None else json.loads(text["Input"])[0]
            return events.TaskScheduled(at, task_id, text["Name"], kept, retry=retry)
        case events.EventType.TASK_COMPLETED:
            return events.TaskCompleted(at, task_id, text["Result"])
        case events.EventType.TASK_FAILED:
            return events.TaskFailed(at, task_id, text["Reason"], text["Details"])
        case events.EventType.SUB_ORCHESTRATION_CREATED:
            name, child, version = text["Name"], text["InstanceId"], text["Version"]
            return events.SubOrchestrationCreated(
                at, task_id, name, child, version, text["Input"], retry=retry
            )
        case events.EventType.SUB_ORCHESTRATION_COMPLETED:
            return events.SubOrchestrationCompleted(at, task_id, text["Result"])
        case events.EventType.SUB_ORCHESTRATION_FAILED:
            return events.SubOrchestrationFailed(at, task_id, text["Reason"], text["Details"])
        case events.EventType.TIMER_CREATED:
            return events.TimerCreated(at, task_id, parse_timestamp(text["FireAt"]), retry)
        case events.EventType.TIMER_FIRED:
            return events.TimerFired(at, task_id, parse_timestamp(text["FireAt"]))
        case events.EventType.EVENT_SENT:
            return events.EventSent(at, task_id, text["InstanceId"], text["Name"], text["Input"], row["name"])
        case events.EventType.EVENT_RAISED:
            return events.EventRaised(at, text["Name"], text["Input"])
        case events.EventType.GENERIC_EVENT:
            return events.GenericEvent(at, text["Data"])
        case events.EventType.EXTERNAL_EVENT_AWAITED:
            return events.ExternalEventAwaited(at, text["Name"])
        case events.EventType.TIMER_CANCELLED:
            return events.TimerCancelled(at, task_id)
        case events.EventType.ORCHESTRATOR_STARTED:
            return events.OrchestratorStarted(at)
        case events.EventType.ORCHESTRATOR_COMPLETED:
            return events.OrchestratorCompleted(at)
