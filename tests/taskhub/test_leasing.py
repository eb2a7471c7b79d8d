"""Which of the work that waits is leased: in fair order, and without the functions that a host leaves out."""

from collections.abc import Iterable

import pytest

from funchost.durable.instances import SdkProtocol, Status
from funchost.taskhub import Selection, TaskHub, leasing
from tests.taskhub.stepping import (
    ALL,
    client,
    clock,
    lease,
    lease_activities,
    lease_activity,
    run_to,
    schedule_activities,
)


async def start(hub: TaskHub, *names: str) -> None:
    for name in names:
        await client(hub).start("work", name, None)


async def begin(hub: TaskHub, *names: str) -> None:
    """Have instances begin and make them ready again."""
    for name in names:
        await run_to(hub, name, Status.RUNNING)
    for name in names:
        await client(hub).raise_event(name, "go", None)


def ids(leased: Iterable[leasing.LeasedInstance]) -> list[str]:
    return [item.instance.instance_id for item in leased]


async def leased_one_by_one(hub: TaskHub, count: int) -> list[str]:
    return [name for _ in range(count) for name in ids(await lease(hub))]


async def test_what_has_begun_comes_before_what_waits_longer_and_has_not(hub: TaskHub) -> None:
    await begin(hub, "begun1", "begun2")
    await client(hub).raise_event("begun1", "again", None)
    await hub.free_leases()
    await start(hub, "new1", "new2")
    assert ids(await lease(hub, 3)) == ["begun1", "begun2", "new1"]


async def test_of_eight_leases_one_begins_with_the_oldest_and_one_with_the_newest(hub: TaskHub) -> None:
    names = [f"begun{number}" for number in range(8)]
    await begin(hub, *names)
    await start(hub, "new1", "new2", "new3")
    hub.work._leasing = leasing.Leasing(hub.host_id)

    order = await leased_one_by_one(hub, 9)

    assert order == [*names[:3], "new1", *names[3:6], "new3", names[6]]


async def test_when_nothing_has_begun_the_oldest_comes_first_except_at_the_turn_of_the_newest(
    hub: TaskHub,
) -> None:
    names = [f"new{number}" for number in range(12)]
    await start(hub, *names)
    order = await leased_one_by_one(hub, 12)
    assert order == [*names[:7], names[-1], *names[7:11]]


async def test_while_many_activities_wait_instances_begin_at_their_turns_only(
    hub: TaskHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leasing, "_MANY_ACTIVITIES", 5)
    await schedule_activities(hub, "busy", 5)
    hub.work._leasing = leasing.Leasing(hub.host_id)
    await start(hub, "new1", "new2", "new3")

    assert await leased_one_by_one(hub, 8) == ["new1", "new3"]
    ready_at = await hub.work.next_instance_at(ALL)
    assert ready_at is not None
    assert ready_at > clock()
    await lease_activity(hub)
    assert ids(await lease(hub, 2)) == ["new2"]


async def test_of_four_leases_one_begins_with_the_newest_activity(hub: TaskHub) -> None:
    await schedule_activities(hub, "one", 8)
    order = [item.task.task_id for _ in range(6) for item in await lease_activities(hub)]
    assert order == [0, 1, 2, 7, 3, 4]


async def test_the_newest_activity_is_followed_by_the_oldest_in_the_same_lease(hub: TaskHub) -> None:
    await schedule_activities(hub, "one", 8)
    for _ in range(3):
        await lease_activity(hub)
    assert [item.task.task_id for item in await lease_activities(hub, 3)] == [7, 3, 4]
    assert [item.task.task_id for item in await lease_activities(hub, 9)] == [5, 6]


async def test_an_activity_that_is_tried_again_is_never_the_newest(hub: TaskHub) -> None:
    await schedule_activities(hub, "one", 2)
    first, second = await lease_activities(hub, 2)
    await hub.work.return_activity(first, 0, 0)
    await hub.work.return_activity(second, 0.001, 1)
    await lease_activities(hub, 0)
    assert [item.task.task_id for item in await lease_activities(hub)] == [0]


LEFT_OUT = Selection(
    SdkProtocol.JSON1, orchestrators=["Work"], entities=["Counter"], activities=["ACTIVITY0"]
)


async def test_what_a_host_leaves_out_is_left_to_others(hub: TaskHub) -> None:
    await client(hub).start("WORK", "one", None)
    await client(hub).start("other", "two", None)
    await client(hub).signal_entity("@counter@one", "add", None)
    await client(hub).signal_entity("@counters@one", "add", None)

    taken = await hub.work.lease_instances(LEFT_OUT, 9)

    assert set(ids(taken)) == {"two", "@counters@one"}
    assert await hub.work.lease_instances(LEFT_OUT, 9) == []
    assert await hub.work.next_instance_at(LEFT_OUT) is None
    assert set(ids(await lease(hub, 9))) == {"one", "@counter@one"}


async def test_an_activity_that_a_host_leaves_out_is_left_to_others(hub: TaskHub) -> None:
    await schedule_activities(hub, "one", 3)

    taken = [item for _ in range(4) for item in await hub.work.lease_activities(LEFT_OUT, 1)]

    assert sorted(item.task.name for item in taken) == ["activity1", "activity2"]
    assert await hub.work.next_activity_at(LEFT_OUT) is None
    assert (await lease_activity(hub)).task.name == "activity0"


async def test_names_that_are_left_out_may_be_of_any_characters(hub: TaskHub) -> None:
    odd = 'gr\u00fc\u00dfe "\u0130" \\'
    await client(hub).start(odd.upper().replace("SS", "\u00df").replace("\u00dc", "\u00fc"), "one", None)
    selection = Selection(SdkProtocol.JSON1, orchestrators=[odd])
    assert await hub.work.lease_instances(selection, 9) == []
    assert ids(await lease(hub)) == ["one"]
