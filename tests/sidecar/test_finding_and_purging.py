"""Queries, histories and purges with the SDK's client."""

from datetime import UTC, datetime, timedelta

import grpc
import pytest
from durabletask.client import OrchestrationQuery, OrchestrationStatus
from durabletask.internal import orchestrator_service_pb2 as pb

from funchost.durable.events import OrchestratorStarted, TaskCompleted, TaskScheduled
from funchost.durable.instances import SdkProtocol, Status
from tests.sidecar.playing import NOW, episode, not_found, refusal


async def start(client, *ids):
    for instance_id in ids:
        await client.schedule_new_orchestration("hello", input=instance_id, instance_id=instance_id)


async def found(client, **query):
    states = await client.get_all_orchestration_states(OrchestrationQuery(**query))
    return [state.instance_id for state in states]


async def test_every_orchestration_is_found_and_no_entity(client, hub):
    await start(client, "b", "a")
    await hub.clients(SdkProtocol.GRPC2).signal_entity("@counter@one", "add", None)
    assert await found(client) == ["a", "b"]


@pytest.mark.parametrize("size", [1, 2, 3])
async def test_pages_leave_nothing_out(client, size):
    # A token must never be taken for the end, whatever the IDs are.
    ids = ["", "0", "00", "after:", "x%", "ü"]
    await start(client, *ids[1:])
    assert await found(client, max_instance_count=size) == ids[1:]


async def test_conditions_hold_together(client, hub):
    await start(client, "a1")
    await episode(hub, Status.COMPLETED)
    await start(client, "a2", "b1")
    completed, pending = OrchestrationStatus.COMPLETED, OrchestrationStatus.PENDING
    assert await found(client, runtime_status=[completed]) == ["a1"]
    assert await found(client, runtime_status=[completed, pending]) == ["a1", "a2", "b1"]
    assert await found(client, runtime_status=[pending], instance_id_prefix="a") == ["a2"]
    now = datetime.now(UTC)
    assert await found(client, created_time_from=now + timedelta(hours=1)) == []
    assert await found(client, created_time_to=now + timedelta(hours=1), instance_id_prefix="b") == ["b1"]


async def test_inputs_come_along_when_they_are_asked_for(client):
    await start(client, "a")
    for wanted, text in ((True, '"a"'), (False, None)):
        query = OrchestrationQuery(fetch_inputs_and_outputs=wanted)
        (state,) = await client.get_all_orchestration_states(query)
        assert state.serialized_input == text


async def test_a_page_is_no_larger_than_a_client_takes(client):
    for number in range(5):
        await client.schedule_new_orchestration("hello", input="x" * 1_500_000, instance_id=str(number))
    assert await found(client, fetch_inputs_and_outputs=True) == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"maxInstanceCount": -1}, "maxInstanceCount is -1"),
        ({"runtimeStatus": [99]}, "runtimeStatus: 99 is no status. Give numbers from 0 to 7."),
        ({"continuationToken": {"value": "other"}}, "continuationToken: 'other' is none of this host"),
        ({"createdTimeFrom": {"seconds": 10**12}}, "createdTimeFrom: "),
        ({"createdTimeTo": {"seconds": 1, "nanos": -1}}, "createdTimeTo: "),
    ],
)
async def test_a_query_that_makes_no_sense_is_refused(stub, query, reason):
    with refusal(grpc.StatusCode.INVALID_ARGUMENT, reason):
        await stub.QueryInstances(pb.QueryInstancesRequest(query=query))


async def test_the_history_has_every_event(client, hub):
    await start(client, "one")
    await episode(
        hub,
        history=[
            OrchestratorStarted(NOW),
            TaskScheduled(NOW, 1, "say", '"x"'),
            TaskCompleted(NOW, 1, '"y"'),
        ],
    )
    history = await client.get_orchestration_history("one")
    names = ["ExecutionStartedEvent", "OrchestratorStartedEvent", "TaskScheduledEvent", "TaskCompletedEvent"]
    assert [type(event).__name__ for event in history] == names
    assert (history[0].name, history[0].input) == ("hello", '"one"')


async def test_a_long_history_comes_in_parts(stub, client, hub):
    await start(client, "one")
    long = [TaskCompleted(NOW, number, "x" * 1_000_000) for number in range(5)]
    await episode(hub, history=long)
    chunks = [
        chunk async for chunk in stub.StreamInstanceHistory(pb.StreamInstanceHistoryRequest(instanceId="one"))
    ]
    assert len(chunks) > 1
    assert all(chunk.ByteSize() <= 2 * 1024 * 1024 for chunk in chunks)
    assert sum(len(chunk.events) for chunk in chunks) == 6


async def test_only_the_current_execution_has_a_history(client, hub):
    await start(client, "one")
    instance = await episode(hub)
    assert await client.get_orchestration_history("one", execution_id=instance.execution_id)
    with refusal(grpc.StatusCode.NOT_FOUND, "has no execution 'older'"):
        await client.get_orchestration_history("one", execution_id="older")
    with not_found():
        await client.get_orchestration_history("nobody")


async def test_an_ended_instance_is_purged_and_a_running_one_is_not(client, hub):
    await start(client, "one")
    with refusal(grpc.StatusCode.FAILED_PRECONDITION, "'one' cannot be purged while its status is Pending"):
        await client.purge_orchestration("one")
    await episode(hub, Status.COMPLETED)
    assert (await client.purge_orchestration("one")).deleted_instance_count == 1
    assert (await client.purge_orchestration("one")).deleted_instance_count == 0


async def test_an_entity_is_purged_as_an_entity(stub, client, hub):
    await hub.clients(SdkProtocol.GRPC2).signal_entity("@counter@one", "add", None)
    with refusal(grpc.StatusCode.FAILED_PRECONDITION, "'@counter@one' is an entity"):
        await client.purge_orchestration("@counter@one")
    answer = await stub.PurgeInstances(pb.PurgeInstancesRequest(instanceId="@counter@one"))
    assert answer.deletedInstanceCount == 1


async def test_a_filter_purges_what_has_ended(client, hub):
    for instance_id, status in (("a", Status.COMPLETED), ("b", Status.FAILED), ("c", Status.RUNNING)):
        await start(client, instance_id)
        await episode(hub, status)
    failed = await client.purge_orchestrations_by(runtime_status=[OrchestrationStatus.FAILED])
    assert (failed.deleted_instance_count, failed.is_complete) == (1, True)
    rest = await client.purge_orchestrations_by(timeout=timedelta(minutes=1))
    assert (rest.deleted_instance_count, rest.is_complete) == (1, True)
    assert await found(client) == ["c"]


async def test_a_purge_tells_when_its_time_ran_out(client, hub):
    await start(client, "a")
    await episode(hub, Status.COMPLETED)
    purged = await client.purge_orchestrations_by(timeout=timedelta(microseconds=1))
    assert (purged.deleted_instance_count, purged.is_complete) == (1, False)


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ({}, "Give an instanceId or a purgeInstanceFilter"),
        ({"instanceBatch": {"instanceIds": ["a"]}}, "a batch of IDs is not purged"),
        ({"instanceId": ""}, "instanceId is empty"),
        ({"purgeInstanceFilter": {"timeout": {"seconds": -1}}}, "timeout is -1 s"),
    ],
)
async def test_a_purge_that_makes_no_sense_is_refused(stub, request_, reason):
    with refusal(grpc.StatusCode.INVALID_ARGUMENT, reason):
        await stub.PurgeInstances(pb.PurgeInstancesRequest(**request_))
