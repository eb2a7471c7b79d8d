"""One worker process, seen from the host: start it, send it invocations, learn of its end.

Which worker gets an invocation, and what happens after one has died, is the pool's business.
"""

import asyncio
import itertools
import socket
import subprocess
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from funchost.worker import calling, frames, worker_log
from funchost.worker.invocations import (
    AppLoadError,
    FunctionInfo,
    HttpReply,
    Invocation,
    InvocationError,
    InvocationResult,
    Lane,
    LoadedApp,
    SdkFacts,
    WorkerLost,
    WorkerSettings,
)
from funchost.worker.worker_log import ChildOutput

_CHILD = str(Path(__file__).with_name("main.py"))
_STDERR = 2
# How long a dead child's pipes may stay open: processes that user code started can hold them for ever.
_LAST_WORDS_SECONDS = 0.2
# How long a child may live on after it has closed its end of the socket.
_DEAF_SECONDS = 1.0


@dataclass(slots=True)
class Unanswered:
    """An invocation that a worker runs, sent at `begun` on the event loop's clock.

    When its caller has left, the answer is cancelled, and the invocation runs on.
    """

    invocation: Invocation
    answer: asyncio.Future[InvocationResult]
    begun: float
    is_overdue: bool = False


class WorkerProcess:
    """A child process that runs the app's functions.

    Attributes:
        pid: its process ID.
        ready: what the child reports once it has loaded the app; AppLoadError when it could not.
        ended: done when the process is gone and every invocation in it has been answered.
        exit_description: how it ended, once it has.
        pending: the invocations it has not answered, by frame ID, in the order in which they were sent.
        idle: set while there are none.
        overdue: how many of them have passed their time limit.
    """

    def __init__(self, settings: WorkerSettings) -> None:
        loop = asyncio.get_running_loop()
        self.pid = 0
        self.ready: asyncio.Future[LoadedApp] = loop.create_future()
        self.ended: asyncio.Future[None] = loop.create_future()
        self.exit_description = ""
        self.pending: dict[int, Unanswered] = {}
        self.idle = asyncio.Event()
        self.idle.set()
        self.overdue = 0
        self.output = ChildOutput()
        self._settings = settings
        self._ids = itertools.count(1)
        self._lanes: dict[str, Lane] = {}
        self._load: Counter[Lane] = Counter()
        self._outgoing: list[bytes] = []
        self._is_alive = True
        self._is_loaded = False
        self._open_ends = {"process", "socket", "stderr"}
        self._process: asyncio.SubprocessTransport
        self._pipe: asyncio.WriteTransport

    @classmethod
    async def start(cls, settings: WorkerSettings, worker_id: str) -> "WorkerProcess":
        """Start a child and tell it which app to load.

        Args:
            settings: what the pool was given.
            worker_id: tells the children of a host apart, in thread names.

        Raises:
            OSError: the interpreter or the app's folder cannot be used.
        """
        worker = cls(settings)
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                process, _ = await loop.subprocess_exec(
                    lambda: _ProcessEvents(worker),
                    *(settings.python, "-P", _CHILD, str(theirs.fileno())),
                    stdin=subprocess.DEVNULL,
                    pass_fds=(theirs.fileno(),),
                    cwd=settings.script_root,
                    env=dict(settings.environment),
                    # Ctrl+C and a SIGTERM to the host's process group are for the host alone.
                    process_group=0,
                )
            except BaseException:
                ours.close()
                raise
        worker._process = process
        worker.pid = worker.output.pid = process.get_pid()
        worker._pipe, _ = await loop.create_unix_connection(lambda: _Frames(worker), sock=ours)
        worker._load_app(worker_id)
        return worker

    @property
    def takes_work(self) -> bool:
        """Whether the app is loaded and the process alive, and not about to be replaced."""
        return self._is_alive and self._is_loaded and not self.overdue

    @property
    def in_flight(self) -> int:
        """How many invocations it has not answered, those whose caller has left among them."""
        return len(self.pending)

    def load(self, lane: Lane) -> int:
        """How many invocations it runs in this lane."""
        return self._load[lane]

    def lane(self, function: str) -> Lane:
        """The lane of one of the app's functions."""
        return self._lanes.get(function, "threads")

    def submit(self, invocation: Invocation) -> asyncio.Future[InvocationResult]:
        """Send an invocation. The future raises WorkerLost when the process dies before it has answered."""
        loop = asyncio.get_running_loop()
        frame_id = next(self._ids)
        answer: asyncio.Future[InvocationResult] = loop.create_future()
        self.pending[frame_id] = Unanswered(invocation, answer, loop.time())
        self.idle.clear()
        self._load[self.lane(invocation.function)] += 1
        self._send(_invoke_header(frame_id, invocation), invocation.payload)
        if invocation.streamed is not None:
            invocation.streamed.stream.connect(frame_id, self._send_if_alive)
        return answer

    def ask_to_stop(self) -> None:
        """Say that no more work is coming; the process then ends by itself."""
        if self._is_alive:
            self._send({"op": "stop"})

    def kill(self) -> None:
        """End the process at once."""
        with suppress(ProcessLookupError):
            self._process.kill()

    def frame_arrived(self, header: dict[str, Any], payload: bytes) -> None:
        """Take one frame of the child."""
        match header["op"]:
            case "result":
                ended = self.pending.pop(header["id"])
                self._load[self.lane(ended.invocation.function)] -= 1
                if not self.pending:
                    self.idle.set()
                if not ended.answer.done():
                    ended.answer.set_result(_result(header, payload, self.pid))
            case "start" | "piece" | "taken":
                streamed = self.pending[header["id"]].invocation.streamed
                assert streamed is not None
                streamed.stream.frame_arrived(header, payload)
            case "log":
                speaker = self.pending.get(header["id"])
                invocation = None if speaker is None else speaker.invocation
                worker_log.relay(header, invocation, self.pid, self._is_loaded)
            case "ready":
                self._is_loaded = True
                app = _loaded_app(header)
                self._lanes = {function.name: function.lane for function in app.functions}
                self.ready.set_result(app)
            case "failed":
                self.ready.set_exception(AppLoadError(**header["error"]))

    def end_closed(self, end: str) -> None:
        """One of the ends that keep the process connected is gone."""
        self._open_ends.discard(end)
        if end == "process":
            self._is_alive = False
            asyncio.get_running_loop().call_later(_LAST_WORDS_SECONDS, self._end)
        elif end == "socket":
            self._is_alive = False
            if "process" in self._open_ends:
                asyncio.get_running_loop().call_later(_DEAF_SECONDS, self.kill)
        if not self._open_ends:
            self._end()

    def _load_app(self, worker_id: str) -> None:
        settings = self._settings
        self._send(
            {
                "op": "load",
                "script_root": str(settings.script_root),
                "script_file": settings.script_file,
                "client_binding": settings.client_binding,
                "thread_count": settings.thread_count,
                "orchestrators_apart": settings.dispatch == "least-busy",
                "worker_id": worker_id,
                "log_level": settings.log_level,
            }
        )

    def _send(self, header: dict[str, Any], payload: bytes = b"") -> None:
        """Send a frame, together with the others of this turn of the event loop: one system call for all."""
        if not self._outgoing:
            asyncio.get_running_loop().call_soon(self._flush)
        self._outgoing.append(frames.encode(header, payload))

    def _send_if_alive(self, header: dict[str, Any], payload: bytes) -> None:
        if self._is_alive:
            self._send(header, payload)

    def _flush(self) -> None:
        self._pipe.write(b"".join(self._outgoing))
        self._outgoing.clear()

    def _end(self) -> None:
        if self.ended.done():
            return
        self.exit_description = describe_exit(self._process.get_returncode())
        self._pipe.close()
        self._process.close()
        last_lines = tuple(self.output.last_lines)
        for lost in self.pending.values():
            if not lost.answer.done():
                lost.answer.set_exception(WorkerLost(self.pid, self.exit_description, last_lines))
        self.pending.clear()
        self.idle.set()
        if not self.ready.done():
            text = f"{self.exit_description} before {self._settings.script_file} was loaded"
            self.ready.set_exception(AppLoadError("WorkerLost", text, "\n".join(last_lines)))
        self.ended.set_result(None)


class _Frames(asyncio.Protocol):
    """The host's end of the socket pair."""

    def __init__(self, worker: WorkerProcess) -> None:
        self._worker = worker
        self._decoder = frames.Decoder()

    def data_received(self, data: bytes) -> None:
        for header, payload in self._decoder.feed(data):
            self._worker.frame_arrived(header, payload)

    def connection_lost(self, exc: Exception | None) -> None:
        self._worker.end_closed("socket")


class _ProcessEvents(asyncio.SubprocessProtocol):
    """The child's exit and its two output streams."""

    def __init__(self, worker: WorkerProcess) -> None:
        self._worker = worker

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self._worker.output.feed(fd, data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        self._worker.output.close(fd)
        if fd == _STDERR:
            self._worker.end_closed("stderr")

    def process_exited(self) -> None:
        self._worker.end_closed("process")


def describe_exit(return_code: int | None) -> str:
    """How a process ended, in the real host's words; a signal counts from 128 as in a shell."""
    code = return_code or 0
    code = 128 - code if code < 0 else code
    return f"python exited with code {code} (0x{code:X})"


def _invoke_header(frame_id: int, invocation: Invocation) -> dict[str, Any]:
    header: dict[str, Any] = {
        "op": "invoke",
        "id": frame_id,
        "invocation_id": invocation.invocation_id,
        "function": invocation.function,
        "datum": invocation.datum,
    }
    if any(invocation.trace):
        header["trace"] = invocation.trace
    if (retry := invocation.retry) is not None:
        header["retry"] = {"count": retry.count, "most": retry.most}
        if retry.error is not None:
            text = calling.failure_text(invocation.function, retry.error)
            header["retry"] |= {"message": text, "stack": retry.error.stack}
    if (http := invocation.http) is not None:
        header["http"] = {
            "method": http.method,
            "url": http.url,
            "headers": dict(http.headers),
            "query": dict(http.query),
            "params": dict(http.params),
        }
    if (streamed := invocation.streamed) is not None:
        header["http"] = {
            "method": streamed.method,
            "url": streamed.url,
            "headers": streamed.headers,
            "params": dict(streamed.params),
        }
    return header


def _loaded_app(header: dict[str, Any]) -> LoadedApp:
    functions = tuple(map(FunctionInfo.from_json, header["functions"]))
    return LoadedApp(
        functions,
        SdkFacts(
            python=header["python"],
            azure_functions=header["packages"]["azure-functions"],
            azure_functions_durable=header["packages"]["azure-functions-durable"],
            requires_grpc=any(function.requires_grpc for function in functions),
        ),
    )


def _result(header: dict[str, Any], payload: bytes, pid: int) -> InvocationResult:
    if not header["ok"]:
        return InvocationResult(False, "none", b"", None, InvocationError(**header["error"]), pid)
    http = None
    if reply := header.get("http"):
        http = HttpReply(reply["status"], tuple((name, value) for name, value in reply["headers"]))
    return InvocationResult(True, header["datum"], payload, http, None, pid)
