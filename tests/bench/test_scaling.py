"""The scaling table: its arithmetic, and in a small version that more workers make it faster."""

import subprocess
import sys

import pytest

from bench import scaling
from bench.host_process import PROJECT
from bench.scaling import ROWS, Row


@pytest.mark.parametrize(("row", "ideal"), [*zip(ROWS, [100.0, 50.0, 13.0], strict=True)])
def test_the_ideal_times_are_those_of_the_published_table(row: Row, ideal: float) -> None:
    assert scaling.ideal_seconds(row, 100, 1.0) == ideal


def test_more_processes_than_the_concurrency_allows_do_not_help() -> None:
    assert Row(2, 1, 4, "").at_once == 2


def test_the_published_time_stands_only_beside_the_work_it_was_published_for() -> None:
    assert scaling.result_cells(ROWS[1], 100, 1.0, 50.5) == [
        *("1", "2", "2", "about 50 s", "50.00 s", "50.50 s", "1.0 %")
    ]
    assert scaling.result_cells(ROWS[1], 100, 0.5, 26.0)[3:] == ["-", "25.00 s", "26.00 s", "4.0 %"]


@pytest.mark.parametrize(
    "words",
    [
        ["--tasks", "0"],
        ["--tasks", "ten"],
        ["--tasks", "10001"],
        ["--seconds", "nan"],
        ["--seconds", "0"],
        ["--seconds", "x"],
    ],
)
def test_wrong_sizes_are_refused_with_what_is_allowed(words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.scaling", *words], cwd=PROJECT, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert f"argument {words[0]}: '{words[1]}' is not" in done.stderr
    assert "Give " in done.stderr


@pytest.mark.timing
def test_twice_the_processes_halve_the_time_and_eight_make_it_an_eighth() -> None:
    tasks, seconds = 8, 0.5
    alone, two, eight = (scaling.measure(row, tasks, seconds) for row in ROWS)
    assert alone >= scaling.ideal_seconds(ROWS[0], tasks, seconds)
    assert 1.6 < alone / two < 2.4
    # Room for a busy machine: all eight tasks run at once there, so the slowest one counts.
    assert 4 < alone / eight < 9
