"""`make torture`: faults on a host under work, as long as you like, and the verdict over what it promised.

The seed settles which faults come in which order and what each client does; when exactly they hit is for the
machine to say. Exit code 0 when nothing was lost, doubled or left over, 1 otherwise.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.hosting import HostProcess
from tests.faults.judgement import Verdict, judge
from tests.faults.moved_clock import VARIABLE, set_clock
from tests.faults.trouble import Trouble, small_disk
from tests.faults.workload import Acknowledged, Client, connected

APP = Path(__file__).parent / "apps" / "mixture"
_HUB = "Faults.db"
_CLIENTS = 4
# So that each fault hits a host that has come back to work since the last.
_STARTS_BETWEEN_FAULTS = 5
_LIMIT_BETWEEN_FAULTS_SECONDS = 60.0
_LIMIT_SECONDS = 60.0
_LONG_SECONDS = 120.0


@dataclass(slots=True)
class Report:
    """One run: what was done, what was acknowledged, what became of it."""

    seed: int
    faults: dict[str, int]
    acknowledged: Acknowledged
    verdict: Verdict
    log: str

    @property
    def is_good(self) -> bool:
        """Whether the host has kept its promise."""
        return not (self.verdict.lost or self.verdict.doubled or self.verdict.left_over)

    def __str__(self) -> str:
        done, verdict = self.acknowledged, self.verdict
        unknown = len(done.unknown_starts) + len(done.unknown_signals) + len(done.unknown_terminations)
        figures = {
            "seed": self.seed,
            **dict(sorted(self.faults.items())),
            "faults": sum(self.faults.values()),
            "acknowledged starts": len(done.starts),
            "acknowledged events": len(done.events),
            "acknowledged terminations": len(done.terminations),
            "acknowledged signals": done.signals.total(),
            "requests without an answer": unknown,
            "instances that ended": verdict.instances,
            "lost": len(verdict.lost),
            "doubled": len(verdict.doubled),
            "left over": sum(verdict.left_over.values()),
        }
        lines = [f"{name:<40} {value:>10}" for name, value in figures.items()]
        left = [f"left over: {count} {table}" for table, count in verdict.left_over.items()]
        return "\n".join([*lines, *verdict.lost, *verdict.doubled, *left])


def torture(
    folder: Path, seed: int, instances: int, seconds: float, say: Callable[[str], None] = lambda text: None
) -> Report:
    """Run the mixture under faults for so long, and until each kind of them has come once.

    Raises AssertionError when the host does not start again after a fault, or does not work on.
    """
    data = folder / "data"
    data.mkdir()
    with small_disk(data) as has_small_disk:
        if not has_small_disk:
            say("The disk is not filled: this user may not mount a small one.")
        set_clock(folder / "clock", 0)
        host = _MovedClockHost(APP, folder, "--instances", str(instances))
        trouble = Trouble(
            host,
            data / _HUB,
            folder / "clock",
            seed,
            fills_disk=has_small_disk,
            long=seconds >= _LONG_SECONDS,
        )
        try:
            host.start()
            return asyncio.run(_run(host, data / _HUB, trouble, seed, seconds, say))
        finally:
            host.stop()


class _MovedClockHost(HostProcess):
    module = "tests.faults.moved_clock"

    def __init__(self, script_root: Path, folder: Path, *arguments: str) -> None:
        super().__init__(script_root, folder, *arguments, **{VARIABLE: str(folder / "clock")})


async def _run(
    host: HostProcess,
    hub_file: Path,
    trouble: Trouble,
    seed: int,
    seconds: float,
    say: Callable[[str], None],
) -> Report:
    enough = asyncio.Event()
    async with connected(host.base_url) as client:
        work = [asyncio.create_task(client.work(number, seed, enough)) for number in range(_CLIENTS)]
        began = time.monotonic()
        while sum(trouble.counts.values()) < trouble.kinds or time.monotonic() - began < seconds:
            await _more_starts(client, host)
            name = await asyncio.to_thread(trouble.strike)
            say(f"{time.monotonic() - began:6.1f} s {len(client.acknowledged.starts):7} starts, {name}")
            await asyncio.to_thread(trouble.mend)
        await _more_starts(client, host)
        enough.set()
        await asyncio.gather(*work)
        say("No more faults. The host does what is left.")
        verdict = await judge(client, hub_file, _LIMIT_SECONDS)
        return Report(seed, dict(trouble.counts), client.acknowledged, verdict, host.log)


async def _more_starts(client: Client, host: HostProcess) -> None:
    wanted = len(client.acknowledged.starts) + _STARTS_BETWEEN_FAULTS
    deadline = time.monotonic() + _LIMIT_BETWEEN_FAULTS_SECONDS
    while len(client.acknowledged.starts) < wanted:
        assert time.monotonic() < deadline, f"The host acknowledges nothing.\n{host.log[-5000:]}"
        await asyncio.sleep(0.02)


def main() -> int:
    """Run it from the command line, and print its figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.torture", description=__doc__)
    parser.add_argument("--seconds", type=float, default=180.0, help="how long (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=random.randrange(2**31), help="default: a new one")
    parser.add_argument("--instances", type=int, default=3, help="host instances (default: %(default)s)")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="funchost-torture-") as folder:
        report = torture(
            Path(folder),
            options.seed,
            options.instances,
            options.seconds,
            say=lambda text: print(f"... {text}", flush=True),
        )
    print(report)
    if not report.is_good:
        print(f"\nThe end of the host's log:\n{report.log[-5000:]}")
    return 0 if report.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
