"""`make bench-throughput`: what funchost gets done in a second, against durabletask's in-memory backend.

Both run the same loads with as many work items in flight; funchost with two worker processes, on each SDK
generation there is, and every step committed to SQLite. Neither writes a line for each step. They take turns,
each time as fresh processes. The medians of the rates count, and the medians of the ratios within a turn.
"""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import client, hub_file, machine, tables
from bench.host_process import PROJECT, HostFailed, HostProcess, Knobs, running
from bench.machine import Generation

APP = PROJECT / "bench" / "apps" / "throughput"
REPETITIONS = 3
PROCESSES = 2
IN_FLIGHT = 200
"""What durabletask has by default on two cores."""
CALLERS = 4
"""How many clients start instances at the same time."""
PEER_PACKAGES = Path(sys.prefix) / "peer"
"""Where `make bench-throughput` installs durabletask; SDK 2.x has it among its own packages."""

_POLL_SECONDS = 0.05
_LIMIT_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Load:
    """So many instances of one orchestrator, with so many activities each; `steps` of it are counted."""

    title: str
    orchestrator: str
    instances: int
    activities: int
    steps: int


WARM_UP = Load("", "fan_out", 1, 100, 100)
LOADS = (
    Load("HelloCities5, 1,000 instances: orchestrations", "hello_cities", 1_000, 5, 1_000),
    Load("flat fan-out of 1,000: activities", "fan_out", 1, 1_000, 1_000),
    Load("flat fan-out of 10,000: activities", "fan_out", 1, 10_000, 10_000),
    Load("chain of 100, 100 instances: activities", "chain", 100, 100, 10_000),
)


class PeerFailed(Exception):
    """durabletask did not run."""


def funchost_seconds(generation: Generation, loads: Sequence[Load]) -> list[float]:
    """Seconds from the first created to the last completed for each load, one after the other on one host.

    Raises HostFailed or CallFailed when one does not run to its end.
    """
    knobs = Knobs(processes=PROCESSES, concurrency=IN_FLIGHT)
    with (
        running(APP, knobs, generation.interpreter) as host,
        client.Client(host.base_url) as caller,
    ):
        return [_seconds_of(host, caller, load) for load in (WARM_UP, *loads)][1:]


def _seconds_of(host: HostProcess, caller: client.Client, load: Load) -> float:
    started = _start_all(host.base_url, load)
    # From the last to the first, so that most have ended when they are asked for.
    for payload in reversed(started):
        caller.wait_for_end(payload["statusQueryGetUri"], _POLL_SECONDS, _LIMIT_SECONDS)
    return hub_file.seconds_to_completion(host.data_dir, [payload["id"] for payload in started])


def _start_all(base_url: str, load: Load) -> list[dict[str, Any]]:
    path = f"/runtime/webhooks/durabletask/orchestrators/{load.orchestrator}"
    body = json.dumps({"activities": load.activities}).encode()

    def start_share(number: int) -> list[dict[str, Any]]:
        with client.Client(base_url) as caller:
            return [caller.start(path, body) for _ in range(number, load.instances, CALLERS)]

    with ThreadPoolExecutor(CALLERS) as callers:
        shares = callers.map(start_share, range(CALLERS))
        return [payload for share in shares for payload in share]


def peer_seconds(workers: int, loads: Sequence[Load]) -> list[float]:
    """The same for durabletask in memory; 0 workers is all of it in one process, as it documents itself.

    Raises PeerFailed with its last lines when it does not run.
    """
    words = [f"{load.orchestrator}:{load.instances}:{load.activities}" for load in loads]
    done = subprocess.run(
        [sys.executable, "-m", "bench.durabletask_peer", *map(str, (workers, IN_FLIGHT, CALLERS)), *words],
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": str(PEER_PACKAGES)},
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise PeerFailed(f"durabletask ended with exit code {done.returncode}:\n{done.stderr[-2000:]}")
    seconds: list[float] = json.loads(done.stdout)
    return seconds


def rates(runs: Sequence[Sequence[float]], loads: Sequence[Load]) -> list[str]:
    """A column of the table of rates: the median of the repetitions for each load."""
    columns = zip(loads, zip(*runs, strict=True), strict=True)
    return [f"{load.steps / statistics.median(seconds):,.0f}" for load, seconds in columns]


def ratios(runs: Sequence[Sequence[float]], peer: Sequence[Sequence[float]]) -> list[str]:
    """How many times as fast as the peer, for each load: the median of the turns."""
    turns = [
        [theirs / own for own, theirs in zip(*turn, strict=True)] for turn in zip(runs, peer, strict=True)
    ]
    return [f"{statistics.median(of_one_load):.1f}" for of_one_load in zip(*turns, strict=True)]


def report(
    own: Mapping[str, Sequence[Sequence[float]]],
    peers: Mapping[str, Sequence[Sequence[float]]],
    loads: Sequence[Load],
) -> str:
    """Both tables: rates, and ratios of each generation to each form of the peer."""
    titles = [load.title for load in loads]
    measured = {**own, **peers}
    per_second = [titles, *(rates(runs, loads) for runs in measured.values())]
    times = {f"{name} / {peer}": ratios(own[name], peers[peer]) for name in own for peer in peers}
    return "\n\n".join(
        tables.table(headings, [list(row) for row in zip(*columns, strict=True)])
        for headings, columns in (
            (["per second", *measured], per_second),
            (["times as fast", *times], [titles, *times.values()]),
        )
    )


def main() -> int:
    """Measure in turns and print both tables."""
    generations = machine.generations()
    print(f"{machine.facts(generations)}\n{machine.left_out(generations)}")
    own: dict[str, list[list[float]]] = {each.name: [] for each in generations}
    peers: dict[str, list[list[float]]] = {"durabletask": [], f"durabletask, {PROCESSES} workers": []}
    try:
        for repetition in range(1, REPETITIONS + 1):
            print(f"... repetition {repetition} of {REPETITIONS}", file=sys.stderr)
            for generation in generations:
                own[generation.name].append(funchost_seconds(generation, LOADS))
            for workers, runs in zip((0, PROCESSES), peers.values(), strict=True):
                runs.append(peer_seconds(workers, LOADS))
    except (HostFailed, client.CallFailed, hub_file.NoSuchRow, PeerFailed) as failure:
        print(f"bench-throughput: {failure}", file=sys.stderr)
        return 1
    print(f"{IN_FLIGHT} work items of each kind in flight, medians of {REPETITIONS} turns.")
    print(
        f"funchost: {PROCESSES} worker processes. durabletask: in memory, in one process or with workers.\n"
    )
    print(report(own, peers, LOADS))
    return 0


if __name__ == "__main__":
    sys.exit(main())
