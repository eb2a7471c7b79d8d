"""A worker process: `python -P main.py FD`, started by the host with its end of a socket pair.

The main thread reads frames and hands each invocation to where it runs; whoever has a result sends it. The
rules of conversion and of the load are in the folder `child`.
"""

import importlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
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
from funchost.worker.child import failures
from funchost.worker.child.channel import Channel
from funchost.worker.child.context import InvocationScope
from funchost.worker.child.log_capture import capture
from funchost.worker.child.runner import EventLoopThread, ThreadGroup

if TYPE_CHECKING:
    from funchost.worker.child.invocation import LoadedFunction

# The real host gives every Python worker this ceiling when the setting is empty.
DEFAULT_THREAD_COUNT = 1000
_LOAD_FAILED = 1


class FunctionNotLoadedError(Exception):
    """The host asks for a function that the app does not have."""

    def __init__(self, name: str) -> None:
        super().__init__(f"function {name} not loaded")


class Worker:
    """The functions of one app and the threads they run on."""

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
        size = load["thread_count"] or DEFAULT_THREAD_COUNT
        self._threads = ThreadGroup(f"{name}_thread", size)
        # Apart, so that an activity that blocks its thread never delays an episode.
        self._episodes = (
            ThreadGroup(f"{name}_episode", size) if load["orchestrators_apart"] else self._threads
        )
        self._loop = EventLoopThread(f"{name}_loop")

    def take(self, header: dict[str, Any], payload: bytes) -> None:
        """Start one invocation; its result is sent from where it runs."""
        function = self._functions.get(header["function"])
        if function is None:
            unknown = FunctionNotLoadedError(header["function"])
            self._answer(header, {"error": failures.describe(unknown)}, b"")
        elif function.info.is_async:
            self._loop.submit(self._run_async(function, header, payload))
        else:
            threads = self._episodes if function.info.trigger in EPISODE_TRIGGERS else self._threads
            threads.submit(partial(self._run, function, header, payload))

    def _run(self, function: "LoadedFunction", header: dict[str, Any], payload: bytes) -> None:
        self._scope.enter(header["invocation_id"], header["id"])
        try:
            arguments = function.arguments(header, payload, self._scope.thread_local_storage)
            fields, data = function.answer(function.call(**arguments), arguments)
        except BaseException as error:  # sys.exit() in a function fails its invocation, not the worker
            fields, data = {"error": failures.describe(error)}, b""
        self._answer(header, fields, data)

    async def _run_async(self, function: "LoadedFunction", header: dict[str, Any], payload: bytes) -> None:
        self._scope.enter(header["invocation_id"], header["id"])
        try:
            arguments = function.arguments(header, payload, self._scope.thread_local_storage)
            fields, data = function.answer(await function.call(**arguments), arguments)
        except BaseException as error:  # as above
            fields, data = {"error": failures.describe(error)}, b""
        self._answer(header, fields, data)

    def _answer(self, header: dict[str, Any], fields: dict[str, Any], data: bytes) -> None:
        self._scope.leave(header["invocation_id"])
        ok = "error" not in fields
        self._channel.send({"op": "result", "id": header["id"], "ok": ok, **fields}, data)


def main(descriptor: int) -> int:
    """Serve the host on an inherited socket until it says stop.

    Returns:
        the exit code of a process that could not load the app; otherwise it does not return.
    """
    # The host decides what stops. A handler, not SIG_IGN: programs that user code starts would inherit that.
    signal.signal(signal.SIGINT, lambda *_: None)
    channel = Channel(socket.socket(fileno=descriptor))
    frames = channel.frames()
    load, _ = next(frames)
    channel.end_with_host()
    scope = InvocationScope()
    capture(channel, scope, load["log_level"])
    try:
        functions = _load_functions(load)
    except BaseException as error:  # sys.exit() at import is a failed load as well
        channel.send({"op": "failed", "error": failures.describe(error)})
        return _LOAD_FAILED
    worker = Worker(channel, scope, functions, load)
    channel.send(
        {
            "op": "ready",
            "pid": os.getpid(),
            "functions": [function.info.to_json() for function in functions],
            "python": ".".join(map(str, sys.version_info[:3])),
            "packages": _packages(),
        }
    )
    for header, payload in frames:
        if header["op"] == "stop":
            break
        worker.take(header, payload)
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    # No clean-up of the interpreter: the original kills its workers, and what the SDK leaves open would
    # only complain here.
    os._exit(0)


def _load_functions(load: Mapping[str, Any]) -> "list[LoadedFunction]":
    # Imported here: where azure-functions is not installed, the load fails and says so.
    from funchost.worker.child import app_loader, function_loader

    script_root = Path(load["script_root"])
    os.chdir(script_root)
    declared = app_loader.import_app(script_root, load["script_file"])
    return function_loader.load_functions(declared, load["client_binding"], os.environ)


def _packages() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    found: dict[str, str] = {}
    for name in ("azure-functions", "azure-functions-durable"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
