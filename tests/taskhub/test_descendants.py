"""Instances with all that is below them: ended together, deleted together; purges of many."""

from dataclasses import replace

import pytest

from funchost.durable.commit import NewInstance
from funchost.durable.events import ExecutionStarted, ExecutionTerminated
from funchost.durable.instances import InstanceFilter, Status
from funchost.taskhub import LeasedInstance, TaskHub
from funchost.taskhub.removal import BATCH
from tests.taskhub.stepping import client, commit_of, lease, lease_one, run_to


async def start_family(hub: TaskHub, *ids: str) -> None:
    """Start the first; each of the others is a sub-orchestration of the one before it. All of them run."""
    await client(hub).start("work", ids[0], None)
    for child in (*ids[1:], None):
        leased = await lease_one(hub)
        commit = commit_of(leased)
        if child is not None:
            commit.new_instances.append(_child(leased, child))
        await hub.work.commit_episode(leased, commit)


def _child(parent: LeasedInstance, instance_id: str) -> NewInstance:
    instance = replace(
        parent.instance,
        instance_id=instance_id,
        execution_id=f"execution of {instance_id}",
        status=Status.PENDING,
        parent_instance_id=parent.instance.instance_id,
        parent_execution_id=parent.instance.execution_id,
        parent_task_id=0,
    )
    return NewInstance(instance, ExecutionStarted(instance.created_at, "work"))


async def end(hub: TaskHub, instance_id: str) -> None:
    """Have the instance end, whatever it waits for."""
    await client(hub).raise_event(instance_id, "end", None)
    leased = await lease_one(hub)
    assert leased.instance.instance_id == instance_id
    await hub.work.commit_episode(leased, commit_of(leased, Status.COMPLETED))


async def left(hub: TaskHub) -> list[str]:
    found, _ = await client(hub).find(InstanceFilter(), 1000)
    return [instance.instance_id for instance in found]


async def test_a_recursive_termination_reaches_all_that_run_below(hub: TaskHub) -> None:
    await start_family(hub, "parent", "child", "grandchild")
    await run_to(hub, "other", Status.RUNNING)
    await client(hub).terminate("parent", "why", recursive=True)
    leased = await lease(hub, 10)
    assert {item.instance.instance_id for item in leased} == {"parent", "child", "grandchild"}
    assert {type(item.messages[0].event) for item in leased} == {ExecutionTerminated}


async def test_a_recursive_termination_passes_those_that_have_ended(hub: TaskHub) -> None:
    await start_family(hub, "parent", "child", "grandchild")
    await end(hub, "child")
    await client(hub).terminate("parent", "why", recursive=True)
    leased = await lease(hub, 10)
    assert {item.instance.instance_id for item in leased} == {"parent", "grandchild"}


async def test_a_plain_termination_reaches_one(hub: TaskHub) -> None:
    await start_family(hub, "parent", "child")
    await client(hub).terminate("parent", "why")
    assert (await lease_one(hub)).instance.instance_id == "parent"


async def test_a_recursive_purge_deletes_what_has_ended_below(hub: TaskHub) -> None:
    await start_family(hub, "parent", "child", "grandchild", "youngest")
    for instance_id in ("parent", "grandchild"):
        await end(hub, instance_id)
    assert await client(hub).purge("parent", recursive=True) == 2
    assert await left(hub) == ["child", "youngest"]


async def test_a_plain_purge_deletes_one(hub: TaskHub) -> None:
    await start_family(hub, "parent", "child")
    for instance_id in ("parent", "child"):
        await end(hub, instance_id)
    assert await client(hub).purge("parent") == 1
    assert await left(hub) == ["child"]


@pytest.mark.parametrize(("recursive", "rest"), [(True, []), (False, ["a2"])])
async def test_a_filter_means_those_below_only_when_that_is_asked(
    hub: TaskHub, recursive: bool, rest: list[str]
) -> None:
    await start_family(hub, "b1", "a2")
    for instance_id in ("b1", "a2"):
        await end(hub, instance_id)
    purged = await client(hub).purge_where(InstanceFilter(prefix="b"), recursive=recursive)
    assert purged.deleted == 2 - len(rest)
    assert await left(hub) == rest


async def test_nothing_is_counted_twice_when_a_filter_means_parent_and_child(hub: TaskHub) -> None:
    await start_family(hub, "parent", "child")
    for instance_id in ("parent", "child"):
        await end(hub, instance_id)
    assert (await client(hub).purge_where(InstanceFilter(), recursive=True)).deleted == 2


async def test_a_purge_of_many_takes_several_transactions_and_leaves_nothing(hub: TaskHub) -> None:
    for number in range(BATCH + 1):
        await run_to(hub, str(number), Status.COMPLETED)
    purged = await client(hub).purge_where(InstanceFilter())
    assert (purged.deleted, purged.is_complete) == (BATCH + 1, True)
    assert await left(hub) == []


async def test_a_purge_stops_when_its_time_is_over_and_can_be_asked_again(hub: TaskHub) -> None:
    for number in range(BATCH + 1):
        await run_to(hub, str(number), Status.COMPLETED)
    purged = await client(hub).purge_where(InstanceFilter(), seconds=0)
    assert (purged.deleted, purged.is_complete) == (BATCH, False)
    assert len(await left(hub)) == 1
    assert (await client(hub).purge_where(InstanceFilter())).deleted == 1
