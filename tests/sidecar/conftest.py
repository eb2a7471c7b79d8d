"""A gRPC endpoint over a real hub in a temporary folder, and the SDK's own clients connected to it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from funchost.clock import Clock
from funchost.durable.instances import SdkProtocol
from funchost.taskhub import TaskHub
from tests.generations import HAS_SDK_2

HUB_NAME = "Hub"

if not HAS_SDK_2:
    collect_ignore_glob = ["test_*.py"]


class NoLookAround(Clock):
    """A clock under which the hub never looks around by itself, so that only calls wake who waits."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.Event().wait()


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[TaskHub]:
    hub = await TaskHub.open(tmp_path / "data", HUB_NAME, clock=NoLookAround())
    yield hub
    await hub.close()


@pytest.fixture
async def endpoint() -> AsyncIterator[Any]:
    from funchost.sidecar.endpoint import GrpcEndpoint

    endpoint = GrpcEndpoint(HUB_NAME)
    yield endpoint
    await endpoint.stop()


@pytest.fixture
async def port(hub: TaskHub, endpoint: Any) -> int:
    """The port of an endpoint that serves the hub."""
    from funchost.sidecar.instance_calls import Run

    port: int = await endpoint.start()
    endpoint.serve(Run(hub.clients(SdkProtocol.GRPC2, default_version="1.0")))
    return port


@pytest.fixture
async def client(port: int) -> AsyncIterator[Any]:
    """The client of plain durabletask programs."""
    from durabletask.client import AsyncTaskHubGrpcClient

    client = AsyncTaskHubGrpcClient(host_address=f"127.0.0.1:{port}")
    yield client
    await client.close()


@pytest.fixture
async def stub(port: int) -> AsyncIterator[Any]:
    """The bare service, for requests that no client of the SDK makes."""
    import grpc.aio
    from durabletask.internal.orchestrator_service_pb2_grpc import TaskHubSidecarServiceStub

    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield TaskHubSidecarServiceStub(channel)


@pytest.fixture
def binding(port: int) -> str:
    """What a durableClient binding gives an app."""
    return json.dumps(
        {
            "taskHubName": HUB_NAME,
            "connectionName": None,
            "rpcBaseUrl": f"http://127.0.0.1:{port}",
            "requiredQueryStringParameters": "",
            "httpBaseUrl": "http://localhost:7071/runtime/webhooks/durabletask",
            "maxGrpcMessageSizeInBytes": 4194304,
            "grpcHttpClientTimeout": "00:01:40",
            "useForwardedHost": False,
            "creationUrls": None,
            "managementUrls": None,
            "baseUrl": None,
        }
    )


@pytest.fixture
def listeners(hub: TaskHub) -> Callable[[], int]:
    """How many listen for wake-ups at this moment: one while calls wait for a status."""
    return lambda: len(hub.wake_ups._listeners)
