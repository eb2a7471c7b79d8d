"""`make bench-throughput`: empty activities per second, against durabletask's in-memory backend.

Both run the same flat fan-out, one instance and all activities at once, with the same number of
activities in flight; funchost with two worker processes and every step committed to SQLite. Neither
writes a line for each activity: durabletask never does, and the app's host.json asks for warnings only.
They take turns, each time as fresh processes, and the median of the repetitions counts. What grows
faster than the number of tasks shows in the cost per task.
"""

import json
import math
import statistics
import subprocess
import sys
from collections.abc import Sequence

from bench import client, hub_file, machine, tables
from bench.host_process import PROJECT, HostFailed, Knobs, running

APP = PROJECT / "bench" / "apps" / "throughput"
SIZES = (500, 1_000, 2_000, 5_000, 10_000)
COMPARED = (1_000, 10_000)
REPETITIONS = 3
PROCESSES = 2
IN_FLIGHT = 200
"""What durabletask has by default on two cores."""

_WARM_UP_TASKS = 100
_POLL_SECONDS = 0.05
_LIMIT_SECONDS = 600.0


class PeerFailed(Exception):
    """durabletask did not run."""


def funchost_seconds(sizes: Sequence[int]) -> list[float]:
    """Seconds from created to completed for each size, one after the other on one fresh host.

    Raises HostFailed or CallFailed when one does not run to its end.
    """
    seconds = []
    with (
        running(APP, Knobs(processes=PROCESSES, concurrency=IN_FLIGHT)) as host,
        client.Client(host.base_url) as caller,
    ):
        for tasks in (_WARM_UP_TASKS, *sizes):
            payload = caller.start("/api/start/fan_out", json.dumps({"tasks": tasks}).encode())
            caller.wait_for_end(payload["statusQueryGetUri"], _POLL_SECONDS, _LIMIT_SECONDS)
            seconds.append(hub_file.seconds_to_completion(host.data_dir, payload["id"]))
    return seconds[1:]


def peer_seconds(workers: int, sizes: Sequence[int]) -> list[float]:
    """The same for durabletask in memory; 0 workers is all of it in one process, as it documents itself.

    Raises PeerFailed with its last lines when it does not run.
    """
    words = [str(workers), str(IN_FLIGHT), *map(str, sizes)]
    done = subprocess.run(
        [sys.executable, "-m", "bench.durabletask_peer", *words], cwd=PROJECT, capture_output=True, text=True
    )
    if done.returncode != 0:
        raise PeerFailed(f"durabletask ended with exit code {done.returncode}:\n{done.stderr[-2000:]}")
    seconds: list[float] = json.loads(done.stdout)
    return seconds


def medians(runs: Sequence[Sequence[float]]) -> list[float]:
    """The median of each size over the repetitions."""
    return [statistics.median(of_one_size) for of_one_size in zip(*runs, strict=True)]


def growth_exponent(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """How time grows with the number of tasks: 1 is linear, 2 is quadratic.

    The slope of the straight line through the logarithms of both.
    """
    logs = [math.log(size) for size in sizes], [math.log(each) for each in seconds]
    return statistics.linear_regression(*logs).slope


def comparison(mine: Sequence[float], alone: Sequence[float], apart: Sequence[float]) -> str:
    """The table of rates: funchost, and the peer in one process and with worker processes."""
    rows = []
    for tasks, *seconds in zip(COMPARED, mine, alone, apart, strict=True):
        own, one, several = (tasks / each for each in seconds)
        rows.append(
            [
                f"{tasks}",
                f"{own:.0f}",
                f"{one:.0f}",
                f"{own / one:.1f}",
                f"{several:.0f}",
                f"{own / several:.1f}",
            ]
        )
    peer = "durabletask in memory"
    headings = ["tasks", "funchost", f"{peer}, 1 process", "ratio", f"{peer}, {PROCESSES} workers", "ratio"]
    return tables.table(headings, rows)


def cost(seconds: Sequence[float]) -> str:
    """The table of the cost per task, and in one line how it grows."""
    rows = [
        [f"{tasks}", f"{took:.2f} s", f"{1000 * took / tasks:.3f} ms"]
        for tasks, took in zip(SIZES, seconds, strict=True)
    ]
    exponent = growth_exponent(SIZES, seconds)
    table = tables.table(["tasks", "created to completed", "per task"], rows)
    return f"{table}\n\nTime grows with the number of tasks to the power of {exponent:.2f} (1 is linear)."


def main() -> int:
    """Measure in turns and print both tables."""
    print(f"{machine.facts('azure-functions-durable', 'durabletask')}\n")
    mine, alone, apart = [], [], []
    try:
        for repetition in range(1, REPETITIONS + 1):
            print(f"... repetition {repetition} of {REPETITIONS}", file=sys.stderr)
            mine.append(funchost_seconds(SIZES))
            alone.append(peer_seconds(0, COMPARED))
            apart.append(peer_seconds(PROCESSES, COMPARED))
    except (HostFailed, client.CallFailed, hub_file.NoSuchRow, PeerFailed) as failure:
        print(f"bench-throughput: {failure}", file=sys.stderr)
        return 1
    own = medians(mine)
    compared = [own[SIZES.index(tasks)] for tasks in COMPARED]
    print(
        f"Empty activities per second, {IN_FLIGHT} in flight, median of {REPETITIONS} runs; "
        f"funchost with {PROCESSES} worker processes.\n"
    )
    print(f"{comparison(compared, medians(alone), medians(apart))}\n")
    print(f"funchost alone:\n\n{cost(own)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
