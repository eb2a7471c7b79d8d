"""Starting, steering and restarting orchestrations with the SDK's client."""

from datetime import UTC, datetime, timedelta

import grpc
import pytest
from durabletask.client import OrchestrationStatus
from durabletask.internal import orchestrator_service_pb2 as pb

from funchost.durable.events import EventRaised, ExecutionResumed, ExecutionSuspended, ExecutionTerminated
from funchost.durable.failures import FailureDetails
from funchost.durable.instances import SdkProtocol, Status
from funchost.sidecar.instance_calls import Run
from tests.sidecar.playing import episode, lease, not_found, refusal, waiting_events


async def test_a_start_keeps_everything_it_was_given(client, hub):
    started = await client.schedule_new_orchestration(
        "hello", input={"a": 1}, instance_id="one", tags={"team": "x"}, version="2.0"
    )
    assert started == "one"
    leased = await lease(hub)
    instance = leased.instance
    assert (instance.name, instance.input, instance.version) == ("hello", '{"a": 1}', "2.0")
    assert (instance.tags, instance.protocol) == ({"team": "x"}, SdkProtocol.GRPC2)


async def test_a_start_without_id_input_and_version_gets_a_fresh_id_and_the_default_version(stub, hub):
    answer = await stub.StartInstance(pb.CreateInstanceRequest(name="hello"))
    assert len(answer.instanceId) == 32
    instance = (await lease(hub)).instance
    assert (instance.input, instance.version, instance.tags) == (None, "1.0", None)


async def test_a_start_that_is_put_off_stays_pending_until_its_time(client, hub):
    at = datetime.now(UTC) + timedelta(hours=1)
    await client.schedule_new_orchestration("hello", instance_id="one", start_at=at)
    assert await lease(hub) is None
    state = await client.get_orchestration_state("one")
    assert state.runtime_status is OrchestrationStatus.PENDING


async def test_an_id_in_use_is_refused_and_a_used_one_is_started_anew(client, hub):
    await client.schedule_new_orchestration("hello", instance_id="one")
    with refusal(grpc.StatusCode.ALREADY_EXISTS, "An Orchestration instance with the ID one already exists."):
        await client.schedule_new_orchestration("hello", instance_id="one")
    await episode(hub, Status.COMPLETED)
    await client.schedule_new_orchestration("hello", instance_id="one")


async def test_a_reuse_policy_protects_the_statuses_it_leaves_out(client, hub):
    await client.schedule_new_orchestration("hello", instance_id="one")
    await episode(hub, Status.COMPLETED)
    only_failed = pb.OrchestrationIdReusePolicy(replaceableStatus=[pb.ORCHESTRATION_STATUS_FAILED])
    with refusal(grpc.StatusCode.ALREADY_EXISTS, "ID one"):
        await client.schedule_new_orchestration("hello", instance_id="one", reuse_id_policy=only_failed)
    completed = pb.OrchestrationIdReusePolicy(replaceableStatus=[pb.ORCHESTRATION_STATUS_COMPLETED])
    await client.schedule_new_orchestration("hello", instance_id="one", reuse_id_policy=completed)


@pytest.mark.parametrize("instance_id", ["@counter@one", "a/b", "a\x01b", "x" * 257])
async def test_an_id_that_no_instance_may_have_is_refused(client, instance_id):
    with refusal(grpc.StatusCode.INVALID_ARGUMENT, ""):
        await client.schedule_new_orchestration("hello", instance_id=instance_id)


async def test_an_unknown_instance_is_no_error(client):
    assert await client.get_orchestration_state("nobody") is None


async def test_values_are_shown_only_when_they_are_asked_for(client, hub):
    await client.schedule_new_orchestration("hello", input=1, instance_id="one", tags={"team": "x"})
    details = FailureDetails("ValueError", "wrong", "at line 1", is_non_retriable=True)
    await episode(hub, Status.FAILED, output="ValueError: wrong", custom_status='"half"', failure=details)
    state = await client.get_orchestration_state("one")
    assert (state.serialized_input, state.serialized_output) == ("1", "ValueError: wrong")
    assert state.serialized_custom_status == '"half"'
    assert (state.failure_details.error_type, state.failure_details.message) == ("ValueError", "wrong")
    bare = await client.get_orchestration_state("one", fetch_payloads=False)
    assert bare.runtime_status is OrchestrationStatus.FAILED
    assert (bare.serialized_input, bare.serialized_output, bare.failure_details) == (None, None, None)


async def test_an_answer_tells_times_tags_and_execution(stub, client, hub):
    await client.schedule_new_orchestration("hello", instance_id="one", tags={"team": "x"})
    instance = await episode(hub, Status.COMPLETED)
    state = (await stub.GetInstance(pb.GetInstanceRequest(instanceId="one"))).orchestrationState
    assert state.createdTimestamp.ToMicroseconds() == instance.created_at
    assert state.completedTimestamp.ToMicroseconds() == instance.completed_at
    assert state.executionId.value == instance.execution_id
    assert dict(state.tags) == {"team": "x"}
    assert not state.HasField("parentInstanceId")


async def test_an_event_arrives_as_it_was_written(client, hub):
    await client.schedule_new_orchestration("hello", instance_id="one")
    await episode(hub)
    await client.raise_orchestration_event("one", "go", data={"a": [1]})
    (event,) = await waiting_events(hub)
    assert isinstance(event, EventRaised)
    assert (event.name, event.input) == ("go", '{"a": [1]}')


async def test_an_event_for_nobody_is_dropped_without_a_word(client, hub):
    await client.schedule_new_orchestration("hello", instance_id="ended")
    await episode(hub, Status.COMPLETED)
    await client.raise_orchestration_event("nobody", "go")
    await client.raise_orchestration_event("ended", "go")
    assert await lease(hub) is None


async def test_an_event_for_nobody_is_refused_where_the_app_asks_for_that(client, hub, endpoint):
    endpoint.serve(Run(hub.clients(SdkProtocol.GRPC2), events_must_arrive=True))
    await client.schedule_new_orchestration("hello", instance_id="ended")
    await episode(hub, Status.COMPLETED)
    with not_found():
        await client.raise_orchestration_event("nobody", "go")
    not_running = "The orchestration instance with the provided instance id is not running."
    with refusal(grpc.StatusCode.FAILED_PRECONDITION, not_running):
        await client.raise_orchestration_event("ended", "go")


async def test_a_termination_carries_its_output(client, hub):
    await client.schedule_new_orchestration("hello", instance_id="one")
    await episode(hub)
    await client.terminate_orchestration("one", output={"why": 1})
    (event,) = await waiting_events(hub)
    assert isinstance(event, ExecutionTerminated)
    assert event.reason == '{"why": 1}'


async def test_suspend_and_resume_carry_their_reasons(client, hub):
    await client.schedule_new_orchestration("hello", instance_id="one")
    await episode(hub)
    await client.suspend_orchestration("one", reason="pause")
    leased = await lease(hub)
    assert [(type(m.event), m.event.reason) for m in leased.messages] == [(ExecutionSuspended, "pause")]
    await hub.work.return_instance(leased, 0, 0)
    await episode(hub, Status.SUSPENDED)
    await client.resume_orchestration("one")
    (event,) = await waiting_events(hub)
    assert (type(event), event.reason) == (ExecutionResumed, None)


STEERING = {
    "terminate": lambda client, key: client.terminate_orchestration(key),
    "suspend": lambda client, key: client.suspend_orchestration(key),
    "resume": lambda client, key: client.resume_orchestration(key),
    "rewind": lambda client, key: client.rewind_orchestration(key, reason="again"),
}


@pytest.mark.parametrize("operation", STEERING)
async def test_an_unknown_instance_cannot_be_steered(client, operation):
    with not_found():
        await STEERING[operation](client, "nobody")


@pytest.mark.parametrize("operation", STEERING)
async def test_an_ended_instance_cannot_be_steered(client, hub, operation):
    await client.schedule_new_orchestration("hello", instance_id="one")
    await episode(hub, Status.COMPLETED)
    with refusal(
        grpc.StatusCode.FAILED_PRECONDITION,
        "InvalidOperationException: The instance 'one' has ended; its status is Completed.",
    ):
        await STEERING[operation](client, "one")


async def test_a_failed_instance_is_rewound_and_a_running_one_is_not(client, hub):
    await client.schedule_new_orchestration("hello", instance_id="one")
    with refusal(grpc.StatusCode.FAILED_PRECONDITION, "only supported on failed"):
        await client.rewind_orchestration("one", reason="again")
    await episode(hub, Status.FAILED)
    await client.rewind_orchestration("one", reason="again")
    assert (await client.get_orchestration_state("one")).runtime_status is OrchestrationStatus.PENDING


async def test_an_ended_instance_is_restarted_under_its_own_id_or_a_fresh_one(client, hub):
    await client.schedule_new_orchestration("hello", input=7, instance_id="one", tags={"team": "x"})
    running = "Non-terminal instance with this instance ID already exists: one"
    with refusal(grpc.StatusCode.FAILED_PRECONDITION, running):
        await client.restart_orchestration("one")
    await episode(hub, Status.COMPLETED)
    assert await client.restart_orchestration("one") == "one"
    fresh = await client.restart_orchestration("one", restart_with_new_instance_id=True)
    assert fresh != "one"
    instance = await hub.clients(SdkProtocol.GRPC2).get(fresh)
    assert (instance.name, instance.input, instance.tags) == ("hello", "7", {"team": "x"})
    with not_found():
        await client.restart_orchestration("nobody")


async def test_an_instance_of_the_other_generation_is_shown_and_not_steered(client, hub):
    await hub.clients(SdkProtocol.JSON1).start("hello", "old", "1")
    assert (await client.get_orchestration_state("old")).serialized_input == "1"
    with refusal(
        grpc.StatusCode.FAILED_PRECONDITION,
        "began in an app on azure-functions-durable 1.x, and this app is on 2.x. Start the app on 1.x again",
    ):
        await client.raise_orchestration_event("old", "go")
    assert (await client.purge_orchestration("old")).deleted_instance_count == 1


async def test_an_entity_is_no_orchestration(client, hub):
    await hub.clients(SdkProtocol.GRPC2).signal_entity("@counter@one", "add", None)
    assert await client.get_orchestration_state("@counter@one") is None
    with refusal(grpc.StatusCode.NOT_FOUND, "@counter@one"):
        await client.get_orchestration_history("@counter@one")
