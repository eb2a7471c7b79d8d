"""When instances were created and when they completed, read from the task hub's file.

The status route tells whole seconds; the rows hold microseconds. Reads only, and only these two columns.
"""

import contextlib
import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path

_MOMENTS = """
SELECT count(completed_at), min(created_at), max(completed_at) FROM instances
WHERE instance_id IN (SELECT value FROM json_each(?))
"""


class NoSuchRow(Exception):
    """The file is not there, or holds no such instance that has completed."""


def seconds_to_completion(data_dir: Path, instance_ids: Sequence[str]) -> float:
    """Seconds from the first created to the last completed of instances that have ended.

    Raises NoSuchRow when the folder has no task hub, or not all of the instances are there and have ended.
    """
    files = sorted(data_dir.glob("*.db"))
    if len(files) != 1:
        raise NoSuchRow(
            f"{data_dir}: {len(files)} task hub files (*.db). One is needed, of a host that has run."
        )
    with contextlib.closing(sqlite3.connect(f"{files[0].as_uri()}?mode=ro", uri=True)) as connection:
        ended, created_at, completed_at = connection.execute(_MOMENTS, [json.dumps(instance_ids)]).fetchone()
    if not instance_ids or ended != len(instance_ids):
        raise NoSuchRow(f"{files[0]}: {ended} of {len(instance_ids)} instances are there and have ended.")
    return float(completed_at - created_at) / 1_000_000
