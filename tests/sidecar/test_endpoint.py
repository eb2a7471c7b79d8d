"""The listener itself: restarts of the app, other task hubs, what is not served, what fails."""

import asyncio
import logging
import socket

import grpc
import pytest
from durabletask.client import AsyncTaskHubGrpcClient
from durabletask.internal import orchestrator_service_pb2 as pb
from google.protobuf.empty_pb2 import Empty

from funchost.durable.instances import SdkProtocol, Status
from funchost.sidecar import endpoint as endpoint_module
from funchost.sidecar.instance_calls import Run
from funchost.taskhub import ClientOperations
from tests.sidecar.playing import condition, episode, refusal


async def test_a_client_keeps_working_over_restarts_of_the_app(client, hub, endpoint):
    await client.schedule_new_orchestration("hello", instance_id="one")
    endpoint.hold()
    endpoint.serve(Run(hub.clients(SdkProtocol.GRPC2, default_version="2.0")))
    await client.schedule_new_orchestration("hello", instance_id="two")
    assert (await hub.clients(SdkProtocol.GRPC2).get("two")).version == "2.0"


async def test_a_call_during_a_restart_waits_for_it(client, hub, endpoint):
    endpoint.hold()
    call = asyncio.create_task(client.schedule_new_orchestration("hello", instance_id="one"))
    done, _ = await asyncio.wait([call], timeout=0.2)
    assert not done
    endpoint.serve(Run(hub.clients(SdkProtocol.GRPC2)))
    assert await call == "one"


async def test_a_call_waits_for_the_first_start_of_the_app(hub, endpoint):
    port = await endpoint.start()
    client = AsyncTaskHubGrpcClient(host_address=f"127.0.0.1:{port}")
    call = asyncio.create_task(client.get_orchestration_state("one"))
    done, _ = await asyncio.wait([call], timeout=0.2)
    assert not done
    endpoint.serve(Run(hub.clients(SdkProtocol.GRPC2)))
    assert await call is None
    await client.close()


async def test_a_call_does_not_wait_for_ever(client, endpoint, monkeypatch, caplog):
    monkeypatch.setattr(endpoint_module, "_PATIENCE_SECONDS", 0.05)
    endpoint.hold()
    with refusal(grpc.StatusCode.UNAVAILABLE, "The app does not run. See the log of the host for why."):
        await client.get_orchestration_state("one")
    assert "A gRPC call waited 0.05 s for the host to start." in caplog.text


async def test_an_app_that_cannot_start_is_told_at_once(client, endpoint):
    endpoint.serve(None)
    with refusal(grpc.StatusCode.UNAVAILABLE, "The app does not run."):
        await client.get_orchestration_state("one")


async def test_a_wait_goes_on_over_a_restart(client, hub, endpoint, listeners):
    await client.schedule_new_orchestration("hello", instance_id="one")
    await episode(hub)
    waiting = asyncio.create_task(client.wait_for_orchestration_completion("one"))
    await condition(lambda: listeners() == 1)
    endpoint.hold()
    await hub.clients(SdkProtocol.GRPC2).raise_event("one", "go", None)
    await episode(hub, Status.COMPLETED)
    assert (await waiting).instance_id == "one"


async def test_another_task_hub_is_refused(port):
    client = AsyncTaskHubGrpcClient(host_address=f"127.0.0.1:{port}", metadata=[("taskhub", "Other")])
    text = "taskhub: 'Other' is not the task hub of this host. Leave it out or give 'Hub'."
    with refusal(grpc.StatusCode.INVALID_ARGUMENT, text):
        await client.get_orchestration_state("one")
    await client.close()


async def test_the_name_of_the_task_hub_ignores_case(port):
    client = AsyncTaskHubGrpcClient(host_address=f"127.0.0.1:{port}", metadata=[("taskhub", "hUB")])
    assert await client.get_orchestration_state("one") is None
    await client.close()


NOT_SERVED = {
    "ListInstanceIds": pb.ListInstanceIdsRequest(),
    "CompleteActivityTask": pb.ActivityResponse(),
    "CompleteOrchestratorTask": pb.OrchestratorResponse(),
    "CompleteEntityTask": pb.EntityBatchResult(),
    "AbandonTaskActivityWorkItem": pb.AbandonActivityTaskRequest(),
    "AbandonTaskOrchestratorWorkItem": pb.AbandonOrchestrationTaskRequest(),
    "AbandonTaskEntityWorkItem": pb.AbandonEntityTaskRequest(),
    "SkipGracefulOrchestrationTerminations": pb.SkipGracefulOrchestrationTerminationsRequest(),
}


@pytest.mark.parametrize("method", NOT_SERVED)
async def test_what_workers_need_is_not_served(stub, method):
    with refusal(grpc.StatusCode.UNIMPLEMENTED, f"{method} is not served: this is funchost"):
        await getattr(stub, method)(NOT_SERVED[method])


async def test_work_items_are_not_streamed(stub):
    with refusal(grpc.StatusCode.UNIMPLEMENTED, "GetWorkItems is not served: this is funchost"):
        async for _ in stub.GetWorkItems(pb.GetWorkItemsRequest()):
            pass


async def test_a_hello_is_answered_and_the_hub_is_there(stub):
    assert await stub.Hello(Empty()) == Empty()
    assert await stub.CreateTaskHub(pb.CreateTaskHubRequest()) == pb.CreateTaskHubResponse()


async def test_a_task_hub_is_not_deleted_over_the_wire(stub):
    text = "A task hub is not deleted while its host runs."
    with refusal(grpc.StatusCode.UNIMPLEMENTED, text):
        await stub.DeleteTaskHub(pb.DeleteTaskHubRequest())
    with refusal(grpc.StatusCode.UNIMPLEMENTED, text):
        await stub.CreateTaskHub(pb.CreateTaskHubRequest(recreateIfExists=True))


class Broken(ClientOperations):
    """A task hub that cannot be read."""

    def __init__(self):
        pass

    async def get(self, instance_id):
        raise RuntimeError(f"disk {instance_id}")


async def test_what_nobody_expected_is_logged_once(client, endpoint, caplog):
    endpoint.serve(Run(Broken()))
    text = "GetInstance failed in the host: RuntimeError: disk one"
    with refusal(grpc.StatusCode.INTERNAL, text):
        await client.get_orchestration_state("one")
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [record.getMessage() for record in errors] == [f"The durable gRPC API failed: {text}"]


async def test_what_is_no_message_is_refused(port):
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_unary("/TaskHubSidecarService/GetInstance")
        with refusal(grpc.StatusCode.INVALID_ARGUMENT, "The request is no message: "):
            await call(b"\x0a\x02\xed\xa0")


async def test_a_long_text_still_reaches_the_client(client, endpoint):
    endpoint.serve(Run(Broken()))
    with refusal(grpc.StatusCode.INTERNAL, "disk \U0001f600") as caught:
        await client.get_orchestration_state("\U0001f600" * 100_000)
    assert len(caught.value.details()) <= 501


async def test_a_large_input_passes(client, hub):
    await client.schedule_new_orchestration("hello", input="x" * 6_000_000, instance_id="one")
    assert len((await hub.clients(SdkProtocol.GRPC2).get("one")).input) == 6_000_002


async def test_a_port_in_use_is_refused(endpoint):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"Port {port} of 127.0.0.1 is unavailable for gRPC"):
            await endpoint.start(port)


async def test_a_stop_ends_the_calls_that_wait(client, endpoint, listeners):
    await client.schedule_new_orchestration("hello", instance_id="one")
    waiting = asyncio.create_task(client.wait_for_orchestration_completion("one"))
    await condition(lambda: listeners() == 1)
    await endpoint.stop()
    with pytest.raises(grpc.RpcError) as caught:
        await waiting
    assert caught.value.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
