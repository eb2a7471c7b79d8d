"""From the reports of single tasks to the summary of a whole fan-out.

A node of the tree hands its parent a `Part`: how many tasks each worker ran, and the sorted
times at which tasks started and finished. Those are what the highest parallelism needs, so it
is exact over the whole tree, as far as the clocks of the host instances agree. Times are
whole microseconds, and travel as the first one and the steps between them, some ten bytes
for a task.
"""

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from fanout import reports
from fanout.reports import SleepReport

Worker = tuple[str, int, str]
"""Host instance, process, thread."""


@dataclass(frozen=True, slots=True)
class Part:
    """What is known of some tasks that have run. The times are in ascending order."""

    starts: list[int]
    finishes: list[int]
    workers: Counter[Worker]

    def to_json(self) -> dict[str, Any]:
        """Give the compact form that a node returns to its parent."""
        return {
            "starts": _steps(self.starts),
            "finishes": _steps(self.finishes),
            "workers": [[*worker, count] for worker, count in self.workers.items()],
        }


def part_of_reports(reported: Iterable[SleepReport]) -> Part:
    """Take together the reports of tasks."""
    tasks = list(reported)
    return Part(
        starts=sorted(reports.microseconds_of(task["started"]) for task in tasks),
        finishes=sorted(reports.microseconds_of(task["finished"]) for task in tasks),
        workers=Counter((task["hostInstance"], task["process"], task["thread"]) for task in tasks),
    )


def part_of_parts(returned: Iterable[dict[str, Any]]) -> Part:
    """Take together what the nodes below returned."""
    parts = list(returned)
    workers: Counter[Worker] = Counter()
    for part in parts:
        for host_instance, process, thread, count in part["workers"]:
            workers[host_instance, process, thread] += count
    return Part(
        starts=sorted(time for part in parts for time in itertools.accumulate(part["starts"])),
        finishes=sorted(time for part in parts for time in itertools.accumulate(part["finishes"])),
        workers=workers,
    )


def summarise(part: Part) -> dict[str, Any]:
    """Give the summary that a caller reads."""
    ran = bool(part.starts)
    return {
        "taskCount": len(part.starts),
        "wallClockSeconds": (part.finishes[-1] - part.starts[0]) / 1_000_000 if ran else 0.0,
        "firstStart": reports.iso_time(part.starts[0]) if ran else None,
        "lastFinish": reports.iso_time(part.finishes[-1]) if ran else None,
        "highestParallelism": highest_parallelism(part.starts, part.finishes),
        "workers": [
            {"hostInstance": host_instance, "process": process, "thread": thread, "tasks": count}
            for (host_instance, process, thread), count in sorted(part.workers.items())
        ],
    }


def highest_parallelism(starts: Sequence[int], finishes: Sequence[int]) -> int:
    """How many tasks ran at the same time at most, from ascending starts and finishes.

    Which finish belongs to which start makes no difference. A task that starts when another
    finishes does not overlap it.
    """
    highest = finished = 0
    for started, time in enumerate(starts, start=1):
        while finishes[finished] <= time:
            finished += 1
        highest = max(highest, started - finished)
    return highest


def _steps(times: Sequence[int]) -> list[int]:
    return [*times[:1], *(later - earlier for earlier, later in itertools.pairwise(times))]
