"""Real worker pools over small apps, and the calls that the tests make."""

import asyncio
import itertools
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from funchost.worker.invocations import (
    DatumKind,
    HttpCall,
    Invocation,
    InvocationResult,
    WorkerSettings,
)
from funchost.worker.pool import WorkerPool

APPS = Path(__file__).parent / "apps"
CLIENT_BINDING = {
    "taskHubName": "Hub",
    "connectionName": None,
    "creationUrls": {},
    "managementUrls": {
        "id": "INSTANCEID",
        "statusQueryGetUri": "http://localhost:1/instances/INSTANCEID?taskHub=Hub&connection=Storage&code=k",
    },
    "rpcBaseUrl": "http://localhost:1/durabletask/",
}
GRPC_CLIENT_BINDING = {
    "taskHubName": "Hub",
    "connectionName": None,
    "rpcBaseUrl": "http://127.0.0.1:1",
    "requiredQueryStringParameters": "code=k",
    "httpBaseUrl": "http://localhost:1/runtime/webhooks/durabletask",
}


StartPool = Callable[..., Awaitable[WorkerPool]]
WriteApp = Callable[[str], Path]


class Caller:
    """Calls functions of a pool in the few ways the tests need."""

    def __init__(self, pool: WorkerPool) -> None:
        self.pool = pool
        self._ids = itertools.count(1)

    async def activity(self, function: str, value: Any = None) -> Any:
        """The value an activity returns."""
        result = await self.invoke(function, json.dumps(value))
        assert result.ok, result.error
        return json.loads(result.payload)

    async def invoke(self, function: str, text: str, datum: DatumKind = "string") -> InvocationResult:
        """The result of a function that takes text."""
        invocation_id = f"invocation-{next(self._ids)}"
        return await self.pool.invoke(Invocation(invocation_id, function, datum, text.encode()))

    async def http(
        self,
        function: str,
        method: str = "GET",
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> InvocationResult:
        """The result of an HTTP function."""
        call = HttpCall(method, "http://localhost:7071/api/x", headers or {}, query or {}, params or {})
        invocation_id = f"invocation-{next(self._ids)}"
        trace = ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "state=1")
        return await self.pool.invoke(Invocation(invocation_id, function, "http", body, call, trace))


def worker_settings(app: str | Path = "everyday", **changes: Any) -> WorkerSettings:
    """Settings for one worker with one of the apps, but for the changes."""
    values: dict[str, Any] = {
        "script_root": APPS / app,
        "script_file": "function_app.py",
        "process_count": 1,
        "thread_count": None,
        "dispatch": "least-busy",
        "client_binding": {"json1": CLIENT_BINDING, "grpc2": GRPC_CLIENT_BINDING},
        "environment": {**os.environ, "OTHER_HUB": "other hub"},
        "log_level": 20,
    }
    return WorkerSettings(**{**values, **changes})


@pytest.fixture
def settings_for() -> Callable[..., WorkerSettings]:
    return worker_settings


@pytest.fixture
async def start_pool(settings_for: Callable[..., WorkerSettings]) -> AsyncIterator[StartPool]:
    pools: list[WorkerPool] = []

    async def start(app: str | Path = "everyday", **changes: Any) -> WorkerPool:
        pool = WorkerPool(settings_for(app, **changes))
        pools.append(pool)
        await pool.start()
        async with asyncio.timeout(20):
            while len(pool.pids) < pool.settings.process_count:
                await asyncio.sleep(0.01)
        return pool

    yield start
    for pool in pools:
        await pool.stop(0)


@pytest.fixture
async def caller(start_pool: StartPool) -> Caller:
    """One worker with the everyday app."""
    return Caller(await start_pool())


@pytest.fixture
def caller_of() -> Callable[[WorkerPool], Caller]:
    return Caller


@pytest.fixture
def write_app(tmp_path: Path) -> WriteApp:
    """Writes a function_app.py into an empty folder and returns the folder."""

    def write(source: str) -> Path:
        (tmp_path / "function_app.py").write_text(source)
        return tmp_path

    return write


@pytest.fixture
def until() -> Callable[[Callable[[], object]], Awaitable[None]]:
    """Waits for a condition, with a limit."""

    async def wait(condition: Callable[[], object]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                await asyncio.sleep(0.01)

    return wait
