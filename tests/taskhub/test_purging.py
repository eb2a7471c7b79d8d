"""Purging: what may be deleted, and what is gone with it."""

from pathlib import Path

import pytest

from funchost.durable.instances import InstanceFilter, Status
from funchost.durable.refusals import WrongState
from funchost.taskhub import LeaseLost, TaskHub
from tests.taskhub.stepping import (
    activity_result,
    client,
    commit_of,
    lease,
    lease_activity,
    query,
    run_to,
    schedule_activities,
    step,
)

ENDED = [status for status in Status if status.is_final]
ALIVE = [status for status in Status if not status.is_final]


async def left_of(folder: Path, instance_id: str) -> dict[str, int]:
    tables = ("instances", "mailboxes", "messages", "history")
    sql = "SELECT count(*) FROM {} WHERE instance_id = ?"
    return {table: query(folder, sql.format(table), instance_id)[0][0] for table in tables}


@pytest.mark.parametrize("status", ENDED)
async def test_of_an_ended_instance_nothing_is_left(hub: TaskHub, folder: Path, status: Status) -> None:
    await run_to(hub, "one", status)
    assert (await left_of(folder, "one"))["history"] == 1
    assert await client(hub).purge("one")
    assert set((await left_of(folder, "one")).values()) == {0}
    assert await client(hub).get("one") is None


async def test_an_unknown_instance_is_not_purged(hub: TaskHub) -> None:
    assert not await client(hub).purge("nobody")


@pytest.mark.parametrize("status", ALIVE)
async def test_an_instance_that_lives_is_kept(hub: TaskHub, status: Status) -> None:
    await run_to(hub, "one", status)
    with pytest.raises(
        WrongState, match=f"'one' cannot be purged while its status is {status}. Terminate it"
    ):
        await client(hub).purge("one")
    assert await client(hub).get("one") is not None


async def test_a_purged_id_starts_with_the_first_generation_again(hub: TaskHub) -> None:
    await run_to(hub, "one", Status.COMPLETED)
    await client(hub).start("hello", "one", None)
    await step(hub, Status.COMPLETED)
    await client(hub).purge("one")
    assert (await client(hub).start("hello", "one", None)).generation == 0


async def test_an_activity_of_a_purged_instance_ends_without_being_heard(hub: TaskHub) -> None:
    await schedule_activities(hub, "one", 1)
    activity = await lease_activity(hub)
    await client(hub).terminate("one", "why")
    await step(hub, Status.TERMINATED)
    await client(hub).purge("one")
    await client(hub).start("hello", "one", None)
    await step(hub)
    await hub.work.finish_activity(activity, activity_result(0))
    # It is heard of, but aimed at the old execution.
    (leased,) = await lease(hub)
    (message,) = leased.messages
    assert message.execution_id == activity.task.execution_id != leased.instance.execution_id


async def test_a_filter_deletes_what_has_ended_and_counts_it(hub: TaskHub) -> None:
    for status in Status:
        await run_to(hub, f"is{status}", status)
    assert await client(hub).purge_where(InstanceFilter()) == len(ENDED)
    left, _ = await client(hub).find(InstanceFilter(), 100)
    assert {instance.status for instance in left} == set(ALIVE)
    assert await client(hub).purge_where(InstanceFilter()) == 0


async def test_a_filter_deletes_only_the_statuses_it_names(hub: TaskHub, folder: Path) -> None:
    for status in (Status.FAILED, Status.COMPLETED, Status.RUNNING):
        await run_to(hub, f"is{status}", status)
    assert (
        await client(hub).purge_where(InstanceFilter(statuses=frozenset({Status.FAILED, Status.RUNNING})))
        == 1
    )
    assert set((await left_of(folder, "isFailed")).values()) == {0}
    assert await client(hub).get("isCompleted") is not None
    assert await client(hub).get("isRunning") is not None


async def test_a_filter_of_statuses_that_live_deletes_nothing(hub: TaskHub) -> None:
    await run_to(hub, "one", Status.COMPLETED)
    await run_to(hub, "two", Status.RUNNING)
    assert await client(hub).purge_where(InstanceFilter(statuses=frozenset({Status.RUNNING}))) == 0


async def test_a_filter_deletes_within_its_bounds_and_its_prefix(hub: TaskHub) -> None:
    for name in ("a1", "a2", "b1"):
        await run_to(hub, name, Status.COMPLETED)
    second = await client(hub).get("a2")
    assert second is not None
    assert await client(hub).purge_where(InstanceFilter(created_from=second.created_at, prefix="a")) == 1
    assert [await client(hub).get(name) is None for name in ("a1", "a2", "b1")] == [False, True, False]


async def test_a_filter_leaves_entities_alone(hub: TaskHub) -> None:
    await client(hub).signal_entity("@counter@one", "add", None)
    assert await client(hub).purge_where(InstanceFilter()) == 0


async def test_an_episode_of_a_purged_entity_is_dropped(hub: TaskHub) -> None:
    await client(hub).signal_entity("@counter@one", "add", None)
    (leased,) = await lease(hub)
    await client(hub).purge("@counter@one")
    with pytest.raises(LeaseLost):
        await hub.work.commit_episode(leased, commit_of(leased))
    assert await client(hub).get("@counter@one") is None
