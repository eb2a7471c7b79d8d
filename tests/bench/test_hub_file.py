"""Times from the task hub's file, over the real schema."""

import contextlib
import sqlite3
from pathlib import Path

import pytest

from bench import hub_file
from funchost.taskhub.statements import SCHEMA


def _hub(folder: Path, completed_at: int | None) -> Path:
    with contextlib.closing(sqlite3.connect(folder / "Hub.db")) as connection, connection:
        connection.executescript(SCHEMA)
        connection.execute(
            "INSERT INTO instances (instance_id, execution_id, name, version, status, protocol, created_at,"
            " updated_at, completed_at, generation)"
            " VALUES ('i', 'e', 'n', '', 'Completed', 'json1', 1500000, 0, ?, 0)",
            (completed_at,),
        )
    return folder


def test_the_time_is_completed_minus_created_to_the_microsecond(tmp_path: Path) -> None:
    assert hub_file.seconds_to_completion(_hub(tmp_path, 4_000_001), "i") == 2.500001


def test_an_instance_that_has_not_ended_has_no_time(tmp_path: Path) -> None:
    with pytest.raises(hub_file.NoSuchRow, match="'i' is not there or has not ended"):
        hub_file.seconds_to_completion(_hub(tmp_path, None), "i")


def test_an_instance_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(hub_file.NoSuchRow, match="'other' is not there"):
        hub_file.seconds_to_completion(_hub(tmp_path, 1), "other")


def test_a_folder_without_a_hub_is_named(tmp_path: Path) -> None:
    with pytest.raises(hub_file.NoSuchRow, match="0 task hub files"):
        hub_file.seconds_to_completion(tmp_path, "i")
