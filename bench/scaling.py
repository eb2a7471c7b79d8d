"""`make bench-scaling`: the published table, and what funchost needs for the same work.

The app's fan-out of 100 activities of 1 s, one thread per worker process, activity and orchestrator
concurrency alike. The time is that of the instance's row in the task hub, completed minus created, as it
was for the published numbers.
"""

import argparse
import json
import math
import sys
import time
from dataclasses import dataclass
from typing import Any

from bench import client, hub_file, machine, tables
from bench.host_process import PROJECT, HostFailed, Knobs, running

TASKS = 100
SECONDS = 1.0

_POLL_SECONDS = 0.25
_WARM_UP_TASK_SECONDS = 0.1
_WARM_UP_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the published table: the knobs, and the time on Azure's Consumption plan."""

    instances: int
    concurrency: int
    processes: int
    published: str

    @property
    def at_once(self) -> int:
        """How many tasks run at the same time: one thread in each process, bounded by the concurrency."""
        return self.instances * min(self.concurrency, self.processes)


ROWS = (Row(1, 1, 1, "about 100 s"), Row(1, 2, 2, "about 50 s"), Row(4, 2, 2, "about 30 s"))


def ideal_seconds(row: Row, tasks: int, seconds: float) -> float:
    """The time when every place is always taken: rounds of tasks that start together."""
    return math.ceil(tasks / row.at_once) * seconds


def measure(row: Row, tasks: int, seconds: float) -> float:
    """Run the fan-out on a fresh host with the knobs of the row; the seconds from created to completed.

    Raises HostFailed or CallFailed when it does not run to its end.
    """
    knobs = Knobs(row.instances, row.processes, threads=1, concurrency=row.concurrency)
    with running(PROJECT, knobs) as host, client.Client(host.base_url) as caller:
        _wait_for_all_workers(caller, row)
        status = _run(caller, row, tasks, seconds)
        return hub_file.seconds_to_completion(host.data_dir, [status["instanceId"]])


def _wait_for_all_workers(caller: client.Client, row: Row) -> None:
    """A host is ready when its first worker is; the table is about all of them."""
    limit = time.monotonic() + _WARM_UP_SECONDS
    seen = 0
    while seen < row.instances * row.processes:
        if time.monotonic() > limit:
            raise client.CallFailed(f"only {seen} workers took a task within {_WARM_UP_SECONDS:g} s")
        summary = _run(caller, row, 3 * row.at_once, _WARM_UP_TASK_SECONDS)["output"]
        seen = len({(worker["hostInstance"], worker["process"]) for worker in summary["workers"]})


def _run(caller: client.Client, row: Row, tasks: int, seconds: float) -> dict[str, Any]:
    """Run one fan-out to its end; its status."""
    job = json.dumps({"taskCount": tasks, "seconds": seconds}).encode()
    payload = caller.start("/api/orchestrators/fan_out_fan_in", job)
    limit = 60 + 3 * ideal_seconds(row, tasks, seconds)
    return caller.wait_for_end(payload["statusQueryGetUri"], _POLL_SECONDS, limit)


def result_cells(row: Row, tasks: int, seconds: float, measured: float) -> list[str]:
    """A line of the result; the published time stands only beside the work it was published for."""
    ideal = ideal_seconds(row, tasks, seconds)
    published = row.published if (tasks, seconds) == (TASKS, SECONDS) else "-"
    return [
        *(str(row.instances), str(row.concurrency), str(row.processes), published),
        *(f"{ideal:.2f} s", f"{measured:.2f} s", f"{100 * (measured / ideal - 1):.1f} %"),
    ]


def main() -> int:
    """Measure every row and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.scaling", description="Measure the scaling table.")
    parser.add_argument("--tasks", type=_tasks, default=TASKS, help="how many tasks (default: %(default)s)")
    parser.add_argument(
        "--seconds", type=_seconds, default=SECONDS, help="of each task (default: %(default)g)"
    )
    given = parser.parse_args()
    print(f"{machine.facts(machine.generations()[:1])}\n")
    print(
        f"{given.tasks} tasks of {given.seconds:g} s, one thread in each process, one run for each row, "
        "created to completed in the task hub.\n"
    )
    lines = []
    try:
        for row in ROWS:
            print(f"... {row.instances}/{row.concurrency}/{row.processes}", file=sys.stderr)
            measured = measure(row, given.tasks, given.seconds)
            lines.append(result_cells(row, given.tasks, given.seconds, measured))
    except (HostFailed, client.CallFailed, hub_file.NoSuchRow) as failure:
        print(f"bench-scaling: {failure}", file=sys.stderr)
        return 1
    headings = [
        "instances",
        "concurrency",
        "processes",
        "published (Azure)",
        "ideal",
        "measured",
        "above ideal",
    ]
    print(tables.table(headings, lines))
    return 0


def _tasks(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 10_000:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of tasks. Give 1 to 10000.")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0.01 <= seconds <= 60:
        raise argparse.ArgumentTypeError(f"'{text}' is not a length of a task. Give 0.01 to 60 seconds.")
    return seconds


if __name__ == "__main__":
    sys.exit(main())
