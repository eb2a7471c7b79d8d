"""One host instance: the rooms put together, from the first socket to the last child.

It composes and orders; it decides nothing about requests, functions or instances. The sockets and the task
hub stay open for its whole life; the app in between may be started again.
"""

import asyncio
import errno
import os
import signal
import socket
import sys
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from funchost import console
from funchost.exits import EXIT_AT_ONCE, EXIT_BAD_SETTING, EXIT_STOPPED, CannotStart
from funchost.role import Order, Role
from funchost.settings import Settings
from funchost.sources import Sources, SourceWatcher
from funchost.taskhub import TaskHub, TaskHubError

if TYPE_CHECKING:
    from funchost.app_runs import AppRuns
    from funchost.http.key_file import KeyFile

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)

# How long a stop waits for HTTP requests, and then for all other work.
GRACE_SECONDS = 10.0
_BACKLOG = 1024


def listen(settings: Settings) -> socket.socket:
    """The public socket. Raises CannotStart when the port is taken or the address is not ours."""
    family = socket.AF_INET6 if ":" in settings.address else socket.AF_INET
    try:
        return socket.create_server((settings.address, settings.port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise CannotStart(_cannot_listen(settings, error), EXIT_BAD_SETTING) from error


def _cannot_listen(settings: Settings, error: OSError) -> str:
    match error.errno:
        case errno.EADDRNOTAVAIL:
            return (
                f"Address {settings.address} is no address of this machine. Give one that it has with "
                "--address, for example 127.0.0.1, or 0.0.0.0 for all of them."
            )
        case errno.EACCES:
            return (
                f"Port {settings.port} is not allowed for this user. Give one of 1024 or more, for example "
                "--port 7071."
            )
    return (
        f"Port {settings.port} is unavailable. Close the process using that port, or specify another "
        f"port using --port [-p]. ({error.strerror})"
    )


def run_instance(settings: Settings, listening: socket.socket, role: Role) -> int:
    """Run one host instance on this socket until it is told to stop; returns the exit code."""
    try:
        asyncio.run(_serve(settings, listening, role))
        return EXIT_STOPPED
    except CannotStart as problem:
        return give_up(problem)
    finally:
        console.flush()


def give_up(problem: CannotStart) -> int:
    """Say why the host cannot start; returns the exit code."""
    console.flush()
    print(problem, file=sys.stderr)
    return problem.exit_code


async def _serve(settings: Settings, listening: socket.socket, role: Role) -> None:
    """Start everything, serve until the order to stop, stop everything in the opposite order."""
    # Loaded here, so that the command line answers without it.
    from funchost.app_runs import AppRuns
    from funchost.http.front_end import HttpFrontEnd

    runs = AppRuns(settings, role)
    orders = _Orders(runs, role)
    orders.listen()
    keys = _open_keys(settings, role)
    hub = await _open_hub(settings)
    front_end = HttpFrontEnd(settings, orders, keys)
    watcher = _watch_sources(settings, role, runs)
    try:
        await front_end.start_rpc()
        await front_end.start(listening)
        await runs.run(hub, front_end)
        if role.announces:
            console.print_stopping(GRACE_SECONDS)
    except BaseException as problem:
        front_end.fail(str(problem))
        raise
    finally:
        runs.drain()
        if watcher is not None:
            await asyncio.to_thread(watcher.stop)
        await front_end.stop(GRACE_SECONDS)
        await runs.end(GRACE_SECONDS)
        await front_end.stop_rpc()
        await hub.close()


async def _open_hub(settings: Settings) -> TaskHub:
    hub = settings.hub
    try:
        return await TaskHub.open(
            settings.data_dir,
            hub.name,
            power_loss_safe=hub.power_loss_safe,
        )
    except (TaskHubError, OSError) as error:
        raise CannotStart(str(error)) from error


def _open_keys(settings: Settings, role: Role) -> "KeyFile | None":
    from funchost.http.key_file import KeyFile, KeyFileError

    if not settings.enable_auth:
        return None
    try:
        keys = KeyFile(settings.data_dir)
    except KeyFileError as error:
        raise CannotStart(str(error)) from error
    if role.announces:
        console.print_keys(keys.path)
    return keys


def _watch_sources(settings: Settings, role: Role, runs: "AppRuns") -> SourceWatcher | None:
    """Restart the app when its sources change, unless a supervisor watches for all instances."""
    if settings.watch is None or role.supervisor is not None:
        return None
    loop = asyncio.get_running_loop()

    def restart(paths: tuple[str, ...]) -> None:
        console.print_changes(paths)
        loop.call_soon_threadsafe(runs.restart)

    watcher = SourceWatcher(Sources(settings.script_root, settings.data_dir, settings.watch), restart)
    watcher.start()
    return watcher


class _Orders:
    """Orders to this instance, from signals, the supervisor and the admin endpoints; those of the last go to
    all instances."""

    def __init__(self, runs: "AppRuns", role: Role) -> None:
        self._runs = runs
        self._role = role

    @property
    def is_draining(self) -> bool:
        """Whether no work is taken but HTTP requests."""
        return self._runs.is_draining

    @property
    def in_flight(self) -> int:
        """How many invocations run."""
        return self._runs.in_flight

    @property
    def worker_pids(self) -> Sequence[int]:
        """The worker processes that take work."""
        return self._runs.worker_pids

    def drain(self) -> None:
        """Let all instances take no new work but HTTP requests."""
        self._tell_all("drain")

    def resume(self) -> None:
        """Let all instances take work again."""
        self._tell_all("resume")

    def restart(self) -> None:
        """Let all instances start the app again."""
        self._tell_all("restart")

    def listen(self) -> None:
        """Obey from now on."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._asked_to_stop)
        if self._role.orphaned is None:
            loop.add_signal_handler(signal.SIGINT, self._asked_to_stop)
        else:
            # In a terminal Ctrl+C reaches every process; the supervisor's word is the one that counts.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            loop.add_reader(self._role.orphaned, self._orphaned, self._role.orphaned)
        if self._role.supervisor is not None:
            loop.add_reader(self._role.supervisor.fileno(), self._order_arrived, self._role.supervisor)

    def _tell_all(self, order: Order) -> None:
        if self._role.supervisor is None:
            self._obey(order)
        else:
            self._role.supervisor.send(order)

    def _obey(self, order: Order) -> None:
        match order:
            case "restart":
                self._runs.restart()
            case "drain":
                self._runs.drain()
            case "resume":
                self._runs.resume()

    def _order_arrived(self, supervisor: Connection) -> None:
        try:
            self._obey(supervisor.recv())
        except (EOFError, OSError):
            # The supervisor is gone; `orphaned` tells the rest.
            asyncio.get_running_loop().remove_reader(supervisor.fileno())

    def _asked_to_stop(self) -> None:
        if self._runs.is_stopping and self._role.orphaned is None:
            console.flush()
            # Workers end by themselves when their pipe closes.
            os._exit(EXIT_AT_ONCE)
        self._runs.stop()

    def _orphaned(self, descriptor: int) -> None:
        asyncio.get_running_loop().remove_reader(descriptor)
        self._runs.stop()
