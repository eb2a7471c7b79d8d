"""The clients that a Functions app makes of its binding, and the sync one of durabletask."""

import asyncio
import json

import grpc
import pytest
from azure.durable_functions.client import DurableFunctionsClient, SyncDurableFunctionsClient
from durabletask.client import OrchestrationStatus, TaskHubGrpcClient
from durabletask.entities import EntityInstanceId

from funchost.durable.instances import Status
from tests.sidecar.playing import episode, refusal

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


async def test_the_async_client_of_an_app(binding, hub):
    client = DurableFunctionsClient(binding)
    assert await client.start_new("hello", instance_id="one", client_input={"a": 1}) == "one"
    await episode(hub)
    await client.raise_event("one", "go", 1)
    await episode(hub, Status.COMPLETED, output='"done"')
    status = await client.get_status("one", show_history=True)
    assert (status.runtime_status.name, status.output) == ("Completed", "done")
    assert [event["EventType"] for event in status.history] == ["ExecutionStarted", "EventRaised"]
    assert [each.instance_id for each in await client.get_status_all()] == ["one"]
    assert (await client.purge_instance_history("one")).instances_deleted == 1
    await client.close()


async def test_the_sync_client_of_an_app(binding, hub):
    client = SyncDurableFunctionsClient(binding)
    started = await asyncio.to_thread(client.schedule_new_orchestration, "hello", instance_id="one")
    assert started == "one"
    waiting = asyncio.create_task(asyncio.to_thread(client.wait_for_orchestration_completion, "one"))
    await episode(hub, Status.COMPLETED)
    assert (await waiting).runtime_status is OrchestrationStatus.COMPLETED
    client.close()


async def test_an_app_with_another_hub_is_refused(binding):
    client = DurableFunctionsClient(json.dumps(json.loads(binding) | {"taskHubName": "Other"}))
    with refusal(grpc.StatusCode.INVALID_ARGUMENT, "'Other' is not the task hub of this host"):
        await client.get_orchestration_state("one")
    await client.close()


async def test_the_sync_client_of_durabletask(port, hub):
    def everything():
        with TaskHubGrpcClient(host_address=f"127.0.0.1:{port}") as client:
            client.schedule_new_orchestration("hello", instance_id="one")
            client.suspend_orchestration("one")
            client.raise_orchestration_event("one", "go")
            client.terminate_orchestration("one")
            client.signal_entity(EntityInstanceId("counter", "one"), "add")
            assert client.get_entity(EntityInstanceId("counter", "one")) is None
            assert len(client.get_orchestration_history("one")) == 0
            assert client.purge_orchestrations_by().deleted_instance_count == 0
            return [state.instance_id for state in client.get_all_orchestration_states()]

    assert await asyncio.to_thread(everything) == ["one"]
