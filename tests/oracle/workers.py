"""The two workers side by side, and their answers in one form.

Whether the answers are alike is for the tests to say.
"""

import asyncio
import base64
import calendar
import json
import os
import sys
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any, Self

from funchost.worker.invocations import AppLoadError, Invocation, InvocationResult, WorkerSettings
from funchost.worker.pool import WorkerPool
from tests.streams import OpenCall

CLIENT_BINDING: dict[str, Any] = {
    "taskHubName": "Hub",
    "connectionName": None,
    "creationUrls": {},
    "managementUrls": {
        "id": "INSTANCEID",
        "statusQueryGetUri": "http://localhost:1/instances/INSTANCEID?taskHub=Hub&connection=Storage&code=k",
    },
    # Nobody listens there.
    "rpcBaseUrl": "http://127.0.0.1:1/durabletask/",
}
# Binding expressions that stand for themselves. Ours puts in their values, as the real host does; the
# original leaves that to the host.
_EXPRESSIONS = ("OTHER_HUB", "CONFORMANCE_HUB", "CRON")
ENVIRONMENT = {**os.environ, **{name: f"%{name}%" for name in _EXPRESSIONS}}

_ORIGINAL = Path(__file__).with_name("original.py")
_LONGEST_LINE = 16 * 1024 * 1024

Function = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """How a call ended: the error as the host prints it, or what went out."""

    error: str | None = None
    datum: str = "none"
    body: bytes = b""
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    cookies: tuple[dict[str, Any], ...] = field(default=())
    is_complete: bool = True

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(frozen=True, slots=True)
class StreamedRequest:
    """A request to a streamed function."""

    function: str
    method: str = "GET"
    target: str = "/api/x"
    headers: tuple[tuple[str, str], ...] = (("host", "localhost:7071"),)
    params: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class Original:
    """Microsoft's library, in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls) -> Self:
        command = (sys.executable, "-P", str(_ORIGINAL))
        pipe = asyncio.subprocess.PIPE
        return cls(
            await asyncio.create_subprocess_exec(
                *command, stdin=pipe, stdout=pipe, env=ENVIRONMENT, limit=_LONGEST_LINE
            )
        )

    async def load(self, folder: Path) -> list[Function] | str:
        """The functions of an app, or the text with which it cannot be loaded."""
        answer = await self._ask({"load": str(folder)})
        functions: list[Function] | str = answer["error"] if "error" in answer else answer["functions"]
        return functions

    async def invoke(self, invocation: Invocation) -> Answer:
        payload = base64.b64encode(invocation.payload).decode()
        answer = await self._ask({**asdict(invocation), "payload": payload, "client_binding": CLIENT_BINDING})
        if "error" in answer:
            return Answer(answer["error"])
        return Answer(
            datum=answer["datum"],
            body=base64.b64decode(answer.get("payload", "")),
            status=_status(answer.get("status")),
            headers=tuple((name, value) for name, value in answer.get("headers", ())),
            cookies=tuple(answer.get("cookies", ())),
        )

    async def stream(self, request: StreamedRequest) -> Answer:
        """What the library's server answers to a request, and how the invocation ends beside it."""
        answer = await self._ask(
            {
                "function": request.function,
                "invocation_id": str(uuid.uuid4()),
                "datum": "stream",
                "payload": base64.b64encode(request.body).decode(),
                "http": {
                    "method": request.method,
                    "url": f"http://localhost:7071{request.target}",
                    "headers": request.headers,
                    "params": request.params,
                },
                "trace": ("", ""),
                "client_binding": CLIENT_BINDING,
            }
        )
        return Answer(
            error=answer.get("error"),
            datum=answer["datum"],
            body=base64.b64decode(answer["payload"]),
            status=answer["status"],
            headers=_comparable(answer["headers"]),
            is_complete=answer["is_complete"],
        )

    async def stop(self) -> None:
        self._process.kill()
        await self._process.wait()

    async def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        line = await self._process.stdout.readline()
        assert line, "Microsoft's library has ended; what it said is above."
        answer: dict[str, Any] = json.loads(line)
        return answer


class Ours:
    """funchost's worker pool with one process."""

    def __init__(self, pool: WorkerPool) -> None:
        self._pool = pool

    @classmethod
    def for_app(cls, folder: Path) -> Self:
        return cls(
            WorkerPool(
                WorkerSettings(
                    script_root=folder,
                    script_file="function_app.py",
                    process_count=1,
                    thread_count=None,
                    dispatch="least-busy",
                    client_binding={"json1": CLIENT_BINDING, "grpc2": CLIENT_BINDING},
                    environment=ENVIRONMENT,
                    log_level=30,
                )
            )
        )

    async def load(self) -> list[Function] | str:
        """The functions of the app, or the text with which it cannot be loaded."""
        try:
            await self._pool.start()
        except AppLoadError as error:
            return f"{error.type}: {error.message}"
        return [
            {
                "name": function.name,
                "bindings": list(function.bindings),
                "script_file": function.script_file,
                "entry_point": function.entry_point,
                "is_async": function.is_async,
            }
            for function in self._pool.functions
        ]

    async def invoke(self, invocation: Invocation) -> Answer:
        return _answer(await self._pool.invoke(invocation))

    async def stream(self, request: StreamedRequest) -> Answer:
        call = OpenCall(
            self._pool, request.function, request.method, request.target, request.headers, request.params
        )
        response = await call.answer(request.body)
        error = (await call.result).error
        return Answer(
            error=None if error is None else f"{error.type}: {error.message}",
            datum="http",
            body=response.body,
            status=response.status,
            headers=_comparable(response.headers),
            is_complete=response.is_complete,
        )

    async def stop(self) -> None:
        await self._pool.stop(0)


class Pair:
    """Both workers with the same app."""

    def __init__(self, original: Original, ours: Ours) -> None:
        self._original = original
        self._ours = ours

    async def ask(self, invocation: Invocation) -> tuple[Answer, Answer]:
        """The original's answer to a call, and ours."""
        return await self._original.invoke(invocation), await self._ours.invoke(invocation)

    async def stream(self, request: StreamedRequest) -> tuple[Answer, Answer]:
        """The original's answer to a streamed call, and ours."""
        return await self._original.stream(request), await self._ours.stream(request)


def _answer(result: InvocationResult) -> Answer:
    if result.error is not None:
        return Answer(f"{result.error.type}: {result.error.message}")
    if result.http is None:
        return Answer(datum=result.datum, body=result.payload)
    return Answer(
        datum=result.datum,
        body=result.payload,
        status=result.http.status,
        headers=tuple(header for header in result.http.headers if header[0] != "set-cookie"),
        cookies=tuple(_cookie(value) for name, value in result.http.headers if name == "set-cookie"),
    )


def _cookie(text: str) -> dict[str, Any]:
    """A rendered cookie in the fields of the original's message; absent ones are left out."""
    ((name, morsel),) = SimpleCookie(text).items()
    expires = morsel["expires"] and calendar.timegm(
        time.strptime(morsel["expires"], "%a, %d %b %Y %H:%M:%S GMT")
    )
    fields = {
        "name": name,
        "value": morsel.value,
        "domain": morsel["domain"],
        "path": morsel["path"],
        "expires": expires,
        "secure": bool(morsel["secure"]),
        "http_only": bool(morsel["httponly"]),
        "same_site": morsel["samesite"].lower(),
        "max_age": float(morsel["max-age"] or 0),
    }
    return {name: field for name, field in fields.items() if name == "value" or field}


def _comparable(headers: Iterable[Sequence[str]]) -> tuple[tuple[str, str], ...]:
    """The headers without those that belong to the connection with the library's server."""
    framing = ("date", "connection", "transfer-encoding")
    return tuple(sorted((name.lower(), value) for name, value in headers if name.lower() not in framing))


def _status(text: str | None) -> int | None:
    # What is no number is 200 for the real host, which is not here to say so.
    return None if text is None else int(text) if text.isdigit() else 200
