"""The loop of a dispatcher: limits, wake-ups, due times, and items that break."""

import asyncio
import logging
from collections.abc import Sequence

import pytest

from funchost.taskhub import LeaseLost
from tests.dispatch.number_queue import NumberQueue, until


async def test_all_that_waits_is_done_with_at_most_the_limit_running(queue: NumberQueue) -> None:
    queue.put(*range(20))
    await until(lambda: len(queue.done) == 20)
    assert sorted(queue.done) == list(range(20))
    assert queue.most_running == 3


async def test_a_place_that_becomes_free_is_taken_at_once(queue: NumberQueue) -> None:
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


async def test_a_place_goes_on_with_the_item_that_came_with_its_commit(queue: NumberQueue) -> None:
    queue.hands_on = True
    queue.put(*range(20))
    await until(lambda: len(queue.done) == 20)
    assert sorted(queue.done) == list(range(20))
    assert queue.most_running == 3
    assert queue.leases <= 3


async def test_a_place_that_goes_on_is_free_again_at_the_first_item_that_breaks(queue: NumberQueue) -> None:
    async def work(item: int) -> None:
        if item == 4:
            raise ArithmeticError

    queue.hands_on, queue.work = True, work
    queue.put(*range(10))
    await until(lambda: len(queue.done) == 9)
    assert queue.given_back == [4]


async def test_an_idle_dispatcher_asks_for_nothing_until_it_is_woken(queue: NumberQueue) -> None:
    await asyncio.sleep(0.05)
    assert queue.leases == 1
    queue.put(1)
    await until(lambda: queue.done == [1])


async def test_a_full_dispatcher_does_not_ask_for_work_that_it_cannot_take(queue: NumberQueue) -> None:
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


async def test_a_wake_up_during_the_leasing_is_not_missed(queue: NumberQueue) -> None:
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


async def test_what_is_due_by_itself_wakes_the_dispatcher(queue: NumberQueue) -> None:
    loop = asyncio.get_running_loop()
    due_at = loop.time() + 0.05
    queue.due.append((due_at, 7))
    queue.wake()
    await until(lambda: queue.done == [7])
    assert loop.time() >= due_at
    assert queue.leases < 6


async def test_an_item_that_breaks_is_given_back_and_stops_no_other(
    queue: NumberQueue, caplog: pytest.LogCaptureFixture
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


async def test_an_item_whose_lease_is_lost_meanwhile_is_not_given_back_again(queue: NumberQueue) -> None:
    tries = []

    async def give_back(item: int, pause_seconds: float, attempts: int) -> None:
        tries.append(item)
        raise LeaseLost("gone")

    async def work(item: int) -> None:
        raise ArithmeticError

    queue.work, queue._give_back = work, give_back  # type: ignore[method-assign]
    queue.put(1)
    await until(lambda: queue.running == 0 and bool(tries) and not queue._running)
    assert tries == [1]
