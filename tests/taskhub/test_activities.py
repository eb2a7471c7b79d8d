"""Activities: leased by one host, run at least once, heard once."""

from dataclasses import replace
from pathlib import Path

import pytest

from funchost.durable.events import TaskCompleted
from funchost.durable.instances import Status
from funchost.taskhub import LeaseLost, TaskHub
from tests.taskhub.stepping import (
    ALL,
    SECOND,
    OpenHub,
    activity_result,
    client,
    clock,
    commit_of,
    lease,
    lease_activities,
    lease_activity,
    lease_one,
    query,
    schedule_activities,
    step,
)


async def test_activities_are_leased_in_the_order_of_scheduling_up_to_the_limit(hub: TaskHub) -> None:
    await schedule_activities(hub, "one", 5)
    assert [each.task.name for each in await lease_activities(hub, 2)] == ["activity0", "activity1"]
    assert [each.task.task_id for each in await lease_activities(hub, 9)] == [2, 3, 4]
    assert await lease_activities(hub, 9) == []


async def test_a_leased_activity_carries_what_is_needed_to_run_it(hub: TaskHub) -> None:
    await schedule_activities(hub, "one", 1)
    instance = await client(hub).get("one")
    activity = await lease_activity(hub)
    assert instance is not None
    assert (activity.task.instance_id, activity.task.execution_id) == ("one", instance.execution_id)
    assert (activity.task.task_id, activity.task.name, activity.task.input) == (0, "activity0", "null")


async def test_an_outcome_takes_the_place_of_its_activity(hub: TaskHub, folder: Path) -> None:
    await schedule_activities(hub, "one", 1)
    activity = await lease_activity(hub)
    assert await lease(hub) == []
    await hub.work.finish_activity(activity, activity_result(0, '"done"'))
    leased = await lease_one(hub)
    (message,) = leased.messages
    assert isinstance(message.event, TaskCompleted)
    assert (message.event.task_id, message.event.result) == (0, '"done"')
    assert message.execution_id == leased.instance.execution_id
    assert query(folder, "SELECT count(*) FROM activities") == [(0,)]


async def test_an_outcome_that_is_handed_in_twice_counts_once(hub: TaskHub) -> None:
    await schedule_activities(hub, "one", 1)
    activity = await lease_activity(hub)
    await hub.work.finish_activity(activity, activity_result(0))
    with pytest.raises(LeaseLost):
        await hub.work.finish_activity(activity, activity_result(0))
    assert len((await lease_one(hub)).messages) == 1


async def test_a_returned_activity_runs_again_anywhere(open_hub: OpenHub) -> None:
    one, other = await open_hub(), await open_hub()
    await schedule_activities(one, "one", 1)
    first = await lease_activity(one)
    await one.work.return_activity(first, 0, 0)
    second = await lease_activity(other)
    assert second.task == first.task
    with pytest.raises(LeaseLost):
        await one.work.finish_activity(first, activity_result(0))
    await other.work.finish_activity(second, activity_result(0))


async def test_a_host_cannot_return_what_another_has_leased(open_hub: OpenHub) -> None:
    one, other = await open_hub(), await open_hub()
    await schedule_activities(one, "one", 1)
    activity = await lease_activity(one)
    await other.work.return_activity(activity, 0, 0)
    assert await lease_activities(other, 1) == []
    await one.work.finish_activity(activity, activity_result(0))


async def test_a_postponed_activity_waits_with_its_new_input(hub: TaskHub) -> None:
    await schedule_activities(hub, "one", 2)
    first, second = await lease_activities(hub, 2)
    later = clock() + 100 * SECOND
    await hub.work.postpone_activity(first, '"later"', later)
    assert await lease_activities(hub, 9) == []
    assert await hub.work.next_activity_at(ALL) == later
    await hub.work.postpone_activity(second, '"now"', clock() - 1)
    assert (await lease_activity(hub)).task.input == '"now"'
    with pytest.raises(LeaseLost):
        await hub.work.postpone_activity(first, '"again"', 0)


async def test_nothing_is_due_when_no_activity_waits(hub: TaskHub) -> None:
    assert await hub.work.next_activity_at(ALL) is None
    await schedule_activities(hub, "one", 1)
    await lease_activity(hub)
    assert await hub.work.next_activity_at(ALL) is None


async def test_an_outcome_for_an_ended_instance_is_dropped(hub: TaskHub, folder: Path) -> None:
    await schedule_activities(hub, "one", 1)
    activity = await lease_activity(hub)
    await client(hub).terminate("one", "why")
    await step(hub, Status.TERMINATED)
    await hub.work.finish_activity(activity, activity_result(0))
    assert query(folder, "SELECT count(*) FROM messages") == [(0,)]
    assert await lease(hub) == []


async def test_a_lease_that_ended_and_was_had_again_by_the_same_host_is_another_one(hub: TaskHub) -> None:
    await schedule_activities(hub, "one", 1)
    stale = await lease_activity(hub)
    await hub.free_leases()
    current = await lease_activity(hub)
    for hand_in in (
        hub.work.finish_activity(stale, activity_result(0)),
        hub.work.postpone_activity(stale, '"later"', 0),
    ):
        with pytest.raises(LeaseLost):
            await hand_in
    await hub.work.return_activity(stale, 0, 0)
    assert await lease_activities(hub) == []
    await hub.work.finish_activity(current, activity_result(0))


async def end(hub: TaskHub, status: Status) -> None:
    """End the only instance that has something to do, which is sent something to do."""
    if status is Status.TERMINATED:
        await client(hub).terminate("one", "why")
    else:
        await client(hub).raise_event("one", "go", "1")
    await step(hub, status)


ENDED = [status for status in Status if status.is_final]


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.FAILED])
async def test_activities_of_an_ended_instance_that_no_host_has_begun_still_run(
    hub: TaskHub, status: Status
) -> None:
    await schedule_activities(hub, "one", 1)
    await end(hub, status)
    assert (await lease_activity(hub)).task.name == "activity0"


@pytest.mark.parametrize("status", ENDED)
async def test_an_activity_that_was_begun_before_its_instance_ended_is_not_begun_again(
    hub: TaskHub, folder: Path, status: Status
) -> None:
    await schedule_activities(hub, "one", 4)
    lost, given_back, polls, left = await lease_activities(hub, 4)
    await hub.work.return_activity(lost, 0.001, 1)
    await end(hub, status)
    await hub.work.return_activity(given_back, 0, 0)
    with pytest.raises(LeaseLost):
        await hub.work.postpone_activity(polls, '"ask again"', 0)
    await hub.free_leases()
    assert query(folder, "SELECT count(*) FROM activities") == [(0,)]
    with pytest.raises(LeaseLost):
        await hub.work.finish_activity(left, activity_result(3))


async def test_an_activity_of_an_earlier_execution_is_not_begun_again(hub: TaskHub, folder: Path) -> None:
    await schedule_activities(hub, "one", 2)
    lost, given_back = await lease_activities(hub, 2)
    await hub.work.return_activity(lost, 0.001, 1)
    await client(hub).raise_event("one", "go", "1")
    leased = await lease_one(hub)
    commit = commit_of(leased)
    commit.instance = replace(commit.instance, execution_id="next")
    await hub.work.commit_episode(leased, commit)
    await hub.work.return_activity(given_back, 0.001, 1)
    assert query(folder, "SELECT count(*) FROM activities") == [(0,)]


@pytest.mark.parametrize("is_started_again", [False, True])
async def test_of_a_purged_instance_no_activity_is_left_to_run(
    hub: TaskHub, folder: Path, is_started_again: bool
) -> None:
    await schedule_activities(hub, "one", 3)
    given_back, left, waiting = await lease_activities(hub, 3)
    await hub.work.return_activity(waiting, 0, 0)
    await end(hub, Status.COMPLETED)
    await client(hub).purge("one")
    if is_started_again:
        await client(hub).start("work", "one", None)
    await hub.work.return_activity(given_back, 0, 0)
    assert query(folder, "SELECT activity_id FROM activities") == [(left.activity_id,)]
    await hub.free_leases()
    assert query(folder, "SELECT count(*) FROM activities") == [(0,)]


async def test_activities_of_a_terminated_instance_that_no_host_has_begun_are_withdrawn(hub: TaskHub) -> None:
    await schedule_activities(hub, "one", 2)
    begun = await lease_activity(hub)
    await end(hub, Status.TERMINATED)
    assert await lease_activities(hub) == []
    await hub.work.finish_activity(begun, activity_result(0))


async def test_an_outcome_is_exchanged_for_the_next_activity_in_the_same_commit(hub: TaskHub) -> None:
    await schedule_activities(hub, "one", 2)
    (first,) = await lease_activities(hub, 1)
    second = await hub.work.finish_activity(first, activity_result(0), take_next=ALL)
    assert second is not None
    assert second.task.task_id == 1
    assert await hub.work.finish_activity(second, activity_result(1), take_next=ALL) is None


async def test_no_activity_is_taken_with_an_outcome_that_is_refused(hub: TaskHub) -> None:
    await schedule_activities(hub, "one", 2)
    (first,) = await lease_activities(hub, 1)
    await hub.work.finish_activity(first, activity_result(0))
    with pytest.raises(LeaseLost):
        await hub.work.finish_activity(first, activity_result(0), take_next=ALL)
    assert [each.task.task_id for each in await lease_activities(hub, 9)] == [1]
