"""A funchost of the tests' own: the command as a user runs it, with a process group and data of its own.

What it serves is not known here. Signals and the processes below it are for the tests about its life.
"""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import psutil

APPS = Path(__file__).parent / "apps"
PROJECT = Path(__file__).parents[2]
START_LIMIT = 30.0
STOP_LIMIT = 30.0

# What would change the behaviour of a host that is started from a shell in which somebody works on one.
_FOREIGN = ("azurefunctions", "functions_", "azurewebjobs", "website_", "python_threadpool", "fanout_")


class HostProcess:
    """One `python -m funchost start` and what can be done to it from outside."""

    module = "funchost"

    def __init__(self, script_root: Path, folder: Path, *arguments: str, **app_settings: str) -> None:
        """Nothing runs yet. The same `folder` means the same task hub, in the next process too."""
        self._command = [
            *(sys.executable, "-m", self.module, "start", "--script-root", str(script_root)),
            *("--data-dir", str(folder / "data"), *arguments),
        ]
        self._settings = app_settings
        self._folder = folder
        self._log = folder / "host.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        return self._running.pid

    @property
    def log(self) -> str:
        """What it has printed, over all its lives."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    @property
    def exit_code(self) -> int | None:
        return self._running.poll()

    def launch(self) -> None:
        """Start it, and do not wait for anything."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._command, "--port", str(self.port)],
                # Where funchost can be imported from, installed or not.
                cwd=PROJECT,
                env=environment(self._settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def start(self, limit: float = START_LIMIT) -> None:
        """Start it, and return when it answers, within so many seconds.

        Raises AssertionError with the last lines of its log when it ends or stays silent.
        """
        self.launch()
        until(self._runs, limit, lambda: f"The host does not answer.\n{self.log[-1500:]}")

    def processes(self) -> list[psutil.Process]:
        """All the processes below the command, at this moment."""
        return psutil.Process(self.pid).children(recursive=True)

    def workers(self) -> list[psutil.Process]:
        """Its worker processes."""
        return [process for process in self.processes() if _is_worker(process)]

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the command alone, as `kill` does."""
        self._running.send_signal(number)

    def interrupt(self) -> None:
        """Send SIGINT to the whole group, as Ctrl+C in a terminal does."""
        os.killpg(self.pid, signal.SIGINT)

    def wait(self, seconds: float = STOP_LIMIT) -> int:
        """Give the exit code when it has ended."""
        return self._running.wait(seconds)

    def kill_everything(self) -> None:
        """SIGKILL to every process at once: what a crash of the machine's user session looks like."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._running.wait(STOP_LIMIT)

    def stop(self) -> None:
        """End it in order; whatever is left after that is killed."""
        if self._process is None:
            return
        if self.exit_code is None:
            self.signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.wait()
        self.kill_everything()

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("The host was not started.")
        return self._process

    def _runs(self) -> bool:
        if self.exit_code is not None:
            raise AssertionError(f"The host ended with code {self.exit_code}.\n{self.log[-1500:]}")
        return runs(self.base_url)


@contextlib.contextmanager
def running(host: HostProcess) -> Iterator[HostProcess]:
    """A host that runs inside the block."""
    try:
        host.start()
        yield host
    finally:
        host.stop()


def runs(base_url: str) -> bool:
    """Whether the host under this URL says that it runs, so that its app is loaded."""
    status, body = get(base_url, "/admin/host/status")
    return status == 200 and json.loads(body)["state"] == "Running"


def get(base_url: str, path: str) -> tuple[int, bytes]:
    """Status and body of a GET; status 0 when nobody answers."""
    connection = http.client.HTTPConnection(base_url.removeprefix("http://").rstrip("/"), timeout=5)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


def environment(changes: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without what configures a host, and with the changes."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().startswith(_FOREIGN)}
    return {**kept, **changes}


def alive(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Those that still run. One that has ended may remain as a zombie where nobody collects orphans."""
    return [process for process in processes if _is_alive(process)]


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _is_worker(process: psutil.Process) -> bool:
    try:
        return any(word.endswith("worker/main.py") for word in process.cmdline())
    except psutil.NoSuchProcess:
        return False


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(condition: Callable[[], object], seconds: float, failure: Callable[[], str]) -> None:
    """Wait for a condition, with a limit. Raises AssertionError with the text of `failure`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(failure())
        time.sleep(0.02)
