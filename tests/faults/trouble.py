"""What the fault tests do to a host: kill, stop and continue its processes, lock its hub, fill its disk.

Every fault ends by itself; after `mend` the host runs again, whatever was done to it.
"""

import contextlib
import random
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from tests.e2e.hosting import HostProcess

_CHUNK = bytes(64 * 1024)


class Trouble:
    """Faults on one host, drawn from a seed. `counts` tells how often each was done."""

    def __init__(self, host: HostProcess, data: Path, seed: int, *, small_disk: bool) -> None:
        """With a `small_disk` the data folder is on one of its own that may be filled."""
        self.counts: Counter[str] = Counter()
        self._host = host
        self._data = data
        self._random = random.Random(seed)
        self._faults: dict[str, tuple[int, Callable[[], None]]] = {
            "worker killed": (5, lambda: self._kill(self._host.workers())),
            "instance killed": (3, lambda: self._kill(self._instances())),
            "everything killed": (2, self._kill_everything),
            "worker stopped and continued": (3, lambda: self._stop_and_continue(self._host.workers())),
            "instance stopped and continued": (3, lambda: self._stop_and_continue(self._instances())),
            "hub locked": (2, self._lock_hub),
        }
        if small_disk:
            self._faults["disk filled"] = (2, self._fill_disk)

    def strike(self) -> str:
        """Do one fault, from its beginning to its end; gives its name."""
        names = [*self._faults]
        name = self._random.choices(names, [self._faults[each][0] for each in names])[0]
        self.counts[name] += 1
        self._faults[name][1]()
        self.mend()
        return name

    def mend(self) -> None:
        """Start the host again when it has ended."""
        if self._host.exit_code is not None:
            self._host.kill_everything()
            self._host.start()

    def _instances(self) -> list[psutil.Process]:
        """The processes of host instances: below a supervisor, or the command itself."""
        below = [each for each in _children(self._host.pid) if "spawn_main" in " ".join(_words(each))]
        return below or [psutil.Process(self._host.pid)]

    def _kill(self, processes: list[psutil.Process]) -> None:
        with contextlib.suppress(psutil.NoSuchProcess, IndexError):
            self._random.choice(processes).kill()
        # A command that was killed leaves a zombie until somebody asks for its exit code.
        time.sleep(0.05)

    def _kill_everything(self) -> None:
        self._host.kill_everything()

    def _stop_and_continue(self, processes: list[psutil.Process]) -> None:
        with contextlib.suppress(psutil.NoSuchProcess, IndexError):
            process = self._random.choice(processes)
            process.send_signal(signal.SIGSTOP)
            time.sleep(self._random.uniform(0.2, 1.5))
            process.send_signal(signal.SIGCONT)

    def _lock_hub(self) -> None:
        connection = sqlite3.connect(self._data / "Faults.db", isolation_level=None, timeout=5)
        with contextlib.closing(connection), contextlib.suppress(sqlite3.OperationalError):
            connection.execute("BEGIN IMMEDIATE")
            time.sleep(self._random.uniform(0.2, 2))
            connection.execute("ROLLBACK")

    def _fill_disk(self) -> None:
        path = self._data / "filler"
        try:
            with path.open("wb") as file, contextlib.suppress(OSError):
                while True:
                    file.write(_CHUNK)
                    file.flush()
            time.sleep(self._random.uniform(0.2, 1))
        finally:
            path.unlink(missing_ok=True)


def _children(pid: int) -> list[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).children()
    return []


def _words(process: psutil.Process) -> list[str]:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.cmdline()
    return []


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """Put a disk of 64 MiB under the folder, if this user may; whether it is there."""
    import subprocess

    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    try:
        yield mounted.returncode == 0
    finally:
        if mounted.returncode == 0:
            subprocess.run(["umount", str(folder)], capture_output=True, check=False)
