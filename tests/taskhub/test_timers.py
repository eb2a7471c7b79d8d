"""Timers in the task hub: one host fires each, and what it recorded is there for the next."""

import pytest

from funchost.taskhub import LeaseLost, TaskHub
from funchost.taskhub.timers import TimerStatus
from tests.taskhub.stepping import OpenHub

STATUS = TimerStatus(1, 2, 3)


async def test_a_timer_is_leased_by_one_host(open_hub: OpenHub) -> None:
    first, second = await open_hub(), await open_hub()

    assert await first.lease_timer("tick")
    assert not await second.lease_timer("tick")
    assert await first.has_timer("tick")
    assert not await second.has_timer("tick")


async def test_its_holder_may_lease_it_again(hub: TaskHub) -> None:
    await hub.lease_timer("tick")

    assert await hub.lease_timer("tick")


async def test_two_timers_may_have_two_holders(open_hub: OpenHub) -> None:
    first, second = await open_hub(), await open_hub()

    assert await first.lease_timer("tick")
    assert await second.lease_timer("tock")


async def test_a_host_that_leaves_frees_its_timers_and_leaves_their_record(open_hub: OpenHub) -> None:
    leaving, staying = await open_hub(), await open_hub()
    await leaving.lease_timer("tick")
    await leaving.record_timer("tick", STATUS)

    await leaving.free_leases()

    assert await staying.lease_timer("tick")
    assert await staying.timer_status("tick") == STATUS


async def test_only_its_holder_records(open_hub: OpenHub) -> None:
    first, second = await open_hub(), await open_hub()
    await first.lease_timer("tick")

    with pytest.raises(LeaseLost):
        await second.record_timer("tick", STATUS)

    assert await first.timer_status("tick") is None


@pytest.mark.parametrize("status", [STATUS, TimerStatus(None, 2, 3), TimerStatus(1, None, 3)])
async def test_a_record_comes_back_as_it_was_written(hub: TaskHub, status: TimerStatus) -> None:
    await hub.lease_timer("tick")

    await hub.record_timer("tick", TimerStatus(7, 8, 9))
    await hub.record_timer("tick", status)

    assert await hub.timer_status("tick") == status


async def test_nothing_is_known_of_a_timer_that_was_only_leased(hub: TaskHub) -> None:
    await hub.lease_timer("tick")

    assert await hub.timer_status("tick") is None
