"""The loop of a dispatcher: limits, wake-ups, due times, draining and stopping."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import pytest

from funchost.dispatch.dispatcher import Dispatcher
from funchost.taskhub import LeaseLost
from tests.dispatch.conftest import StartHost


class Queue(Dispatcher[int]):
    """Leases numbers from a list; `due` tells when those in `later` move there."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.waiting: list[int] = []
        self.rooms: list[int] = []
        self.leases = 0
        self.done: list[int] = []
        self.given_back: list[int] = []
        self.work: Callable[[int], Awaitable[None]] = self._at_once
        self.due: list[tuple[float, int]] = []
        self.running = self.most_running = 0

    async def _at_once(self, item: int) -> None:
        await asyncio.sleep(0)

    def put(self, *items: int) -> None:
        self.waiting += items
        self.wake()

    async def _lease(self, room: int) -> Sequence[int]:
        self.leases += 1
        self.rooms.append(room)
        now = asyncio.get_running_loop().time()
        self.waiting += [item for at, item in self.due if at <= now]
        self.due = [(at, item) for at, item in self.due if at > now]
        leased, self.waiting = self.waiting[:room], self.waiting[room:]
        return leased

    async def _seconds_until_due(self) -> float | None:
        now = asyncio.get_running_loop().time()
        return max(0.0, min(at for at, _ in self.due) - now) if self.due else None

    async def _work(self, item: int) -> None:
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await self.work(item)
            self.done.append(item)
        finally:
            self.running -= 1

    async def _give_back(self, item: int, pause_seconds: float) -> None:
        self.given_back.append(item)


@pytest.fixture
async def queue() -> AsyncIterator[Queue]:
    queue = Queue(3)
    queue.start()
    await asyncio.sleep(0)
    yield queue
    await queue.stop(0)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)


async def test_all_that_waits_is_done_with_at_most_the_limit_running(queue: Queue) -> None:
    queue.put(*range(20))
    await until(lambda: len(queue.done) == 20)
    assert sorted(queue.done) == list(range(20))
    assert queue.most_running == 3


async def test_a_place_that_becomes_free_is_taken_at_once(queue: Queue) -> None:
    hold = asyncio.Event()

    async def work(item: int) -> None:
        if item == 0:
            await hold.wait()

    queue.work = work
    queue.put(*range(10))
    await until(lambda: len(queue.done) == 9)
    assert 0 not in queue.done
    hold.set()
    await until(lambda: 0 in queue.done)


async def test_an_idle_dispatcher_asks_for_nothing_until_it_is_woken(queue: Queue) -> None:
    await asyncio.sleep(0.05)
    assert queue.leases == 1
    queue.put(1)
    await until(lambda: queue.done == [1])


async def test_a_full_dispatcher_does_not_ask_for_work_that_it_cannot_take(queue: Queue) -> None:
    hold = asyncio.Event()

    async def work(item: int) -> None:
        await hold.wait()

    queue.work = work
    queue.put(1, 2, 3, 4)
    await until(lambda: queue.running == 3)
    before = queue.leases
    for _ in range(5):
        queue.wake()
        await asyncio.sleep(0.001)
    assert queue.leases == before
    hold.set()
    await until(lambda: len(queue.done) == 4)
    assert all(room > 0 for room in queue.rooms)


async def test_a_wake_up_during_the_leasing_is_not_missed(queue: Queue) -> None:
    lease = queue._lease

    async def lease_slowly(room: int) -> Sequence[int]:
        leased = await lease(room)
        await asyncio.sleep(0.01)
        return leased

    queue._lease = lease_slowly  # type: ignore[method-assign]
    queue.put(1)
    await asyncio.sleep(0.005)
    queue.put(2)
    await until(lambda: queue.done == [1, 2])


async def test_what_is_due_by_itself_wakes_the_dispatcher(queue: Queue) -> None:
    loop = asyncio.get_running_loop()
    due_at = loop.time() + 0.05
    queue.due.append((due_at, 7))
    queue.wake()
    await until(lambda: queue.done == [7])
    assert loop.time() >= due_at
    assert queue.leases < 6


async def test_a_draining_dispatcher_takes_nothing_new_until_it_resumes(queue: Queue) -> None:
    queue.drain()
    queue.put(1)
    await asyncio.sleep(0.01)
    assert queue.done == []
    queue.resume()
    await until(lambda: queue.done == [1])


async def test_an_item_that_breaks_is_given_back_and_stops_no_other(
    queue: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(item: int) -> None:
        if item % 2:
            raise ArithmeticError(f"item {item}")

    queue.work = work
    queue.put(*range(6))
    await until(lambda: len(queue.done) + len(queue.given_back) == 6)
    assert (sorted(queue.done), sorted(queue.given_back)) == ([0, 2, 4], [1, 3, 5])
    broken = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [str(record.exc_info[1]) for record in broken if record.exc_info] == ["item 1", "item 3", "item 5"]


async def test_an_item_whose_lease_is_lost_meanwhile_is_not_given_back_again(queue: Queue) -> None:
    tries = []

    async def give_back(item: int, pause_seconds: float) -> None:
        tries.append(item)
        raise LeaseLost("gone")

    async def work(item: int) -> None:
        raise ArithmeticError

    queue.work, queue._give_back = work, give_back  # type: ignore[method-assign]
    queue.put(1)
    await until(lambda: queue.running == 0 and bool(tries) and not queue._running)
    assert tries == [1]


async def test_a_stop_waits_for_what_runs_and_takes_nothing_new(queue: Queue) -> None:
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


async def test_a_stop_abandons_what_does_not_end_in_time(queue: Queue) -> None:
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
    await Queue(1).stop(1)


async def test_the_leases_of_abandoned_work_are_free_when_the_host_is_gone(start_host: StartHost) -> None:
    begun, never = asyncio.Event(), asyncio.Event()

    async def work(text: str) -> str:
        begun.set()
        await never.wait()
        return "1"

    first = await start_host()
    first.pool.activities["say"] = work
    await first.hub.start("fan_out", "one", None)
    await begun.wait()
    await first.stop(0.01)
    first.pool.activities["say"] = lambda text: "1"
    second = await start_host()
    assert (await second.end_of("one")).output == "30"
