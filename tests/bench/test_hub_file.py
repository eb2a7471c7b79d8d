"""Times from the task hub's file, over the real schema."""

import contextlib
import sqlite3
from pathlib import Path

import pytest

from bench import hub_file
from funchost.taskhub.statements import SCHEMA


def _hub(folder: Path, *moments: tuple[int, int | None]) -> Path:
    """A hub whose instances 0, 1, ... were created and completed at these moments."""
    with contextlib.closing(sqlite3.connect(folder / "Hub.db")) as connection, connection:
        connection.executescript(SCHEMA)
        connection.executemany(
            "INSERT INTO instances (instance_id, execution_id, name, version, status, protocol, created_at,"
            " updated_at, completed_at, generation)"
            " VALUES (?, 'e', 'n', '', 'Completed', 'json1', ?, 0, ?, 0)",
            [(str(number), *each) for number, each in enumerate(moments)],
        )
    return folder


def test_the_time_is_from_the_first_created_to_the_last_completed_to_the_microsecond(tmp_path: Path) -> None:
    hub = _hub(tmp_path, (1_500_000, 3_000_000), (2_000_000, 4_000_001), (0, 9_000_000))
    assert hub_file.seconds_to_completion(hub, ["0", "1"]) == 2.500001


def test_an_instance_that_has_not_ended_has_no_time(tmp_path: Path) -> None:
    with pytest.raises(hub_file.NoSuchRow, match="1 of 2 instances are there and have ended"):
        hub_file.seconds_to_completion(_hub(tmp_path, (0, 1), (0, None)), ["0", "1"])


def test_an_instance_that_is_not_there_has_no_time(tmp_path: Path) -> None:
    with pytest.raises(hub_file.NoSuchRow, match="0 of 1 instances"):
        hub_file.seconds_to_completion(_hub(tmp_path, (0, 1)), ["other"])


def test_a_folder_without_a_hub_is_named(tmp_path: Path) -> None:
    with pytest.raises(hub_file.NoSuchRow, match="0 task hub files"):
        hub_file.seconds_to_completion(tmp_path, ["0"])
