"""Entities are made by the first message to them."""

from dataclasses import replace

from funchost.durable.commit import Commit
from funchost.durable.events import EventType
from funchost.durable.instances import Status
from funchost.taskhub import TaskHub
from tests.taskhub.stepping import client, lease, lease_one

ENTITY = "@counter@key@with@signs"


async def test_the_first_signal_makes_the_entity(hub: TaskHub) -> None:
    assert await client(hub).get(ENTITY) is None
    await client(hub).signal_entity(ENTITY, "add", "1")
    leased = await lease_one(hub)
    assert leased.instance.instance_id == leased.instance.name == ENTITY
    assert leased.instance.status is Status.RUNNING
    assert [message.event.type for message in leased.messages] == [EventType.EVENT_RAISED]


async def test_a_second_signal_goes_to_the_same_entity(hub: TaskHub) -> None:
    await client(hub).signal_entity(ENTITY, "add", "1")
    made = await client(hub).get(ENTITY)
    await client(hub).signal_entity(ENTITY, "add", "2")
    assert await client(hub).get(ENTITY) == made
    assert len((await lease_one(hub)).messages) == 2


async def test_a_signal_during_a_batch_waits_for_the_next_one(hub: TaskHub) -> None:
    await client(hub).signal_entity(ENTITY, "add", "1")
    leased = await lease_one(hub)
    await client(hub).signal_entity(ENTITY, "add", "2")
    assert await lease(hub) == []
    await hub.work.commit_episode(leased, Commit(leased.instance, [m.message_id for m in leased.messages]))
    assert len((await lease_one(hub)).messages) == 1


async def test_an_entity_without_a_state_does_not_exist(hub: TaskHub) -> None:
    assert await client(hub).entity_state(ENTITY) is None
    await client(hub).signal_entity(ENTITY, "add", "1")
    assert await client(hub).entity_state(ENTITY) is None
    leased = await lease_one(hub)
    kept = replace(leased.instance, entity_state="7")
    await hub.work.commit_episode(leased, Commit(kept))
    assert await client(hub).entity_state(ENTITY) == "7"


async def test_a_purged_entity_is_made_anew(hub: TaskHub) -> None:
    await client(hub).signal_entity(ENTITY, "add", "1")
    assert await client(hub).purge(ENTITY)
    assert await client(hub).get(ENTITY) is None
    assert await lease(hub) == []
    await client(hub).signal_entity(ENTITY, "add", "2")
    assert len((await lease_one(hub)).messages) == 1
