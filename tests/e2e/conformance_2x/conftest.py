"""A host with the app of apps/conformance_2x, and both clients of SDK 2.x inside it."""

import io
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from tests.e2e import hosting
from tests.e2e.conftest import GIVEN_URL
from tests.e2e.durable_host import AS_JSON, DurableHost, connect
from tests.e2e.hosting import HostProcess
from tests.generations import HAS_SDK_2


class DurableClient:
    """One of the two clients, called through the app: `await client("purge_orchestration", instance_id="x")`.

    Times are texts, statuses their names, an entity is its name and key.
    """

    def __init__(self, host: DurableHost, how: str) -> None:
        self._host = host
        self._how = how

    async def __call__(self, method: str, **arguments: Any) -> Any:
        """What the method returns. Raises AssertionError with what it raises."""
        answer = await self._ask(method, arguments)
        assert "returned" in answer, answer
        return answer["returned"]

    async def error(self, method: str, **arguments: Any) -> dict[str, Any]:
        """The type and the text of what the method raises, and the status code of a gRPC error."""
        answer = await self._ask(method, arguments)
        assert "raised" in answer, answer
        return dict(answer["raised"])

    async def _ask(self, method: str, arguments: dict[str, Any]) -> dict[str, Any]:
        # As a file: aiohttp warns of large bodies in one piece.
        body = io.BytesIO(json.dumps(arguments).encode())
        reply = await self._host.post(f"/api/{self._how}/{method}", data=body, headers=AS_JSON)
        assert reply.status == 200, (reply.status, reply.text)
        return dict(reply.json())


@pytest.fixture(scope="session")
def conformance_2x_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of a host with the app of apps/conformance_2x."""
    if GIVEN_URL:
        if hosting.get(GIVEN_URL, "/api/payload/x")[0] != 200:
            pytest.skip(f"{GIVEN_URL} does not serve the conformance app of SDK 2.x")
        yield GIVEN_URL
        return
    if not HAS_SDK_2:
        pytest.skip("needs azure-functions-durable 2.x: make test-2x")
    folder = tmp_path_factory.mktemp("conformance_2x")
    with hosting.running(HostProcess(hosting.APPS / "conformance_2x", folder, TMPDIR=str(folder))) as host:
        yield host.base_url


@pytest.fixture
async def host(conformance_2x_url: str) -> AsyncIterator[DurableHost]:
    """A host with the app of this folder."""
    async with connect(conformance_2x_url) as client:
        yield client


@pytest.fixture(params=["async", "sync"])
def client(request: pytest.FixtureRequest, host: DurableHost) -> DurableClient:
    """The asynchronous client, then the synchronous one."""
    return DurableClient(host, request.param)
