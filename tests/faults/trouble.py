"""What the fault tests do to a host: kill, stop and continue its processes, lock its hub, fill its disk, set
its clock.

Every fault ends by itself; after `mend` the host runs again, whatever was done to it. Every kind comes
equally often, in an order that the seed settles.
"""

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from tests.e2e.hosting import HostProcess
from tests.faults.moved_clock import set_clock

_CHUNK = bytes(64 * 1024)
_SMALL_DISK = "size=256m"
_START_LIMIT_SECONDS = 120.0
_SHORT_SECONDS = (0.2, 1.5)
# Longer than a host that shows no life keeps its leases.
_LONG_SECONDS = 35.0
# Timers are due by the clock that was right when they were made, so that they come so much later.
_FARTHEST_CLOCK_SECONDS = 20.0


class Trouble:
    """Faults on one host. `counts` tells how often each was done."""

    def __init__(
        self, host: HostProcess, hub_file: Path, clock_file: Path, seed: int, *, fills_disk: bool, long: bool
    ) -> None:
        """The disk is filled only when the hub has a small one of its own. In `long` trouble an instance is
        also stopped until its leases have ended, which takes more than half a minute."""
        self._host = host
        self._hub_file = hub_file
        self._clock_file = clock_file
        self._random = random.Random(seed)
        faults: dict[str, Callable[[], None]] = {
            "worker killed": lambda: self._kill(self._host.workers()),
            "instance killed": lambda: self._kill(self._instances()),
            "everything killed": self._host.kill_everything,
            "everything killed twice": self._kill_everything_twice,
            "worker stopped and continued": lambda: self._stop_for_a_while(self._host.workers()),
            "instance stopped and continued": lambda: self._stop_for_a_while(self._instances()),
            "instance stopped, continued and killed": self._stop_and_kill,
            "everything stopped and continued": self._stop_everything,
            "hub locked": self._lock_hub,
            "clock set": self._set_clock,
        }
        if fills_disk:
            faults["disk filled"] = self._fill_disk
        if long:
            faults["instance stopped until its leases ended"] = lambda: self._stop_for_a_while(
                self._instances(), _LONG_SECONDS
            )
        self._faults = faults
        self._next: list[str] = []
        self.counts = Counter(dict.fromkeys(faults, 0))

    @property
    def kinds(self) -> int:
        """How many kinds of faults there are."""
        return len(self._faults)

    def strike(self) -> str:
        """Do one fault, from its beginning to its end; returns its name."""
        if not self._next:
            self._next = self._random.sample([*self._faults], len(self._faults))
        name = self._next.pop()
        self._faults[name]()
        self.counts[name] += 1
        return name

    def mend(self) -> None:
        """Start the host again when it has ended."""
        if self._host.exit_code is not None:
            self._host.kill_everything()
            self._host.start(_START_LIMIT_SECONDS)

    def _instances(self) -> list[psutil.Process]:
        """The processes of host instances: below a supervisor, or the command itself."""
        below = [each for each in self._host.processes() if "spawn_main" in " ".join(_words(each))]
        return below or [psutil.Process(self._host.pid)]

    def _kill(self, processes: list[psutil.Process]) -> None:
        with _may_have_ended(processes):
            self._random.choice(processes).kill()
        # A command that was killed has its exit code a moment later.
        time.sleep(0.05)

    def _kill_everything_twice(self) -> None:
        """The second time while it starts."""
        self._host.kill_everything()
        self._host.launch()
        time.sleep(self._random.uniform(0.1, 0.6))
        self._host.kill_everything()

    def _stop_for_a_while(self, processes: list[psutil.Process], seconds: float | None = None) -> None:
        with _may_have_ended(processes):
            process = self._random.choice(processes)
            process.send_signal(signal.SIGSTOP)
            time.sleep(self._random.uniform(*_SHORT_SECONDS) if seconds is None else seconds)
            process.send_signal(signal.SIGCONT)

    def _stop_and_kill(self) -> None:
        """It wakes up and dies before it has shown that it lives."""
        processes = self._instances()
        with _may_have_ended(processes):
            process = self._random.choice(processes)
            process.send_signal(signal.SIGSTOP)
            time.sleep(self._random.uniform(*_SHORT_SECONDS))
            process.send_signal(signal.SIGCONT)
            time.sleep(self._random.uniform(0, 0.02))
            process.kill()
        time.sleep(0.05)

    def _stop_everything(self) -> None:
        os.killpg(self._host.pid, signal.SIGSTOP)
        time.sleep(self._random.uniform(*_SHORT_SECONDS))
        os.killpg(self._host.pid, signal.SIGCONT)

    def _lock_hub(self) -> None:
        connection = sqlite3.connect(self._hub_file, isolation_level=None, timeout=10)
        with contextlib.closing(connection):
            connection.execute("BEGIN IMMEDIATE")
            time.sleep(self._random.uniform(*_SHORT_SECONDS))
            connection.execute("ROLLBACK")

    def _set_clock(self) -> None:
        set_clock(self._clock_file, self._random.uniform(-_FARTHEST_CLOCK_SECONDS, _FARTHEST_CLOCK_SECONDS))

    def _fill_disk(self) -> None:
        path = self._hub_file.with_name("filler")
        try:
            with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
                while True:
                    file.write(_CHUNK)
            time.sleep(self._random.uniform(*_SHORT_SECONDS))
        finally:
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def _may_have_ended(processes: list[psutil.Process]) -> Iterator[None]:
    """Do something to a process that may have ended meanwhile, or to none because there are none now."""
    if not processes:
        return
    with contextlib.suppress(psutil.NoSuchProcess):
        yield


def _words(process: psutil.Process) -> list[str]:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.cmdline()
    return []


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """Put a small disk under the folder, if this user may; whether it is there."""
    command = ["mount", "-t", "tmpfs", "-o", _SMALL_DISK, "tmpfs", str(folder)]
    try:
        is_mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        is_mounted = False
    try:
        yield is_mounted
    finally:
        if is_mounted:
            subprocess.run(["umount", str(folder)], capture_output=True, check=False)
