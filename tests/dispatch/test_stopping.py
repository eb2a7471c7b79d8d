"""Draining and stopping: nothing new is taken, what runs may end, the rest is free for others."""

import asyncio

from tests.dispatch.conftest import StartHost
from tests.dispatch.number_queue import NumberQueue, until


async def test_a_stop_waits_for_what_runs_and_takes_nothing_new(queue: NumberQueue) -> None:
    may_end = asyncio.Event()

    async def work(item: int) -> None:
        await may_end.wait()

    queue.work = work
    queue.put(1, 2, 3, 4)
    await until(lambda: queue.running == 3)
    stop = asyncio.create_task(queue.stop(10))
    await asyncio.sleep(0.01)
    assert not stop.done()
    may_end.set()
    await asyncio.wait_for(stop, 5)
    assert sorted(queue.done) == [1, 2, 3]
    assert queue.waiting == [4]


async def test_a_stop_does_not_wait_for_more_than_what_runs(queue: NumberQueue) -> None:
    may_end = asyncio.Event()

    async def work(item: int) -> None:
        await may_end.wait()

    queue.hands_on, queue.work = True, work
    queue.put(*range(10))
    await until(lambda: queue.running == 3)
    stop = asyncio.create_task(queue.stop(10))
    await asyncio.sleep(0)
    may_end.set()
    await asyncio.wait_for(stop, 5)
    assert sorted(queue.done) == [0, 1, 2]


async def test_a_stop_abandons_what_does_not_end_in_time(queue: NumberQueue) -> None:
    abandoned = []

    async def work(item: int) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            abandoned.append(item)
            raise

    queue.work = work
    queue.put(1, 2)
    await until(lambda: queue.running == 2)
    await asyncio.wait_for(queue.stop(0.02), 5)
    assert (sorted(abandoned), queue.done, queue.running) == ([1, 2], [], 0)


async def test_a_stop_without_a_start_is_fine() -> None:
    await NumberQueue(1).stop(1)


async def test_a_draining_dispatcher_takes_nothing_new_until_it_resumes(queue: NumberQueue) -> None:
    queue.drain()
    queue.put(1)
    await asyncio.sleep(0.01)
    assert queue.done == []
    queue.resume()
    await until(lambda: queue.done == [1])


async def test_the_leases_of_abandoned_work_are_free_when_the_host_is_gone(start_host: StartHost) -> None:
    begun, never = asyncio.Event(), asyncio.Event()

    async def work(text: str) -> str:
        begun.set()
        await never.wait()
        return "1"

    first = await start_host()
    first.pool.activities["say"] = work
    await first.app.start("fan_out", "one", None)
    await begun.wait()
    await first.stop(0.01)
    first.pool.activities["say"] = lambda text: "1"
    second = await start_host()
    assert (await second.end_of("one")).output == "30"
