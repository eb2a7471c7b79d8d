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
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from funchost import console, host_instance
from funchost.settings.model import Settings

_log = logging.getLogger("Host.General")
_processes = multiprocessing.get_context("spawn")

_LONGEST_PAUSE_SECONDS = 10.0
_FIRST_PAUSE_SECONDS = 0.1
_HEALTHY_SECONDS = 60.0
_STOP_SECONDS = host_instance.GRACE_SECONDS * 2 + 5.0


def run(settings: Settings, listening: socket.socket, announce: Callable[[], None]) -> int:
    """Serve the app on several instances until a signal comes; returns the exit code.

    `announce` is called once all instances serve requests.
    """
    return _Supervisor(settings, listening, announce).run()


@dataclass(slots=True)
class _Instance:
    number: int
    process: BaseProcess
    ready: Connection
    started_at: float
    is_ready: bool = False
    pause: float = _FIRST_PAUSE_SECONDS


class _Supervisor:
    def __init__(self, settings: Settings, listening: socket.socket, announce: Callable[[], None]) -> None:
        self._settings = settings
        self._listening = listening
        self._announce = announce
        self._announced = False
        self._stopping = False
        self._instances: list[_Instance] = []
        # Signals wake the loop through this pair.
        self._woken, self._waker = os.pipe()

    def run(self) -> int:
        os.set_blocking(self._waker, False)
        signal.set_wakeup_fd(self._waker)
        for number in host_instance.STOP_SIGNALS:
            signal.signal(number, self._asked_to_stop)
        self._instances = [self._start(number + 1) for number in range(self._settings.instances)]
        while not self._stopping:
            exit_code = self._step()
            if exit_code is not None:
                self._stop_all()
                return exit_code
        self._stop_all()
        console.flush()
        return host_instance.EXIT_STOPPED

    def _start(self, number: int, pause: float = _FIRST_PAUSE_SECONDS) -> _Instance:
        ready, told = _processes.Pipe(duplex=False)
        process = _processes.Process(
            target=_run_child,
            args=(self._settings, self._listening, number, told),
            name=f"funchost-i{number}",
        )
        process.start()
        told.close()
        return _Instance(number, process, ready, time.monotonic(), pause=pause)

    def _step(self) -> int | None:
        """Wait for news; an exit code when the whole command must end."""
        news = [instance.process.sentinel for instance in self._instances]
        news += [each.ready.fileno() for each in self._instances if not each.is_ready]
        heard = multiprocessing.connection.wait([*news, self._woken], timeout=None)
        if self._woken in heard:
            os.read(self._woken, 512)
        for instance in list(self._instances):
            if not instance.is_ready and instance.ready.fileno() in heard:
                self._note_ready(instance)
            if instance.process.sentinel in heard and not self._stopping:
                exit_code = self._replace(instance)
                if exit_code is not None:
                    return exit_code
        return None

    def _note_ready(self, instance: _Instance) -> None:
        try:
            instance.ready.recv()
        except EOFError:
            # It died; the sentinel tells the rest.
            return
        instance.is_ready = True
        if not self._announced and all(each.is_ready for each in self._instances):
            self._announced = True
            self._announce()

    def _replace(self, instance: _Instance) -> int | None:
        code = instance.process.exitcode or 0
        if not instance.is_ready and not self._announced:
            return code or host_instance.EXIT_CANNOT_START
        _log.error("Host instance i%d has ended with code %d. It is started again.", instance.number, code)
        if time.monotonic() - instance.started_at > _HEALTHY_SECONDS:
            instance.pause = _FIRST_PAUSE_SECONDS
        time.sleep(instance.pause)
        if not self._stopping:
            pause = min(instance.pause * 2, _LONGEST_PAUSE_SECONDS)
            self._instances.remove(instance)
            instance.ready.close()
            self._instances.append(self._start(instance.number, pause))
        return None

    def _asked_to_stop(self, number: int, frame: object) -> None:
        if self._stopping:
            for instance in self._instances:
                instance.process.kill()
            console.flush()
            os._exit(host_instance.EXIT_AT_ONCE)
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


def _run_child(settings: Settings, listening: socket.socket, number: int, told: Connection) -> None:
    """The main function of one instance's process."""
    label = f"i{number}"
    console.setup_logging(settings, label)
    parent = multiprocessing.parent_process()
    assert parent is not None
    role = host_instance.Role(
        label=label,
        announces=number == 1,
        on_ready=lambda: told.send(True),
        orphaned=parent.sentinel,
    )
    raise SystemExit(host_instance.run_instance(settings, listening, role))
