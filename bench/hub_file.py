"""When an instance was created and when it completed, read from the task hub's file.

The status route tells whole seconds; the row holds microseconds. Reads only, and only these two columns.
"""

import contextlib
import sqlite3
from pathlib import Path


class NoSuchRow(Exception):
    """The file is not there, or holds no such instance that has completed."""


def seconds_to_completion(data_dir: Path, instance_id: str) -> float:
    """Seconds from created to completed of an instance that has ended.

    Raises NoSuchRow when the folder has no task hub, or the hub no such instance that has ended.
    """
    files = sorted(data_dir.glob("*.db"))
    if len(files) != 1:
        raise NoSuchRow(
            f"{data_dir}: {len(files)} task hub files (*.db). One is needed, of a host that has run."
        )
    with contextlib.closing(sqlite3.connect(f"{files[0].as_uri()}?mode=ro", uri=True)) as connection:
        row = connection.execute(
            "SELECT created_at, completed_at FROM instances WHERE instance_id = ?", (instance_id,)
        ).fetchone()
    if row is None or row[1] is None:
        raise NoSuchRow(f"{files[0]}: instance '{instance_id}' is not there or has not ended.")
    created_at, completed_at = row
    return float(completed_at - created_at) / 1_000_000
