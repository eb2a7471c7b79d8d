"""Start and end of the front end, and the workers' private port."""

import asyncio
import socket

import aiohttp
import pytest

from funchost.http import front_end
from funchost.http.router import RouteError
from funchost.worker.invocations import Invocation, InvocationResult
from tests.http.conftest import Host, OpenHost
from tests.http.fakes import http_function, instance, returned


async def test_a_request_during_the_start_waits_and_is_answered(open_host: OpenHost) -> None:
    host = await open_host(ready=False)
    request = asyncio.create_task(host.client.get(host.app_url("/api/hello")).__aenter__())
    done, _ = await asyncio.wait([request], timeout=0.05)
    assert not done
    host.serve(lambda _: returned(b"fine"))
    async with await request as response:
        assert await response.text() == "fine"


async def test_ping_and_status_answer_during_the_start(open_host: OpenHost) -> None:
    host = await open_host(ready=False)
    async with host.client.get(host.app_url("/admin/host/status")) as response:
        assert (await response.json())["state"] == "Starting"
    async with host.client.post(host.app_url("/admin/host/ping")) as response:
        assert (response.status, await response.read()) == (200, b"")


async def test_a_request_that_waits_too_long_for_the_start_is_a_503(
    open_host: OpenHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(front_end, "STARTUP_PATIENCE_SECONDS", 0.01)
    host = await open_host(ready=False)
    async with host.client.get(host.app_url("/api/hello")) as response:
        assert (response.status, await response.text()) == (503, "Function host is not running.")


async def test_a_start_that_fails_ends_the_wait(open_host: OpenHost) -> None:
    host = await open_host(ready=False)
    request = asyncio.create_task(host.client.get(host.app_url("/api/hello")).__aenter__())
    await asyncio.wait([request], timeout=0.05)
    host.front.fail("The app is broken.")
    async with await request as response:
        assert response.status == 503


async def test_a_route_that_cannot_be_registered_ends_the_start(open_host: OpenHost) -> None:
    host = await open_host(ready=False)
    with pytest.raises(RouteError, match="separator character '/' cannot appear consecutively"):
        host.ready([http_function("hello", route="/hello")])


async def test_stopping_lets_a_running_request_end_and_takes_no_new_one(host: Host) -> None:
    entered, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_: Invocation) -> InvocationResult:
        entered.set()
        await go_on.wait()
        return returned(b"done")

    host.serve(slow)
    running = asyncio.create_task(host.client.get(host.app_url("/api/hello")).__aenter__())
    await entered.wait()
    stopping = asyncio.create_task(host.front.stop(5))
    await asyncio.wait([stopping], timeout=0.05)
    with pytest.raises(aiohttp.ClientConnectorError):
        await host.client.get(host.app_url("/api/hello"))
    assert not stopping.done()
    go_on.set()
    async with await running as response:
        assert await response.text() == "done"
    await stopping


async def test_stopping_does_not_wait_longer_than_told(host: Host) -> None:
    entered = asyncio.Event()

    async def endless(_: Invocation) -> InvocationResult:
        entered.set()
        await asyncio.Event().wait()
        return returned(b"")

    host.serve(endless)
    running = asyncio.create_task(host.client.get(host.app_url("/api/hello")).__aenter__())
    await entered.wait()
    async with asyncio.timeout(2):
        await host.front.stop(0.05)
    with pytest.raises(aiohttp.ClientError):
        await running


async def test_stopping_does_not_wait_for_idle_connections(host: Host) -> None:
    async with host.client.get(host.app_url("/admin/host/ping")):
        pass
    async with asyncio.timeout(2):
        await host.front.stop(60)


async def test_the_port_is_free_after_the_stop(host: Host) -> None:
    await host.front.stop(1)
    socket.create_server(("127.0.0.1", host.port)).close()


async def test_the_private_port_serves_the_durable_api_below_its_secret(host: Host) -> None:
    host.hub.put(instance("abc"))
    assert host.front.rpc_base_url.startswith("http://127.0.0.1:")
    async with host.client.get(f"{host.front.rpc_base_url}instances/abc") as response:
        assert response.status == 202
        assert (await response.json())["instanceId"] == "abc"


async def test_urls_given_on_the_private_port_point_at_the_public_one(host: Host) -> None:
    url = f"{host.front.rpc_base_url}orchestrators/hello_orchestrator"
    async with host.client.post(url) as response:
        payload = await response.json()
    assert payload["statusQueryGetUri"].startswith(host.durable_url("instances/"))


async def test_the_private_port_hides_everything_without_the_secret(host: Host) -> None:
    host.hub.put(instance("abc"))
    root = host.front.rpc_base_url.rsplit("/", 3)[0]
    for path in ("/", "/durabletask/instances/abc", "/guess/durabletask/instances/abc", "/é/durabletask/x"):
        async with host.client.get(root + path) as response:
            assert (response.status, await response.read()) == (404, b"")


async def test_the_private_port_outlives_the_public_one(host: Host) -> None:
    await host.front.stop(1)
    async with host.client.get(f"{host.front.rpc_base_url}instances") as response:
        assert response.status == 200
