"""Timers in the task hub: one host fires each, and what it recorded is there for the next."""

import pytest

from funchost.taskhub import LeaseLost, TaskHub
from funchost.taskhub.timer_records import TimerStatus
from tests.taskhub.stepping import OpenHub

STATUS = TimerStatus(1, 2, 3)


async def test_a_timer_is_leased_by_one_host(open_hub: OpenHub) -> None:
    first, second = await open_hub(), await open_hub()

    assert await first.timers.lease("tick")
    assert not await second.timers.lease("tick")
    assert await first.timers.is_leased("tick")
    assert not await second.timers.is_leased("tick")


async def test_its_holder_may_lease_it_again(hub: TaskHub) -> None:
    await hub.timers.lease("tick")

    assert await hub.timers.lease("tick")


async def test_two_timers_may_have_two_holders(open_hub: OpenHub) -> None:
    first, second = await open_hub(), await open_hub()

    assert await first.timers.lease("tick")
    assert await second.timers.lease("tock")


async def test_a_host_that_leaves_frees_its_timers_and_leaves_their_record(open_hub: OpenHub) -> None:
    leaving, staying = await open_hub(), await open_hub()
    await leaving.timers.lease("tick")
    await leaving.timers.record("tick", STATUS)

    await leaving.free_leases()

    assert await staying.timers.lease("tick")
    assert await staying.timers.status("tick") == STATUS


async def test_only_its_holder_records(open_hub: OpenHub) -> None:
    first, second = await open_hub(), await open_hub()
    await first.timers.lease("tick")

    with pytest.raises(LeaseLost):
        await second.timers.record("tick", STATUS)

    assert await first.timers.status("tick") is None


@pytest.mark.parametrize("status", [STATUS, TimerStatus(None, 2, 3), TimerStatus(1, None, 3)])
async def test_a_record_comes_back_as_it_was_written(hub: TaskHub, status: TimerStatus) -> None:
    await hub.timers.lease("tick")

    await hub.timers.record("tick", TimerStatus(7, 8, 9))
    await hub.timers.record("tick", status)

    assert await hub.timers.status("tick") == status


async def test_nothing_is_known_of_a_timer_that_was_only_leased(hub: TaskHub) -> None:
    await hub.timers.lease("tick")

    assert await hub.timers.status("tick") is None
