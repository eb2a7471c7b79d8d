"""A worker process: `python -P main.py FD`, started by the host with its end of a socket pair.

The main thread reads frames and hands each invocation to where it runs: threads for synchronous functions,
an event loop for asynchronous ones. Whoever has a result sends it. The rules of conversion and of the load
are in the folder `child`. Source: Azure Functions Python worker, dispatcher.
"""

import asyncio
import importlib
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

if __name__ == "__main__" and not __package__:
    # Run by path: unless funchost is installed its folder is not on the path, and it must not stay there,
    # because a script of the app's name beside funchost would hide the app's.
    _BESIDE_FUNCHOST = str(Path(__file__).resolve().parents[2])
    if _BESIDE_FUNCHOST not in sys.path:
        sys.path.append(_BESIDE_FUNCHOST)
        importlib.import_module("funchost.worker")
        sys.path.remove(_BESIDE_FUNCHOST)

from funchost.conventions.names import EPISODE_TRIGGERS
from funchost.worker.child import error_report
from funchost.worker.child.channel import Channel
from funchost.worker.child.invocation_context import InvocationScope, capture
from funchost.worker.child.load_blame import FunctionToBlame
from funchost.worker.child.streamed_calls import AsgiCall, StreamedCalls

if TYPE_CHECKING:
    from funchost.worker.child.loaded_function import LoadedFunction

# The real host gives every Python worker this ceiling when the setting is empty.
_DEFAULT_THREAD_COUNT = 1000
_LOAD_FAILED = 1
_PACKAGES = ("azure-functions", "azure-functions-durable")


class FunctionNotLoadedError(Exception):
    """The host asks for a function that the app does not have."""

    def __init__(self, name: str) -> None:
        super().__init__(f"function {name} not loaded")


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
        """Queue the work."""
        with self._count_lock:
            self._unfinished += 1
            number = self._threads + 1
            is_needed = self._unfinished > self._threads and number <= self._size
            self._threads += is_needed
        self._work.put(work)
        if is_needed:
            threading.Thread(target=self._run, name=f"{self._name}-{number}", daemon=True).start()

    def _run(self) -> None:
        while True:
            self._work.get()()
            with self._count_lock:
                self._unfinished -= 1


class EventLoopThread:
    """An event loop in a thread of its own, started with its first coroutine."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._loop: asyncio.AbstractEventLoop | None = None
        self._running: set[asyncio.Task[None]] = set()

    def submit(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run the coroutine concurrently with the others. Called from one thread only."""
        self.call(self._start, coroutine)

    def call(self, callback: Callable[..., None], *arguments: Any) -> None:
        """Call something on the loop, in the order of these calls. Called from one thread only."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            threading.Thread(target=self._run, args=(self._loop,), name=self._name, daemon=True).start()
        self._loop.call_soon_threadsafe(callback, *arguments)

    def _start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(coroutine)
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


class Worker:
    """The functions of one app, and where each of them runs."""

    def __init__(
        self,
        channel: Channel,
        scope: InvocationScope,
        functions: "list[LoadedFunction]",
        load: dict[str, Any],
    ) -> None:
        self._channel = channel
        self._scope = scope
        self._functions = {function.info.name: function for function in functions}
        name = f"worker-{load['worker_id']}"
        self._threads = ThreadGroup(f"{name}_thread", load["thread_count"])
        self._loop = EventLoopThread(f"{name}_loop")
        self._episode_threads, self._episode_loop = self._threads, self._loop
        if load["orchestrators_apart"]:
            # So that an activity that blocks its thread or the event loop never delays an episode.
            self._episode_threads = ThreadGroup(f"{name}_episode", load["thread_count"])
            self._episode_loop = EventLoopThread(f"{name}_episode_loop")
        self._streamed: StreamedCalls | None = None
        if any(function.info.is_streamed for function in functions):
            self._streamed = StreamedCalls(
                scope, channel.send, self._threads.submit, Path(load["script_root"])
            )

    def take(self, header: dict[str, Any], payload: bytes) -> None:
        """Start one invocation; its result is sent from where it runs."""
        function = self._functions.get(header["function"])
        if function is None:
            unknown = FunctionNotLoadedError(header["function"])
            self._answer(header, {"error": error_report.describe(unknown)}, b"")
            return
        is_episode = function.info.trigger in EPISODE_TRIGGERS
        if header.get("datum") == "stream" and self._streamed is not None:
            self._loop.submit(self._run_streamed(self._streamed.begin(function, header)))
        elif function.info.is_async:
            loop = self._episode_loop if is_episode else self._loop
            loop.submit(self._run_async(function, header, payload))
        else:
            threads = self._episode_threads if is_episode else self._threads
            threads.submit(partial(self._run, function, header, payload))

    def take_stream_frame(self, header: dict[str, Any], payload: bytes) -> None:
        """Hand a frame of a streamed call to the call."""
        if self._streamed is not None:
            self._loop.call(self._streamed.frame_arrived, header, payload)

    def _run(self, function: "LoadedFunction", header: dict[str, Any], payload: bytes) -> None:
        self._scope.enter(header["invocation_id"], header["id"])
        try:
            arguments = function.arguments(header, payload, self._scope.thread_local_storage)
            fields, data = function.answer(function.call(**arguments), arguments)
        except BaseException as error:  # sys.exit() in a function fails its invocation, not the worker
            fields, data = {"error": error_report.describe(error)}, b""
        self._answer(header, fields, data)

    async def _run_async(self, function: "LoadedFunction", header: dict[str, Any], payload: bytes) -> None:
        self._scope.enter(header["invocation_id"], header["id"])
        try:
            arguments = function.arguments(header, payload, self._scope.thread_local_storage)
            fields, data = function.answer(await function.call(**arguments), arguments)
        except BaseException as error:  # as above
            fields, data = {"error": error_report.describe(error)}, b""
        self._answer(header, fields, data)

    async def _run_streamed(self, call: AsgiCall) -> None:
        assert self._streamed is not None
        error = await self._streamed.run(call)
        self._answer(call.header, {"datum": "stream"} if error is None else {"error": error}, b"")

    def _answer(self, header: dict[str, Any], fields: dict[str, Any], data: bytes) -> None:
        self._scope.leave(header["invocation_id"])
        result = {"op": "result", "id": header["id"]}
        try:
            self._channel.send({**result, "ok": "error" not in fields, **fields}, data)
        except Exception as unsent:  # it has 4 GiB, for example
            self._channel.send({**result, "ok": False, "error": error_report.describe(unsent)})


def main(descriptor: int) -> int:
    """Serve the host on an inherited socket until it says stop.

    Returns:
        the exit code of a process that could not load the app; otherwise it does not return.
    """
    # The host decides what stops. A handler, not SIG_IGN: programs that user code starts would inherit that.
    signal.signal(signal.SIGINT, lambda *_: None)
    channel = Channel(socket.socket(fileno=descriptor))
    arriving = channel.arriving()
    load, _ = next(arriving)
    channel.end_with_host()
    load["thread_count"] = load["thread_count"] or _DEFAULT_THREAD_COUNT
    # SDK 2.x runs episodes on threads of its own and takes their number from here, as from the real host.
    os.environ["PYTHON_THREADPOOL_THREAD_COUNT"] = str(load["thread_count"])
    scope = InvocationScope()
    capture(channel, scope, load["log_level"])
    try:
        functions = _load_functions(load)
        worker = Worker(channel, scope, functions, load)
    except BaseException as error:  # sys.exit() at import is a failed load as well
        channel.send({"op": "failed", "error": _load_failure(error)})
        return _LOAD_FAILED
    channel.send(
        {
            "op": "ready",
            "pid": os.getpid(),
            "functions": [function.info.to_json() for function in functions],
            "python": ".".join(map(str, sys.version_info[:3])),
            "packages": {name: error_report.installed_version(name) for name in _PACKAGES},
        }
    )
    for header, payload in arriving:
        match header["op"]:
            case "stop":
                break
            case "invoke":
                worker.take(header, payload)
            case _:
                worker.take_stream_frame(header, payload)
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    # No clean-up of the interpreter: the original kills its workers, and what the SDK leaves open would
    # only complain here.
    os._exit(0)


def _load_failure(error: BaseException) -> dict[str, str]:
    """The `error` object of a `failed` frame."""
    cause = error.__cause__ if isinstance(error, FunctionToBlame) and error.__cause__ else error
    report = error_report.describe(cause)
    if advice := error_report.sdk_advice(cause):
        report["message"] += f"\n{advice}"
    if isinstance(error, FunctionToBlame):
        report |= {"function": error.function, "hint": error.hint}
    return report


def _load_functions(load: Mapping[str, Any]) -> "list[LoadedFunction]":
    # Imported here: where azure-functions is not installed, the load fails and says so.
    from funchost.worker.child import app_loader

    script_root = Path(load["script_root"])
    os.chdir(script_root)
    declared = app_loader.import_app(script_root, load["script_file"])
    return app_loader.load_functions(declared, load["client_binding"], os.environ)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
