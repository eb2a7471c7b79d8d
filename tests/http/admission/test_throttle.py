"""How many requests run and wait."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from funchost.http.admission.throttle import RequestQueue, TooManyRequests


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
