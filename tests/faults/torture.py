"""`make torture`: faults on a host under work, as long as you like, and the verdict over what it promised.

Exit code 0 when nothing was lost and nothing doubled, 1 otherwise. The seed makes faults and work come in
the same order again; when exactly they hit is for the machine to say.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.hosting import HostProcess
from tests.faults.trouble import Trouble, small_disk
from tests.faults.workload import Acknowledged, Verdict, connected, verdict

APP = Path(__file__).parent / "apps" / "mixture"
_CLIENTS = 4
_PROGRESS_SECONDS = 10.0
_LIMIT_SECONDS = 60.0


@dataclass(slots=True)
class Report:
    """One run: what was done, what was acknowledged, what became of it."""

    seed: int
    faults: dict[str, int]
    acknowledged: Acknowledged
    verdict: Verdict
    log: str

    def __str__(self) -> str:
        done = self.acknowledged
        lines = [
            f"seed                   {self.seed}",
            *(f"{name:<22} {count}" for name, count in sorted(self.faults.items())),
            f"faults                 {sum(self.faults.values())}",
            f"acknowledged starts    {len(done.starts)}",
            f"acknowledged events    {len(done.events)}",
            f"acknowledged signals   {done.signals}",
            f"instances that ended   {self.verdict.instances}",
            f"lost                   {len(self.verdict.lost)}",
            f"doubled                {len(self.verdict.doubled)}",
        ]
        return "\n".join([*lines, *self.verdict.lost, *self.verdict.doubled])


def torture(
    folder: Path, seconds: float, seed: int, instances: int, *, shows_progress: bool = False
) -> Report:
    """Run the mixture under faults for so long, in this folder."""
    data = folder / "data"
    data.mkdir()
    with small_disk(data) as has_small_disk:
        if not has_small_disk and shows_progress:
            print("The disk is not filled: this user may not mount one of its own.", flush=True)
        host = HostProcess(APP, folder, "--instances", str(instances))
        trouble = Trouble(host, data, seed, small_disk=has_small_disk)
        try:
            host.start()
            return asyncio.run(_run(host, trouble, seconds, seed, shows_progress))
        finally:
            host.stop()


async def _run(
    host: HostProcess, trouble: Trouble, seconds: float, seed: int, shows_progress: bool
) -> Report:
    enough = asyncio.Event()
    async with connected(host.base_url, seed) as client:
        work = [asyncio.create_task(client.work(enough)) for _ in range(_CLIENTS)]
        began = told = time.monotonic()
        while (now := time.monotonic()) - began < seconds:
            await asyncio.to_thread(trouble.strike)
            if shows_progress and now - told > _PROGRESS_SECONDS:
                told = now
                starts, faults = len(client.acknowledged.starts), sum(trouble.counts.values())
                print(f"... {now - began:.0f} s, {faults} faults, {starts} starts acknowledged", flush=True)
            await asyncio.sleep(0.2)
        enough.set()
        await asyncio.gather(*work)
        await asyncio.to_thread(trouble.mend)
        judged = await verdict(client, _LIMIT_SECONDS)
        return Report(seed, dict(trouble.counts), client.acknowledged, judged, host.log)


def main() -> int:
    """Run it from the command line, and print its figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.torture", description=__doc__)
    parser.add_argument("--seconds", type=float, default=180.0, help="how long (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=random.randrange(2**31), help="default: a new one")
    parser.add_argument("--instances", type=int, default=3, help="host instances (default: %(default)s)")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="funchost-torture-") as folder:
        report = torture(Path(folder), options.seconds, options.seed, options.instances, shows_progress=True)
    print(report)
    if report.verdict.lost or report.verdict.doubled:
        print(f"\nThe end of the host's log:\n{report.log[-5000:]}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
