"""How many requests run and wait. Expectations: Azure Functions host, HTTP throttling."""

import asyncio
from contextlib import AsyncExitStack
from http import HTTPStatus

import pytest

from funchost.http.site import RequestQueue, TooManyRequests
from funchost.settings import RequestLimits
from funchost.worker.invocations import Invocation, InvocationResult
from tests.http.conftest import Host, OpenHost
from tests.http.fakes import returned


async def test_without_limits_everybody_gets_a_place() -> None:
    queue = RequestQueue(None, None)
    async with AsyncExitStack() as stack:
        for _ in range(1000):
            await stack.enter_async_context(queue.place())


async def test_requests_beyond_those_that_may_run_wait_in_the_order_of_arrival() -> None:
    queue = RequestQueue(1, None)
    order: list[int] = []

    async def request(number: int) -> None:
        async with queue.place():
            order.append(number)
            await asyncio.sleep(0)

    async with asyncio.timeout(5):
        await asyncio.gather(*(request(number) for number in range(5)))
    assert order == [0, 1, 2, 3, 4]


async def test_requests_beyond_those_that_may_wait_are_refused_at_once() -> None:
    queue = RequestQueue(1, 2)
    async with queue.place():
        waiting = asyncio.create_task(queue.place().__aenter__())
        await asyncio.sleep(0)
        with pytest.raises(TooManyRequests):
            await queue.place().__aenter__()
    await waiting


async def test_a_place_is_free_again_after_a_failure() -> None:
    queue = RequestQueue(1, 1)
    for _ in range(2):
        with pytest.raises(ValueError, match="no good"):
            async with queue.place():
                raise ValueError("no good")


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
