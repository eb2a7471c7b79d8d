"""What must not be in the file of a hub when all its instances have ended: an event twice, work left over.

For instances of which no task is rewound and no two events that are waited for have one name.
"""

import contextlib
import sqlite3
from collections.abc import Collection
from pathlib import Path

from funchost.durable.events import EventType

# What tells one event of these kinds from another in one history.
_ONCE = {
    "task_id": (
        EventType.TASK_SCHEDULED,
        EventType.TASK_COMPLETED,
        EventType.TASK_FAILED,
        EventType.SUB_ORCHESTRATION_CREATED,
        EventType.SUB_ORCHESTRATION_COMPLETED,
        EventType.TIMER_CREATED,
        EventType.TIMER_FIRED,
    ),
    "name": (EventType.EVENT_RAISED,),
    "''": (EventType.EXECUTION_STARTED, EventType.EXECUTION_COMPLETED, EventType.EXECUTION_TERMINATED),
}
_WORK = {
    "activities": "SELECT count(*) FROM activities",
    "messages": "SELECT count(*) FROM messages",
    "mailboxes": "SELECT count(*) FROM mailboxes WHERE instance_id NOT LIKE '@%'",
}


def events_twice(file: Path, sent_twice: Collection[str] = ()) -> list[str]:
    """The events that a history has twice, each in words; `sent_twice` are names of external events that may
    be there so often."""
    found = []
    with contextlib.closing(_reader(file)) as connection:
        for column, types in _ONCE.items():
            twice = connection.execute(
                f"SELECT instance_id, type, {column}, count(*) FROM history "
                f"WHERE type IN ({','.join('?' * len(types))}) GROUP BY 1, 2, 3 HAVING count(*) > 1",
                [int(each) for each in types],
            )
            found += [
                f"{instance_id}: its history has {count} {EventType(kind).name} '{which}'"
                for instance_id, kind, which, count in twice
                if not (kind == EventType.EVENT_RAISED and which in sent_twice)
            ]
    return found


def work_left(file: Path) -> dict[str, int]:
    """How many rows there are of each kind of work."""
    with contextlib.closing(_reader(file)) as connection:
        counts = {name: connection.execute(query).fetchone()[0] for name, query in _WORK.items()}
    return {name: count for name, count in counts.items() if count}


def _reader(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=20)
