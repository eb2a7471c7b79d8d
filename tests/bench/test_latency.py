"""The latencies: their arithmetic, and that many orchestrations are that many."""

import contextlib
import sqlite3

from bench import latency
from bench.host_process import Knobs, running


def test_the_95_percentile_is_between_the_values() -> None:
    assert latency.percentile_95([float(value) for value in range(101)]) == 95.0


def test_many_orchestrations_are_exactly_as_many() -> None:
    with running(latency.APP, Knobs()) as host:
        latency.run_many(host.base_url, 37)
        (file,) = host.data_dir.glob("*.db")
        with contextlib.closing(sqlite3.connect(file)) as connection:
            counted = connection.execute("SELECT status, count(*) FROM instances GROUP BY status").fetchall()
    assert counted == [("Completed", 37)]
