"""Limits of running and waiting requests. Expectations: Azure Functions host, HTTP throttling."""

import asyncio
from http import HTTPStatus

from funchost.settings import RequestLimits
from funchost.worker.invocations import Invocation, InvocationResult
from tests.http.conftest import Host, OpenHost
from tests.http.fakes import returned


async def test_requests_beyond_the_limit_are_a_429_that_asks_for_more_hosts(open_host: OpenHost) -> None:
    host = await open_host(request_limits=RequestLimits(max_concurrent=1, max_outstanding=2))
    entered, go_on = asyncio.Semaphore(0), asyncio.Event()
    running = 0

    async def slow(_: Invocation) -> InvocationResult:
        nonlocal running
        running += 1
        assert running == 1
        entered.release()
        await go_on.wait()
        running -= 1
        return returned(b"done")

    host.serve(slow)
    first = asyncio.create_task(_status(host))
    await entered.acquire()
    second = asyncio.create_task(_status(host))
    async with asyncio.timeout(5):
        # The second request may arrive after this one; whichever is third is refused.
        third = asyncio.create_task(_status(host))
        done, _ = await asyncio.wait([second, third], return_when=asyncio.FIRST_COMPLETED)
        assert done.pop().result() == (HTTPStatus.TOO_MANY_REQUESTS, "1")
        async with host.client.get(host.app_url("/admin/host/status")) as response:
            assert response.status == 200
        go_on.set()
        statuses = sorted([(await each)[0] for each in (first, second, third)])
    assert statuses == [200, 200, 429]


async def _status(host: Host) -> tuple[int, str | None]:
    async with host.client.get(host.app_url("/api/hello")) as response:
        return response.status, response.headers.get("X-FUNCTION-SCALEOUT")
