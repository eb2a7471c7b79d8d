"""Entities with the SDK's client: signalling, reading, listing, cleaning up."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import grpc
import pytest
from durabletask.client import EntityQuery
from durabletask.entities import EntityInstanceId
from durabletask.internal import orchestrator_service_pb2 as pb

from funchost.durable.commit import Commit
from funchost.durable.entities import EntityRequest
from tests.sidecar.playing import lease, refusal

COUNTER = EntityInstanceId("Counter", "One")


async def batch(hub, **changes):
    """One batch that takes every message and leaves the entity like this."""
    leased = await lease(hub)
    consumed = [message.message_id for message in leased.messages]
    await hub.work.commit_episode(leased, Commit(replace(leased.instance, **changes), consumed=consumed))


async def entity(client, hub, name, key, **changes):
    await client.signal_entity(EntityInstanceId(name, key), "add")
    await batch(hub, **changes)


async def listed(client, **query):
    return [str(each.id) for each in await client.get_all_entities(EntityQuery(**query))]


async def test_a_signal_arrives_with_its_input_and_a_request_id(client, hub):
    await client.signal_entity(COUNTER, "add", input=5)
    leased = await lease(hub)
    assert leased.instance.instance_id == "@counter@One"
    (message,) = leased.messages
    request = EntityRequest.parse("@counter@One", message.event.input)
    assert (request.operation, request.input, request.is_signal) == ("add", "5", True)
    assert len(request.request_id) == 36


async def test_a_signal_for_later_waits(client, hub):
    await client.signal_entity(COUNTER, "add", signal_time=datetime.now(UTC) + timedelta(hours=1))
    assert await lease(hub) is None
    await client.signal_entity(COUNTER, "add", signal_time=datetime.now(UTC) - timedelta(hours=1))
    assert await lease(hub) is not None


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ({"instanceId": "counter", "name": "add"}, "instanceId: 'counter' is no entity. Give @name@key."),
        ({"instanceId": "@counter", "name": "add"}, "is no entity"),
        ({"instanceId": "@counter@one", "name": ""}, "name is empty"),
        ({"instanceId": "@counter@one", "name": "add", "requestId": "7"}, "requestId: '7' is no GUID."),
        ({"instanceId": "@counter@\x00", "name": "add"}, "holds a control character"),
    ],
)
async def test_a_signal_that_makes_no_sense_is_refused(stub, request_, reason):
    with refusal(grpc.StatusCode.INVALID_ARGUMENT, reason):
        await stub.SignalEntity(pb.SignalEntityRequest(**request_))


async def test_an_entity_is_read_with_or_without_its_state(client, stub, hub):
    await entity(client, hub, "counter", "One", entity_state="5", locked_by="holder")
    await client.signal_entity(COUNTER, "add")
    read = await client.get_entity(COUNTER)
    assert (read.get_state(int), read.backlog_queue_size) == (5, 1)
    answer = await stub.GetEntity(pb.GetEntityRequest(instanceId="@counter@One"))
    assert answer.entity.lockedBy.value == "holder"
    assert not (await client.get_entity(COUNTER, include_state=False)).includes_state


async def test_an_entity_without_a_state_does_not_exist(client, hub):
    assert await client.get_entity(COUNTER) is None
    await client.signal_entity(COUNTER, "add")
    assert await client.get_entity(COUNTER) is None


async def test_entities_are_listed_by_what_their_ids_begin_with(client, hub):
    for name, key in (("counter", "a"), ("counter", "b"), ("counters", "a"), ("lamp", "a")):
        await entity(client, hub, name, key, entity_state="1")
    await client.schedule_new_orchestration("hello", instance_id="a")
    assert len(await listed(client)) == 4
    assert await listed(client, instance_id_starts_with="@Counter@") == ["@counter@a", "@counter@b"]
    assert await listed(client, instance_id_starts_with="counter", page_size=1) == [
        "@counter@a",
        "@counter@b",
        "@counters@a",
    ]
    assert await listed(client, last_modified_from=datetime.now(UTC) + timedelta(hours=1)) == []


async def test_entities_without_a_state_are_listed_only_when_asked_for(client, hub):
    await entity(client, hub, "counter", "empty")
    await entity(client, hub, "counter", "full", entity_state="1")
    assert await listed(client) == ["@counter@full"]
    assert await listed(client, include_transient=True) == ["@counter@empty", "@counter@full"]


async def test_a_negative_page_size_is_refused(client):
    with refusal(grpc.StatusCode.INVALID_ARGUMENT, "pageSize is -1. Give 0 or more."):
        await client.get_all_entities(EntityQuery(page_size=-1))


async def test_a_clean_up_removes_what_is_empty_and_releases_orphaned_locks(client, hub):
    await entity(client, hub, "counter", "empty")
    await entity(client, hub, "counter", "full", entity_state="1")
    await entity(client, hub, "counter", "locked", locked_by="nobody")
    cleaned = await client.clean_entity_storage()
    assert (cleaned.empty_entities_removed, cleaned.orphaned_locks_released) == (1, 1)
    assert await listed(client, include_transient=True) == ["@counter@full", "@counter@locked"]


async def test_a_clean_up_does_only_what_it_is_told(client, hub):
    await entity(client, hub, "counter", "empty")
    cleaned = await client.clean_entity_storage(remove_empty_entities=False)
    assert cleaned.empty_entities_removed == 0
    assert await listed(client, include_transient=True) == ["@counter@empty"]


async def test_a_clean_up_has_no_second_page(stub):
    with refusal(grpc.StatusCode.INVALID_ARGUMENT, "a clean-up has no next page"):
        await stub.CleanEntityStorage(pb.CleanEntityStorageRequest(continuationToken={"value": "x"}))
