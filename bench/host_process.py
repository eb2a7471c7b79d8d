"""A funchost of its own for a demo, a measurement or a test: start it with some knobs, and stop it.

The host runs in a process group of its own, so that Ctrl+C reaches only the program that started it, and
so that it can be proved that nothing is left of it. What the host prints goes to a file.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

PROJECT = Path(__file__).resolve().parent.parent
ADDRESS = "127.0.0.1"

_DURABLE_TASK = "AzureFunctionsJobHost__extensions__durableTask__"
_READY = b"Host ready in "
_LAST_LINES = 15
_MOMENT_SECONDS = 1.0


class HostFailed(Exception):
    """The host did not start, died, or left something behind."""


@dataclass(frozen=True, slots=True)
class Knobs:
    """What bounds the parallelism of a host. None leaves a knob as the app has it."""

    instances: int = 1
    processes: int | None = None
    threads: int | None = None
    concurrency: int | None = None
    """Activities, and orchestrator episodes, in flight per instance: both alike."""
    more_settings: Mapping[str, str] = field(default_factory=dict)

    def app_settings(self) -> dict[str, str]:
        """The knobs as app settings, all but the number of instances, which is a flag."""
        named = {
            "FUNCTIONS_WORKER_PROCESS_COUNT": self.processes,
            "PYTHON_THREADPOOL_THREAD_COUNT": self.threads,
            f"{_DURABLE_TASK}maxConcurrentActivityFunctions": self.concurrency,
            f"{_DURABLE_TASK}maxConcurrentOrchestratorFunctions": self.concurrency,
        }
        given = {name: str(value) for name, value in named.items() if value is not None}
        return {**given, **self.more_settings}


class HostProcess:
    """One running funchost. A context manager: it is up inside, and gone afterwards."""

    def __init__(
        self, script_root: Path, data_dir: Path, knobs: Knobs, interpreter: str = sys.executable
    ) -> None:
        """`interpreter` decides the SDK generation that the host and its workers have."""
        self.script_root = script_root.resolve()
        self.data_dir = data_dir.resolve()
        self.knobs = knobs
        self._interpreter = interpreter
        self.port = _free_port()
        self.base_url = f"http://{ADDRESS}:{self.port}"
        self.log_file = self.data_dir.with_name(f"{data_dir.name}.log")
        self.ready_seconds = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.stop()
        finally:
            self.kill()

    @property
    def command(self) -> list[str]:
        """The command line that starts this host."""
        return [
            *(self._interpreter, "-m", "funchost", "start"),
            *("--script-root", str(self.script_root), "--data-dir", str(self.data_dir)),
            *("--address", ADDRESS, "--port", str(self.port), "--instances", str(self.knobs.instances)),
        ]

    @property
    def pid(self) -> int:
        """The process of the command; it is also the number of its group."""
        if self._process is None:
            raise HostFailed("The host has not been started.")
        return self._process.pid

    def start(self, limit_seconds: float = 30.0) -> None:
        """Start the host and wait until every instance of it serves; `ready_seconds` says how long it took.

        Raises HostFailed, with the last lines it printed, when it ends or takes too long.
        """
        begun = time.monotonic()
        self.launch()
        self.wait_until(self._says_ready, limit_seconds)
        self.ready_seconds = time.monotonic() - begun

    def launch(self) -> None:
        """Start the host and wait for nothing."""
        with self.log_file.open("wb") as output:
            self._process = subprocess.Popen(
                self.command,
                # So that `-m funchost` is that of this checkout. A PYTHONPATH would reach the workers
                # as well, and the function_app.py of this folder would hide that of another app.
                cwd=PROJECT,
                env={**os.environ, **self.knobs.app_settings()},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,
            )

    def wait_until(self, condition: Callable[[], bool], limit_seconds: float = 30.0) -> None:
        """Look every few milliseconds.

        Raises HostFailed, with the last lines the host printed, when it ends or the limit passes.
        """
        deadline = time.monotonic() + limit_seconds
        while not condition():
            code = self._process.poll() if self._process else None
            if code is not None:
                raise HostFailed(f"The host ended with exit code {code}:\n{self.last_words()}")
            if time.monotonic() > deadline:
                raise HostFailed(f"The host is not ready after {limit_seconds:g} s:\n{self.last_words()}")
            time.sleep(0.005)

    def stop(self, limit_seconds: float = 20.0) -> float:
        """Send what Ctrl+C sends, wait, and check that nothing is left; give the seconds it took.

        Raises HostFailed when the exit code is not 0, a process of the host is alive, or the port is taken.
        """
        if self._process is None:
            return 0.0
        begun = time.monotonic()
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        try:
            code = self._process.wait(limit_seconds)
        except subprocess.TimeoutExpired:
            raise HostFailed(
                f"The host runs {limit_seconds:g} s after SIGINT:\n{self.last_words()}"
            ) from None
        took = time.monotonic() - begun
        if code != 0:
            raise HostFailed(f"The host ended with exit code {code} instead of 0:\n{self.last_words()}")
        if left := self._left_over_after(_MOMENT_SECONDS):
            raise HostFailed(f"The host has ended, and processes that it started have not: {left}.")
        if not _port_is_free(self.port):
            raise HostFailed(f"The host has ended, and port {self.port} is still taken.")
        self._process = None
        return took

    def kill(self) -> None:
        """End every process of the host at once, if any is left. Never raises."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def last_words(self) -> str:
        """The last lines that the host printed."""
        lines = self.log_file.read_text(errors="replace").splitlines() if self.log_file.exists() else []
        return "\n".join(f"  | {line}" for line in lines[-_LAST_LINES:]) or "  (it printed nothing)"

    def _left_over_after(self, seconds: float) -> list[int]:
        # The helper process of multiprocessing ends a moment after the host whose end it waits for.
        deadline = time.monotonic() + seconds
        while (left := _left_over(self.pid)) and time.monotonic() < deadline:
            time.sleep(0.02)
        return left

    def _says_ready(self) -> bool:
        return _READY in self.log_file.read_bytes()


@contextlib.contextmanager
def running(script_root: Path, knobs: Knobs, interpreter: str = sys.executable) -> Iterator[HostProcess]:
    """A host that is ready, with a data folder that goes when it goes.

    Raises HostFailed when it does not start, or does not stop as it should.
    """
    with (
        tempfile.TemporaryDirectory(prefix="funchost-bench-") as folder,
        HostProcess(script_root, Path(folder) / "data", knobs, interpreter) as host,
    ):
        yield host


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((ADDRESS, 0))
        port: int = probe.getsockname()[1]
        return port


def _port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: connections of clients that just left do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError:
            return False
        return True


def _left_over(group: int) -> list[int]:
    """The processes of a group, without those that have ended and wait for init to take note of it."""
    return [
        process.pid
        for process in psutil.process_iter(["status"])
        if process.info["status"] != psutil.STATUS_ZOMBIE and _group_of(process.pid) == group
    ]


def _group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except (ProcessLookupError, PermissionError):
        return None
