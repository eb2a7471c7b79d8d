"""What clients see of entities, and the clean-up of what is left of them."""

from dataclasses import replace

import pytest

from funchost.durable.entities import RELEASE_EVENT, EntityRequest
from funchost.durable.events import EventRaised
from funchost.durable.instances import InstanceFilter, SdkProtocol, Status
from funchost.taskhub import TaskHub
from tests.taskhub.stepping import SECOND, client, clock, commit_of, lease, lease_one, run_to


async def make(hub: TaskHub, entity_id: str, state: str | None = None, locked_by: str | None = None) -> None:
    """An entity that has run one batch."""
    await client(hub).signal_entity(entity_id, "add", None)
    leased = await lease_one(hub)
    commit = commit_of(leased, history=[])
    commit.instance = replace(commit.instance, entity_state=state, locked_by=locked_by)
    await hub.work.commit_episode(leased, commit)


async def found(
    hub: TaskHub, filter: InstanceFilter | None = None, *, with_transient: bool = False
) -> list[str]:
    entities, _ = await client(hub).find_entities(
        filter or InstanceFilter(), 100, with_transient=with_transient
    )
    return [entity.entity_id for entity in entities]


async def test_a_signal_carries_its_request_id(hub: TaskHub) -> None:
    await client(hub).signal_entity("@counter@one", "add", "1", request_id="7")
    (message,) = (await lease_one(hub)).messages
    assert isinstance(message.event, EventRaised)
    assert message.event.input is not None
    request = EntityRequest.parse("@counter@one", message.event.input)
    assert (request.request_id, request.operation, request.input) == ("7", "add", "1")


async def test_a_signal_for_later_waits_until_it_is_due(hub: TaskHub) -> None:
    await client(hub).signal_entity("@counter@one", "add", None, due=clock() + 3600 * SECOND)
    assert await lease(hub) == []
    status = await client(hub).entity("@counter@one")
    assert status is not None
    assert status.backlog == 1


async def test_an_entity_shows_its_state_its_lock_and_what_waits(hub: TaskHub) -> None:
    assert await client(hub).entity("@counter@one") is None
    await make(hub, "@counter@one", "5", "holder")
    await client(hub).signal_entity("@counter@one", "add", None)
    status = await client(hub).entity("@counter@one")
    assert status is not None
    assert (status.state, status.locked_by, status.backlog) == ("5", "holder", 1)


async def test_entities_are_found_without_orchestrations_between_them(hub: TaskHub) -> None:
    await make(hub, "@counter@one", "5")
    await run_to(hub, "one", Status.RUNNING)
    assert await found(hub) == ["@counter@one"]
    orchestrations, _ = await client(hub).find(InstanceFilter(entities=False), 10)
    assert [each.instance_id for each in orchestrations] == ["one"]


async def test_entities_without_a_state_are_found_when_they_are_asked_for(hub: TaskHub) -> None:
    await make(hub, "@counter@empty")
    await make(hub, "@counter@full", "5")
    assert await found(hub) == ["@counter@full"]
    assert await found(hub, with_transient=True) == ["@counter@empty", "@counter@full"]


async def test_the_bounds_of_the_last_change_are_inclusive(hub: TaskHub) -> None:
    await make(hub, "@counter@one", "5")
    status = await client(hub).entity("@counter@one")
    assert status is not None
    at = status.updated_at
    assert await found(hub, InstanceFilter(updated_from=at, updated_to=at)) == ["@counter@one"]
    assert await found(hub, InstanceFilter(updated_from=at + 1)) == []
    assert await found(hub, InstanceFilter(updated_to=at - 1)) == []


async def test_pages_of_entities_go_on_behind_the_last_one(hub: TaskHub) -> None:
    for key in "abc":
        await make(hub, f"@counter@{key}", "5")
    first, following = await client(hub).find_entities(InstanceFilter(), 2)
    assert following == "@counter@b"
    second, end = await client(hub).find_entities(InstanceFilter(), 2, following)
    assert [each.entity_id for each in (*first, *second)] == ["@counter@a", "@counter@b", "@counter@c"]
    assert end is None


async def test_values_are_left_out_when_they_are_not_asked_for(hub: TaskHub) -> None:
    await make(hub, "@counter@one", "5")
    await client(hub).start("work", "one", '"in"')
    ((entity,), _) = await client(hub).find_entities(InstanceFilter(), 10, with_values=False)
    assert entity.state is None
    filter = InstanceFilter(entities=False)
    for wanted, text in ((True, '"in"'), (False, None)):
        ((instance,), _) = await client(hub).find(filter, 10, with_values=wanted)
        assert instance.input == text


async def test_a_clean_up_removes_only_what_is_of_no_use(hub: TaskHub) -> None:
    await make(hub, "@counter@empty")
    await make(hub, "@counter@full", "5")
    await make(hub, "@counter@locked", None, "holder")
    await make(hub, "@counter@leased")
    await client(hub).signal_entity("@counter@leased", "add", None)
    leased = await lease_one(hub)
    await make(hub, "@counter@waiting")
    await client(hub).signal_entity("@counter@waiting", "add", None, due=clock() + 3600 * SECOND)
    await run_to(hub, "one", Status.RUNNING)
    assert await client(hub).remove_empty_entities() == 1
    assert await found(hub, with_transient=True) == [
        "@counter@full",
        "@counter@leased",
        "@counter@locked",
        "@counter@waiting",
    ]
    await hub.work.commit_episode(leased, commit_of(leased))


@pytest.mark.parametrize("status", [status for status in Status if status.is_final])
async def test_a_lock_whose_holder_has_ended_is_given_back(hub: TaskHub, status: Status) -> None:
    await run_to(hub, "holder", status)
    await make(hub, "@counter@one", "5", "holder")
    assert await client(hub).release_orphaned_locks() == 1
    (message,) = (await lease_one(hub)).messages
    assert isinstance(message.event, EventRaised)
    assert message.event.name == RELEASE_EVENT
    assert message.event.input is not None
    assert '"parent":"holder"' in message.event.input


async def test_a_lock_whose_holder_runs_is_kept(hub: TaskHub) -> None:
    await run_to(hub, "holder", Status.RUNNING)
    await make(hub, "@counter@one", "5", "holder")
    assert await client(hub).release_orphaned_locks() == 0


async def test_a_lock_of_the_other_generation_is_left_alone(hub: TaskHub) -> None:
    await make(hub, "@counter@one", "5", "nobody")
    assert await hub.clients(SdkProtocol.GRPC2).release_orphaned_locks() == 0
    assert await client(hub).release_orphaned_locks() == 1
