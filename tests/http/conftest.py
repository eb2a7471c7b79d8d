"""A front end on real sockets over a fake task hub and a fake pool."""

import dataclasses
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from funchost.http.admission.keys import KeyFile
from funchost.http.server import HttpFrontEnd
from funchost.settings import Flags, Settings, load
from funchost.worker.model import FunctionInfo, Invocation
from tests.http.fakes import FakeControl, FakeHub, FakePool, http_function

DURABLE_FUNCTIONS = (
    http_function("fan_out_fan_in", trigger="orchestrationTrigger", route=None),
    http_function("hello_orchestrator", trigger="orchestrationTrigger", route=None),
    http_function("counter", trigger="entityTrigger", route=None),
)


async def timer_payload(function: str) -> bytes:
    """What timers say that a function is given."""
    return f"timer {function}".encode()


@dataclasses.dataclass
class Host:
    """A running front end and the ways to reach it."""

    front: HttpFrontEnd
    settings: Settings
    control: FakeControl
    hub: FakeHub
    pool: FakePool
    client: aiohttp.ClientSession
    port: int

    def serve(
        self, function: Callable[[Invocation], Any], name: str = "hello", **described: Any
    ) -> FunctionInfo:
        """Add one HTTP function and serve it."""
        info = http_function(name, **described)
        self.pool.functions[name] = function
        self.ready([info])
        return info

    def ready(self, functions: Sequence[FunctionInfo]) -> None:
        """Serve these functions, beside the durable ones that every test has."""
        self.front.ready(self.settings, self.hub, self.pool, [*functions, *DURABLE_FUNCTIONS], timer_payload)

    def app_url(self, path: str) -> str:
        return f"http://localhost:{self.port}{path}"

    def durable_url(self, path: str) -> str:
        return self.app_url(f"/runtime/webhooks/durabletask/{path}")


OpenHost = Callable[..., Awaitable[Host]]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "host.json").write_text(
        '{"version": "2.0", "extensions": {"durableTask": {"hubName": "Hub"}}}'
    )
    return load(Flags(script_root=tmp_path), {})


@pytest.fixture
async def open_host(settings: Settings) -> AsyncIterator[OpenHost]:
    """Opens front ends, by default with the app already loaded, and closes them after the test."""
    opened: list[Host] = []

    async def open_with(*, ready: bool = True, keys: KeyFile | None = None, **changes: Any) -> Host:
        listening = socket.create_server(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        hub, pool = FakeHub(), FakePool()
        changed = dataclasses.replace(settings, port=port, **changes)
        control = FakeControl()
        front = HttpFrontEnd(changed, control, keys)
        await front.start_rpc()
        await front.start(listening)
        client = aiohttp.ClientSession(auto_decompress=False)
        host = Host(front, changed, control, hub, pool, client, port)
        opened.append(host)
        if ready:
            host.ready([])
        return host

    yield open_with
    for host in opened:
        await host.client.close()
        await host.front.stop(1)
        await host.front.stop_rpc()


@pytest.fixture
async def host(open_host: OpenHost) -> Host:
    return await open_host()
