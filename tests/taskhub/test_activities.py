"""Activities: leased by one host, run at least once, heard once."""

from pathlib import Path

import pytest

from funchost.durable.events import EventType
from funchost.durable.model import Status
from funchost.taskhub import LeaseLost, TaskHub
from funchost.taskhub.clock import clock
from tests.taskhub.stepping import (
    SECOND,
    OpenHub,
    activity_result,
    lease,
    lease_activity,
    lease_one,
    query,
    schedule_activities,
    step,
)


async def test_activities_are_leased_in_the_order_of_scheduling_up_to_the_limit(hub: TaskHub) -> None:
    await schedule_activities(hub, "one", 5)
    assert [each.name for each in await hub.lease_activities(2)] == ["activity0", "activity1"]
    assert [each.task_id for each in await hub.lease_activities(9)] == [2, 3, 4]
    assert await hub.lease_activities(9) == []


async def test_a_leased_activity_carries_what_is_needed_to_run_it(hub: TaskHub) -> None:
    await schedule_activities(hub, "one", 1)
    instance = await hub.get("one")
    activity = await lease_activity(hub)
    assert instance is not None
    assert (activity.instance_id, activity.execution_id) == ("one", instance.execution_id)
    assert (activity.task_id, activity.name, activity.input) == (0, "activity0", "null")


async def test_an_outcome_takes_the_place_of_its_activity(hub: TaskHub, folder: Path) -> None:
    await schedule_activities(hub, "one", 1)
    activity = await lease_activity(hub)
    assert await lease(hub) == []
    await hub.finish_activity(activity, activity_result(0, '"done"'))
    leased = await lease_one(hub)
    (message,) = leased.messages
    assert (message.event.type, message.event.task_id) == (EventType.TASK_COMPLETED, 0)
    assert message.execution_id == leased.instance.execution_id
    assert query(folder, "SELECT count(*) FROM activities") == [(0,)]


async def test_an_outcome_that_is_handed_in_twice_counts_once(hub: TaskHub) -> None:
    await schedule_activities(hub, "one", 1)
    activity = await lease_activity(hub)
    await hub.finish_activity(activity, activity_result(0))
    with pytest.raises(LeaseLost):
        await hub.finish_activity(activity, activity_result(0))
    assert len((await lease_one(hub)).messages) == 1


async def test_a_returned_activity_runs_again_anywhere(open_hub: OpenHub) -> None:
    one, other = await open_hub(), await open_hub()
    await schedule_activities(one, "one", 1)
    first = await lease_activity(one)
    await one.return_activity(first.activity_id)
    assert await lease_activity(other) == first
    with pytest.raises(LeaseLost):
        await one.finish_activity(first, activity_result(0))
    await other.finish_activity(first, activity_result(0))


async def test_a_host_cannot_return_what_another_has_leased(open_hub: OpenHub) -> None:
    one, other = await open_hub(), await open_hub()
    await schedule_activities(one, "one", 1)
    activity = await lease_activity(one)
    await other.return_activity(activity.activity_id)
    assert await other.lease_activities(1) == []
    await one.finish_activity(activity, activity_result(0))


async def test_a_postponed_activity_waits_with_its_new_input(hub: TaskHub) -> None:
    await schedule_activities(hub, "one", 2)
    first, second = await hub.lease_activities(2)
    later = clock() + 100 * SECOND
    await hub.postpone_activity(first, '"later"', later)
    assert await hub.lease_activities(9) == []
    assert await hub.next_activity_at() == later
    await hub.postpone_activity(second, '"now"', clock() - 1)
    assert (await lease_activity(hub)).input == '"now"'
    with pytest.raises(LeaseLost):
        await hub.postpone_activity(first, '"again"', 0)


async def test_nothing_is_due_when_no_activity_waits(hub: TaskHub) -> None:
    assert await hub.next_activity_at() is None
    await schedule_activities(hub, "one", 1)
    await lease_activity(hub)
    assert await hub.next_activity_at() is None


async def test_an_outcome_for_an_ended_instance_is_dropped(hub: TaskHub, folder: Path) -> None:
    await schedule_activities(hub, "one", 1)
    activity = await lease_activity(hub)
    await hub.terminate("one", "why")
    await step(hub, Status.TERMINATED)
    await hub.finish_activity(activity, activity_result(0))
    assert query(folder, "SELECT count(*) FROM messages") == [(0,)]
    assert await lease(hub) == []


async def test_activities_of_an_ended_instance_still_run(hub: TaskHub) -> None:
    await schedule_activities(hub, "one", 1)
    await hub.terminate("one", "why")
    await step(hub, Status.TERMINATED)
    assert (await lease_activity(hub)).name == "activity0"


async def test_an_outcome_is_exchanged_for_the_next_activity_in_the_same_commit(hub: TaskHub) -> None:
    await schedule_activities(hub, "one", 2)
    (first,) = await hub.lease_activities(1)
    second = await hub.finish_activity(first, activity_result(0), take_next=True)
    assert second is not None
    assert second.task_id == 1
    assert await hub.finish_activity(second, activity_result(1), take_next=True) is None


async def test_no_activity_is_taken_with_an_outcome_that_is_refused(hub: TaskHub) -> None:
    await schedule_activities(hub, "one", 2)
    (first,) = await hub.lease_activities(1)
    await hub.finish_activity(first, activity_result(0))
    with pytest.raises(LeaseLost):
        await hub.finish_activity(first, activity_result(0), take_next=True)
    assert [each.task_id for each in await hub.lease_activities(9)] == [1]
