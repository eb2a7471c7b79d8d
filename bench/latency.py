"""`make bench-latency`: how fast one thing is when nothing else runs, and what the host costs at rest.

The start of the host to its first answer, a one-activity orchestration from the POST to Completed as a
polling client sees it, the processor time of an idle host, and its memory over many orchestrations, on each
SDK generation there is. Its app is that of the throughput.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from bench import client, machine, tables
from bench.host_process import PROJECT, HostFailed, HostProcess, Knobs, running
from bench.machine import Generation

APP = PROJECT / "bench" / "apps" / "throughput"
ORCHESTRATIONS = 50_000

_STARTS = 7
_ROUND_TRIPS = 300
_WARM_UP = 20
_POLL_SECONDS = 0.001
_LIMIT_SECONDS = 60.0

_SETTLE_SECONDS = 3.0
_IDLE_SECONDS = 10.0

_CALLERS = 16
_SAMPLES = 10
# The host answers when the instance has ended, so that a caller needs one request for each.
_START_AND_WAIT = "/runtime/webhooks/durabletask/orchestrators/one_activity?timeout=60&pollingInterval=0.02"


def seconds_to_first_answer(data_dir: Path, generation: Generation) -> float:
    """From the start of the command to the answer of a function of the app.

    Raises HostFailed when it does not come.
    """
    host = HostProcess(APP, data_dir, Knobs(), generation.interpreter)
    try:
        begun = time.perf_counter()
        host.launch()
        host.wait_until(lambda: _answered(host))
        took = time.perf_counter() - begun
        host.stop()
        return took
    finally:
        host.kill()


def seconds_to_completed(caller: client.Client) -> float:
    """From the POST to the first poll that says Completed.

    Raises CallFailed when it does not complete.
    """
    begun = time.perf_counter()
    payload = caller.start("/api/start/one_activity")
    caller.wait_for_end(payload["statusQueryGetUri"], _POLL_SECONDS, _LIMIT_SECONDS)
    return time.perf_counter() - begun


def idle_share(host: HostProcess, seconds: float) -> float:
    """The processor time of all processes of the host, as a share of one core."""
    command = psutil.Process(host.pid)
    processes = [command, *command.children(recursive=True)]
    before = sum(_processor_seconds(process) for process in processes)
    time.sleep(seconds)
    return (sum(_processor_seconds(process) for process in processes) - before) / seconds


def run_many(base_url: str, count: int) -> None:
    """Run so many one-activity orchestrations to their end, a few at a time.

    Raises CallFailed when one does not complete.
    """
    shares = [count // _CALLERS + (1 if caller < count % _CALLERS else 0) for caller in range(_CALLERS)]
    with ThreadPoolExecutor(_CALLERS) as callers:
        for done in [callers.submit(_run_one_after_the_other, base_url, share) for share in shares]:
            done.result()


def percentile_95(values: Sequence[float]) -> float:
    """The value that 95 % of the others do not exceed. Needs two values or more."""
    return statistics.quantiles(values, n=20, method="inclusive")[-1]


def main() -> int:
    """Measure all four and print them."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.latency", description="Measure latency, idle cost and memory."
    )
    parser.add_argument(
        "--orchestrations", type=_count, default=ORCHESTRATIONS, help="for the memory (default: %(default)s)"
    )
    orchestrations = parser.parse_args().orchestrations
    generations = machine.generations()
    print(f"{machine.facts(generations)}\n{machine.left_out(generations)}")
    try:
        for generation in generations:
            print(f"{generation.name}\n\n{_latencies(generation)}\n\n{_idle(generation)}\n")
            print(f"{_memory(generation, orchestrations)}\n")
    except (HostFailed, client.CallFailed) as failure:
        print(f"bench-latency: {failure}", file=sys.stderr)
        return 1
    return 0


def _latencies(generation: Generation) -> str:
    print("... starts", file=sys.stderr)
    starts = []
    for _ in range(_STARTS):
        with tempfile.TemporaryDirectory(prefix="funchost-bench-") as folder:
            starts.append(seconds_to_first_answer(Path(folder) / "data", generation))
    print("... round trips", file=sys.stderr)
    with running(APP, Knobs(), generation.interpreter) as host, client.Client(host.base_url) as caller:
        trips = [seconds_to_completed(caller) for _ in range(_WARM_UP + _ROUND_TRIPS)][_WARM_UP:]
    rows = [
        _latency_cells(f"host start to first answer of a function, {_STARTS} starts", starts),
        _latency_cells(f"one activity, POST to Completed, {_ROUND_TRIPS} times", trips),
    ]
    return tables.table(["what", "median", "95 %", "worst"], rows)


def _latency_cells(what: str, seconds: Sequence[float]) -> list[str]:
    measured = (statistics.median(seconds), percentile_95(seconds), max(seconds))
    return [what, *(f"{1000 * each:.1f} ms" for each in measured)]


def _idle(generation: Generation) -> str:
    rows = []
    for instances in (1, 2):
        print(f"... idle, instances: {instances}", file=sys.stderr)
        with running(APP, Knobs(instances, processes=2), generation.interpreter) as host:
            time.sleep(_SETTLE_SECONDS)
            share = idle_share(host, _IDLE_SECONDS)
        rows.append([str(instances), f"{100 * share:.2f} %", f"{100 * share / instances:.2f} %"])
    heading = f"Idle for {_IDLE_SECONDS:g} s, two worker processes for each instance, shares of one core:"
    return f"{heading}\n\n{tables.table(['instances', 'all processes', 'per instance'], rows)}"


def _memory(generation: Generation, orchestrations: int) -> str:
    rows = []
    with running(APP, Knobs(processes=2), generation.interpreter) as host:
        begun = time.monotonic()
        process = psutil.Process(host.pid)
        rows.append(["0", _mebibytes(process), _mebibytes(*process.children())])
        for sample in range(1, _SAMPLES + 1):
            until = orchestrations * sample // _SAMPLES
            print(f"... memory, {until} of {orchestrations} orchestrations", file=sys.stderr)
            run_many(host.base_url, until - int(rows[-1][0]))
            rows.append([str(until), _mebibytes(process), _mebibytes(*process.children())])
        rate = orchestrations / (time.monotonic() - begun)
    table = tables.table(["finished orchestrations", "host, MiB", "both workers, MiB"], rows)
    return f"Resident memory, {rate:.0f} orchestrations of one activity per second:\n\n{table}"


def _run_one_after_the_other(base_url: str, count: int) -> None:
    with client.Client(base_url) as caller:
        for _ in range(count):
            reply = caller.request("POST", _START_AND_WAIT)
            if reply.status != 200:
                raise client.CallFailed(
                    f"POST {_START_AND_WAIT}: {reply.status} {reply.reason}: {reply.body!r}"
                )


def _answered(host: HostProcess) -> bool:
    try:
        with client.Client(host.base_url) as caller:
            return caller.request("GET", "/api/ping").status == 200
    except client.CallFailed:
        return False


def _processor_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _mebibytes(*processes: psutil.Process) -> str:
    return f"{sum(process.memory_info().rss for process in processes) / 2**20:.1f}"


def _count(text: str) -> int:
    if not text.isdecimal() or not _SAMPLES <= int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError(
            f"'{text}' is not a number of orchestrations. Give {_SAMPLES} to 1000000."
        )
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
