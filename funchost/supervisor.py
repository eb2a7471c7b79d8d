"""The command's own process: it listens, and runs one host instance, or several below it.

Several share the port and the task hub. The supervisor hands them the socket, replaces one that dies, keeps
what orders want of all of them, and stops them. It serves no request, and nothing in its loop waits for one
instance.
"""

import asyncio
import errno
import json
import logging
import multiprocessing
import os
import resource
import signal
import socket
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING

from funchost import console, host_instance
from funchost.app_run import (
    EXIT_AT_ONCE,
    EXIT_BAD_SETTING,
    EXIT_FAILED,
    EXIT_STOPPED,
    GRACE_SECONDS,
    CannotStart,
    Wanted,
)
from funchost.settings import Settings

if TYPE_CHECKING:
    from funchost.http.host_endpoints import Order

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_BACKLOG = 1024
_OPEN_FILES = 65536

_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 10.0
_HEALTHY_SECONDS = 60.0
_STOP_SECONDS = GRACE_SECONDS * 2 + 5.0

_log = logging.getLogger("Host.General")
_processes = multiprocessing.get_context("spawn")


def run(settings: Settings) -> int:
    """Serve the app until a signal comes; returns the exit code of the process."""
    began = time.monotonic()
    for number in _STOP_SIGNALS:
        signal.signal(number, _leave)
    console.print_banner(settings)
    _allow_many_files()
    try:
        listening = _listen(settings)
    except CannotStart as problem:
        return host_instance.give_up(problem)
    if settings.instances == 1:
        return host_instance.run(settings, listening, began)
    try:
        return asyncio.run(_Supervisor(settings, listening, began).run())
    finally:
        console.flush()


def _allow_many_files() -> None:
    """Take as many descriptors as the system lets this process have, as .NET does; macOS gives 256."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        # Some systems allow less than the hard limit says.
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _leave(number: int, frame: object) -> None:
    """Obey a stop that comes before anything runs that would have to be stopped."""
    console.flush()
    # Not by an exception: one that is raised here in the midst of an import may be ignored.
    os._exit(EXIT_STOPPED)


def _listen(settings: Settings) -> socket.socket:
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


@dataclass(slots=True)
class _Instance:
    """One process. `ready_run` is the run of the app that it serves; 0 until it has served one."""

    process: BaseProcess
    news: asyncio.Event = field(default_factory=asyncio.Event)
    ready_run: int = 0


class _Supervisor:
    def __init__(self, settings: Settings, listening: socket.socket, began: float) -> None:
        self._settings = settings
        self._listening = listening
        self._began = began
        self._wanted = Wanted()
        self._announced_run = 0
        self._stopped_well = True
        self._told_problems: set[str] = set()
        self._instances: list[_Instance] = []
        # It has a result when the command is to end.
        self._exit_code: asyncio.Future[int]

    async def run(self) -> int:
        """Keep all instances running until a signal comes; returns the exit code."""
        loop = asyncio.get_running_loop()
        self._exit_code = loop.create_future()
        for stop in _STOP_SIGNALS:
            loop.add_signal_handler(stop, self._asked_to_stop)
        watcher = host_instance.watch_sources(
            self._settings, lambda: loop.call_soon_threadsafe(self._order, "restart")
        )
        async with asyncio.TaskGroup() as group:
            for number in range(1, self._settings.instances + 1):
                group.create_task(self._keep_running(number))
        self._listening.close()
        if watcher is not None:
            watcher.stop()
        return self._exit_code.result() if self._stopped_well else EXIT_FAILED

    async def _keep_running(self, number: int) -> None:
        """Run one instance after another until the command is to end."""
        pause = _FIRST_PAUSE_SECONDS
        while not self._exit_code.done():
            started_at = time.monotonic()
            instance = await self._run_one(number)
            code = instance.process.exitcode or 0
            if self._exit_code.done():
                # One that has served tells with its code whether its stop went well.
                self._stopped_well &= code <= 0 or not instance.ready_run
                return
            # One that was killed (a negative code) has not said that it cannot start.
            if code >= 0 and not instance.ready_run and not self._announced_run:
                return _settle(self._exit_code, code or EXIT_FAILED)
            _log.error("Host instance i%d has ended with code %d. It is started again.", number, code)
            if time.monotonic() - started_at > _HEALTHY_SECONDS:
                pause = _FIRST_PAUSE_SECONDS
            await asyncio.wait([self._exit_code], timeout=pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    async def _run_one(self, number: int) -> _Instance:
        """From the start of one process to its end, which is brought about when the command is to end."""
        line, theirs = socket.socketpair()
        process = _processes.Process(
            target=_run_instance,
            args=(self._settings, self._listening, host_instance.Supervised(number, self._wanted, theirs)),
            name=f"funchost-i{number}",
        )
        process.start()
        theirs.close()
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[int] = loop.create_future()
        loop.add_reader(process.sentinel, _settle, ended, 0)
        instance = _Instance(process)
        self._instances.append(instance)
        talk = asyncio.create_task(self._talk(instance, line, self._wanted))
        try:
            await asyncio.wait([ended, self._exit_code], return_when=asyncio.FIRST_COMPLETED)
            if not ended.done():
                process.terminate()
                # One that was stopped by a signal, in a debugger for example, would not hear of it.
                assert process.pid is not None
                os.kill(process.pid, signal.SIGCONT)
                await asyncio.wait([ended], timeout=_STOP_SECONDS)
        finally:
            loop.remove_reader(process.sentinel)
            self._instances.remove(instance)
            talk.cancel()
            process.kill()
            # The sentinel tells of the end a moment before the exit code is there.
            process.join()
        return instance

    async def _talk(self, instance: _Instance, line: socket.socket, told: Wanted) -> None:
        """Hear an instance, and tell it what is wanted: the latest only, when it does not read."""
        reader, writer = await asyncio.open_connection(sock=line)
        writer.transport.set_write_buffer_limits(high=0)
        hearing = asyncio.create_task(self._hear(instance, reader))
        # An instance that dies breaks the line; its end is noticed elsewhere.
        try:
            with suppress(OSError):
                while True:
                    instance.news.clear()
                    if told == self._wanted:
                        await instance.news.wait()
                        continue
                    told = self._wanted
                    writer.write(json.dumps(asdict(told)).encode() + b"\n")
                    await writer.drain()
        finally:
            hearing.cancel()
            writer.close()

    async def _hear(self, instance: _Instance, reader: asyncio.StreamReader) -> None:
        with suppress(OSError):
            async for text in reader:
                match json.loads(text):
                    case int(run):
                        self._is_ready(instance, run)
                    case {"problem": problem}:
                        self._tell_once(problem)
                    case order:
                        self._order(order)

    def _tell_once(self, problem: str) -> None:
        """Most problems are those of all instances, and of each that takes the place of one."""
        if problem not in self._told_problems:
            self._told_problems.add(problem)
            host_instance.give_up(CannotStart(problem))

    def _order(self, order: "Order") -> None:
        self._wanted = self._wanted.after(order)
        if order == "restart":
            self._began = time.monotonic()
        for instance in self._instances:
            instance.news.set()

    def _is_ready(self, instance: _Instance, run: int) -> None:
        instance.ready_run = run
        self._told_problems.clear()
        ready = sum(each.ready_run == self._wanted.run for each in self._instances)
        if ready == self._settings.instances and self._announced_run < self._wanted.run:
            self._announced_run = self._wanted.run
            console.print_ready(self._settings, time.monotonic() - self._began)

    def _asked_to_stop(self) -> None:
        if not self._exit_code.done():
            return _settle(self._exit_code, EXIT_STOPPED)
        for instance in self._instances:
            instance.process.kill()
        console.flush()
        os._exit(EXIT_AT_ONCE)


def _settle(future: asyncio.Future[int], code: int) -> None:
    """Give the future its result, unless it has one."""
    if not future.done():
        future.set_result(code)


def _run_instance(settings: Settings, listening: socket.socket, supervised: host_instance.Supervised) -> None:
    """The main function of one instance's process."""
    console.setup_logging(settings, f"i{supervised.number}")
    raise SystemExit(host_instance.run(settings, listening, time.monotonic(), supervised))
