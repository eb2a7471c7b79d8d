"""Where functions run: threads for synchronous ones, one event loop for asynchronous ones.

It runs what it is given and keeps count; it knows no function and no frame.
Source: Azure Functions Python worker, dispatcher.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine
from queue import SimpleQueue
from typing import Any


class ThreadGroup:
    """Up to `size` threads, each started when there is work and none of the others is free.

    The work must not raise. Leaner than `ThreadPoolExecutor`, whose future per call nobody here would read;
    the threads are daemons, because a blocking function must not keep a stopped worker alive.
    """

    def __init__(self, name: str, size: int) -> None:
        self._name = name
        self._size = size
        self._work: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._count_lock = threading.Lock()
        self._unfinished = 0
        self._threads = 0

    def submit(self, work: Callable[[], None]) -> None:
        """Queue the work. Called from one thread only."""
        with self._count_lock:
            self._unfinished += 1
            all_busy = self._unfinished > self._threads
        self._work.put(work)
        if all_busy and self._threads < self._size:
            self._threads += 1
            threading.Thread(target=self._run, name=f"{self._name}-{self._threads}", daemon=True).start()

    def _run(self) -> None:
        while True:
            self._work.get()()
            with self._count_lock:
                self._unfinished -= 1


class EventLoopThread:
    """The one event loop of the process, in a thread of its own, started with the first coroutine."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._loop: asyncio.AbstractEventLoop | None = None
        self._running: set[asyncio.Task[None]] = set()

    def submit(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run the coroutine concurrently with the others. Called from one thread only."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            threading.Thread(target=self._run, args=(self._loop,), name=self._name, daemon=True).start()
        self._loop.call_soon_threadsafe(self._start, self._loop, coroutine)

    def _start(self, loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, None]) -> None:
        task = loop.create_task(coroutine)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        while True:
            try:
                loop.run_forever()
            except BaseException:
                # SystemExit in a task that user code started breaks out of the loop; the others go on.
                logging.getLogger("azure_functions_worker").exception("An asynchronous task stopped the loop")
