"""Several host instances under one command: they share the port and the task hub.

The supervisor listens, hands the socket to every instance, replaces one that dies, and stops them all.
It serves no request itself.
"""

import logging
import multiprocessing
import multiprocessing.connection
import os
import signal
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Literal

from funchost import console, host_instance
from funchost.exits import EXIT_AT_ONCE, EXIT_CANNOT_START, EXIT_STOPPED
from funchost.role import Order, Role
from funchost.settings import Settings
from funchost.sources import Sources, SourceWatcher

_log = logging.getLogger("Host.General")
_processes = multiprocessing.get_context("spawn")

_LONGEST_PAUSE_SECONDS = 10.0
_FIRST_PAUSE_SECONDS = 0.1
_HEALTHY_SECONDS = 60.0
_STOP_SECONDS = host_instance.GRACE_SECONDS * 2 + 5.0


def run(settings: Settings, listening: socket.socket, role: Role) -> int:
    """Serve the app on several instances until a signal comes; returns the exit code.

    `role` is that of the command; its `on_ready` is called when all instances serve requests.
    """
    return _Supervisor(settings, listening, role).run()


@dataclass(slots=True)
class _Instance:
    number: int
    process: BaseProcess
    line: Connection
    started_at: float
    is_connected: bool = True
    is_ready: bool = False
    pause: float = _FIRST_PAUSE_SECONDS


class _Supervisor:
    def __init__(self, settings: Settings, listening: socket.socket, role: Role) -> None:
        self._settings = settings
        self._listening = listening
        self._on_ready = role.on_ready
        self._began = role.began
        self._is_announced = False
        self._was_ready = False
        self._sources_have_changed = threading.Event()
        self._stopping = False
        self._instances: list[_Instance] = []
        # Signals and changed sources wake the loop through this pair.
        self._woken, self._waker = os.pipe()

    def run(self) -> int:
        os.set_blocking(self._waker, False)
        signal.set_wakeup_fd(self._waker)
        for number in host_instance.STOP_SIGNALS:
            signal.signal(number, self._asked_to_stop)
        watcher = self._watch_sources()
        self._instances = [self._start(number + 1) for number in range(self._settings.instances)]
        exit_code: int | None = None
        while exit_code is None and not self._stopping:
            exit_code = self._step()
        self._stop_all()
        if watcher is not None:
            watcher.stop()
        console.flush()
        return EXIT_STOPPED if exit_code is None else exit_code

    def _watch_sources(self) -> SourceWatcher | None:
        settings = self._settings
        if settings.watch is None:
            return None
        watcher = SourceWatcher(
            Sources(settings.script_root, settings.data_dir, settings.watch), self._sources_changed
        )
        watcher.start()
        return watcher

    def _sources_changed(self, paths: tuple[str, ...]) -> None:
        """Called in the watcher's thread."""
        console.print_changes(paths)
        self._sources_have_changed.set()
        os.write(self._waker, b"c")

    def _start(self, number: int, pause: float = _FIRST_PAUSE_SECONDS) -> _Instance:
        ours, theirs = _processes.Pipe()
        process = _processes.Process(
            target=_run_child,
            args=(self._settings, self._listening, number, theirs),
            name=f"funchost-i{number}",
        )
        process.start()
        theirs.close()
        return _Instance(number, process, ours, time.monotonic(), pause=pause)

    def _step(self) -> int | None:
        """Wait for news; an exit code when the whole command must end."""
        sentinels = [instance.process.sentinel for instance in self._instances]
        lines = [each.line.fileno() for each in self._instances if each.is_connected]
        heard = multiprocessing.connection.wait([*sentinels, *lines, self._woken], timeout=None)
        if self._woken in heard:
            os.read(self._woken, 512)
        if self._sources_have_changed.is_set():
            self._sources_have_changed.clear()
            self._tell_all("restart")
        for instance in list(self._instances):
            if instance.is_connected and instance.line.fileno() in heard:
                self._listen_to(instance)
            if instance.process.sentinel in heard and not self._stopping:
                exit_code = self._replace(instance)
                if exit_code is not None:
                    return exit_code
        return None

    def _listen_to(self, instance: _Instance) -> None:
        """Take one word of an instance: that it is ready, or an order for all."""
        try:
            word: Literal["ready"] | Order = instance.line.recv()
        except (EOFError, OSError):
            # It died; the sentinel tells the rest.
            instance.is_connected = False
            return
        if word != "ready":
            self._tell_all(word)
            return
        instance.is_ready = True
        if not self._is_announced and all(each.is_ready for each in self._instances):
            self._is_announced = self._was_ready = True
            self._on_ready(time.monotonic() - self._began)

    def _tell_all(self, order: Order) -> None:
        if order == "restart":
            self._began = time.monotonic()
            self._is_announced = False
        for instance in self._instances:
            if order == "restart":
                instance.is_ready = False
            # One that has just died is started again anyway.
            with suppress(OSError):
                instance.line.send(order)

    def _replace(self, instance: _Instance) -> int | None:
        # The sentinel tells of the end a moment before the exit code is there.
        instance.process.join()
        code = instance.process.exitcode or 0
        # One that was killed (a negative code) has not said that it cannot start.
        if code >= 0 and not instance.is_ready and not self._was_ready:
            return code or EXIT_CANNOT_START
        _log.error("Host instance i%d has ended with code %d. It is started again.", instance.number, code)
        if time.monotonic() - instance.started_at > _HEALTHY_SECONDS:
            instance.pause = _FIRST_PAUSE_SECONDS
        time.sleep(instance.pause)
        if not self._stopping:
            pause = min(instance.pause * 2, _LONGEST_PAUSE_SECONDS)
            self._instances.remove(instance)
            instance.line.close()
            self._instances.append(self._start(instance.number, pause))
        return None

    def _asked_to_stop(self, number: int, frame: object) -> None:
        if self._stopping:
            for instance in self._instances:
                instance.process.kill()
            console.flush()
            os._exit(EXIT_AT_ONCE)
        self._stopping = True

    def _stop_all(self) -> None:
        self._stopping = True
        for instance in self._instances:
            instance.process.terminate()
        deadline = time.monotonic() + _STOP_SECONDS
        for instance in self._instances:
            instance.process.join(max(0.0, deadline - time.monotonic()))
            if instance.process.is_alive():
                instance.process.kill()
                instance.process.join()
        self._listening.close()


def _run_child(settings: Settings, listening: socket.socket, number: int, line: Connection) -> None:
    """The main function of one instance's process."""
    label = f"i{number}"
    console.setup_logging(settings, label)
    parent = multiprocessing.parent_process()
    assert parent is not None
    role = Role(
        label=label,
        announces=number == 1,
        on_ready=lambda seconds: line.send("ready"),
        supervisor=line,
        orphaned=parent.sentinel,
    )
    raise SystemExit(host_instance.run_instance(settings, listening, role))
