"""Answers and messages that no SDK would send: each is read, or refused with a reason that names it."""

import base64
import json
from typing import Any

import pytest
from durabletask.internal import orchestrator_service_pb2 as pb
from google.protobuf.struct_pb2 import ListValue, Value
from google.protobuf.timestamp_pb2 import Timestamp
from google.protobuf.wrappers_pb2 import StringValue

from funchost.durable.commit import ActivityTask, ArrivedMessage, Commit
from funchost.durable.entities import EntityRequest, new_entity
from funchost.durable.episode_commit import Rules
from funchost.durable.events import EventRaised, ExecutionStarted, TaskCompleted, TaskFailed
from funchost.durable.failures import FailureDetails
from funchost.durable.instances import Instance, SdkProtocol, Status
from funchost.durable.protocol import Outcome, Raised, Returned
from funchost.durable.text import is_storable
from funchost.protocols.grpc2.grpc2_rules import Grpc2Rules
from funchost.protocols.grpc2.messages import failure_from, failure_message

NOW = 1_714_564_800_000_000
RULES = Grpc2Rules(Rules())
TASK = ActivityTask("root", "e", 1, "work", None)


def decide(outcome: Outcome) -> Commit:
    """The commit of a first episode whose orchestrator ended so; everything in it can be stored."""
    instance = Instance(
        instance_id="root",
        execution_id="e",
        name="o",
        version="",
        status=Status.PENDING,
        protocol=SdkProtocol.GRPC2,
        input=None,
        created_at=NOW,
        updated_at=NOW,
        parent_instance_id="parent",
        parent_execution_id="p",
        parent_task_id=3,
    )
    arrived = [ArrivedMessage(1, ExecutionStarted(NOW, "o"), "e")]
    turn = RULES.begin_episode(instance, RULES.replay_of(instance, ()), arrived, NOW)
    assert not isinstance(turn, Commit)
    commit = turn.decide(outcome, NOW)
    assert is_storable(repr(commit))
    return commit


def encoded(message: Any) -> Returned:
    return Returned(base64.b64encode(message.SerializeToString()).decode())


def answered(**action: Any) -> Commit:
    """The commit after an answer of one action."""
    return decide(encoded(pb.OrchestratorResponse(actions=[pb.OrchestratorAction(id=1, **action)])))


def failure_text(commit: Commit) -> str:
    """The output of an instance that has failed, and whose parent was told."""
    assert commit.instance.status is Status.FAILED
    assert [message.instance_id for message in commit.messages] == ["parent"]
    return commit.instance.output or ""


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ("", "resulted in a null response"),
        ("null", "resulted in a null response"),
        ("not base64!", "no OrchestratorResponse in base64"),
        ("é", "no OrchestratorResponse in base64"),
        ("\ud800", "no OrchestratorResponse in base64"),
        ("/////w==", "no OrchestratorResponse in base64"),
    ],
)
def test_what_is_no_answer_fails_the_orchestration(returned, said):
    assert said in failure_text(decide(Returned(returned)))


def test_an_exception_outside_the_orchestrator_fails_it_with_the_exception_inside():
    commit = decide(Raised("KeyError", "lone \ud800", "frames"))

    assert failure_text(commit) == "KeyError: Function 'o' failed with an unhandled exception."
    assert commit.instance.failure is not None
    assert commit.instance.failure.inner == FailureDetails("KeyError", "lone \\ud800", "frames")


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ({}, "of the kind 'None'"),
        ({"terminateOrchestration": {"instanceId": "x"}}, "of the kind 'terminateOrchestration'"),
        ({"rewindOrchestration": {}}, "of the kind 'rewindOrchestration'"),
        ({"scheduleTask": {}}, "it has no name"),
        ({"createSubOrchestration": {}}, "it has no name"),
        ({"createTimer": {"fireAt": Timestamp(seconds=2**62)}}, "not a time of the years 1 to 9999"),
        ({"createTimer": {"fireAt": Timestamp(seconds=-(2**62))}}, "not a time of the years 1 to 9999"),
        ({"createTimer": {"fireAt": Timestamp(nanos=-5)}}, "not a time of the years 1 to 9999"),
        ({"sendEvent": {"name": "x"}}, "it has no instanceId"),
        ({"sendEvent": {"instance": {"instanceId": "x"}}}, "it has no name"),
        ({"sendEntityMessage": {}}, "an entity message of the kind 'None'"),
        ({"sendEntityMessage": {"entityOperationCalled": {"operation": "x"}}}, "it has no requestId"),
        (
            {"sendEntityMessage": {"entityOperationCalled": {"operation": "x", "requestId": "y"}}},
            "'' is not the ID of an entity",
        ),
        (
            {"sendEntityMessage": {"entityLockRequested": {"lockSet": ["@a@b"], "position": 1}}},
            "lock 1 of 1",
        ),
        ({"sendEntityMessage": {"entityLockRequested": {"lockSet": ["a"]}}}, "'a' is not the ID"),
        ({"completeOrchestration": {"orchestrationStatus": 0}}, "0 is not a status"),
        ({"completeOrchestration": {"orchestrationStatus": 77}}, "77 is not a status"),
        (
            {"completeOrchestration": {"orchestrationStatus": 2, "carryoverEvents": [pb.HistoryEvent()]}},
            "only an eventRaised can be",
        ),
    ],
)
def test_an_action_that_cannot_be_carried_out_fails_the_orchestration(action, said):
    output = failure_text(answered(**action))

    assert output.startswith("InvalidOperationException: Action 1 of the orchestrator cannot be carried out")
    assert said in output


def test_a_timer_without_a_time_fires_at_once():
    assert answered(createTimer={}).messages[0].visible_at == NOW


@pytest.mark.parametrize("child_id", ["root", "parent", "@entity@x"])
def test_a_child_under_an_id_it_must_not_have_is_not_started(child_id):
    commit = answered(createSubOrchestration={"name": "c", "instanceId": child_id})

    assert commit.new_instances == []
    assert commit.instance.status is Status.RUNNING


def test_a_failure_without_details_has_the_result_as_its_output():
    commit = answered(completeOrchestration={"orchestrationStatus": 3, "result": StringValue(value="why")})

    assert failure_text(commit) == "why"


def nested_failure(depth: int) -> Any:
    message = pb.TaskFailureDetails(errorType="T", errorMessage=str(depth))
    if depth:
        message.innerFailure.CopyFrom(nested_failure(depth - 1))
    return message


def test_failures_that_are_nested_deeply_are_told_as_far_as_a_reader_goes():
    failure = failure_from(nested_failure(80))

    assert pb.HistoryEvent.FromString(
        pb.HistoryEvent(
            taskFailed=pb.TaskFailedEvent(failureDetails=failure_message(failure))
        ).SerializeToString()
    )


def test_properties_of_a_failure_survive_unless_no_reader_could_take_them():
    message = pb.TaskFailureDetails(errorType="T", errorMessage="m")
    message.properties["whole"].number_value = 3
    message.properties["part"].number_value = 0.5
    message.properties["odd"].number_value = float("nan")
    message.properties["list"].list_value.CopyFrom(ListValue(values=[Value(bool_value=True), Value()]))

    failure = failure_from(message)

    assert failure.properties == {"whole": 3, "part": 0.5, "odd": "nan", "list": [True, None]}
    assert failure_from(failure_message(failure)) == failure
    assert FailureDetails.parse(failure.to_json()) == failure


@pytest.mark.parametrize(
    "value", [10**400, json.loads("[" * 200 + "]" * 200), {"a": object()}], ids=["huge", "deep", "odd"]
)
def test_a_property_that_no_reader_could_take_is_left_out(value):
    failure = FailureDetails("T", "m", properties={"bad": value, "good": 1})

    assert dict(failure_from(failure_message(failure)).properties or {}) == {"good": 1}


@pytest.mark.parametrize(
    ("returned", "result"),
    [
        ("", None),
        ("null", None),
        ('{"a": [1, 2]}', '{"a":[1,2]}'),
        ('"\\ud800"', '"\\ud800"'),
        ('"\ud800"', '"\\ud800"'),
        ('"é"', '"é"'),
    ],
)
def test_a_result_is_kept_as_compact_json(returned, result):
    assert RULES.activity_ended(TASK, Returned(returned), NOW) == TaskCompleted(NOW, 1, result)


@pytest.mark.parametrize(
    "returned", ["{", "\ud800", "9" * 5000, "[" * 200_000], ids=["open", "lone", "huge", "deep"]
)
def test_a_result_that_is_no_json_is_a_failure(returned):
    ended = RULES.activity_ended(TASK, Returned(returned), NOW)

    assert isinstance(ended, TaskFailed)
    assert ended.failure is not None
    assert "cannot be read as JSON" in ended.failure.message
    assert is_storable(repr(ended))


@pytest.mark.parametrize(
    ("raised", "failure"),
    [
        (Raised("E", "", ""), FailureDetails("E", "")),
        (Raised("", "x\ny", "s"), FailureDetails("(unknown)", "x", "s")),
        (Raised("E", "\ud800", ""), FailureDetails("E", "\\ud800")),
        (Raised("E", "{}", ""), FailureDetails("E", "{}")),
        (Raised("E", '{"other": 1}', ""), FailureDetails("E", '{"other": 1}')),
        (Raised("E", '{"errorType": 5}', ""), FailureDetails("E", '{"errorType": 5}')),
        (Raised("E", '{"errorMessage": "\\ud800"}', ""), FailureDetails("E", '{"errorMessage": "\\ud800"}')),
    ],
)
def test_what_an_activity_raises_becomes_a_failure(raised, failure):
    ended = RULES.activity_ended(TASK, raised, NOW)

    assert isinstance(ended, TaskFailed)
    assert ended.failure == failure


def test_details_that_are_nested_without_end_are_only_text():
    message = '{"errorType":"T","innerFailure":' * 5000

    ended = RULES.activity_ended(TASK, Raised("E", message, ""), NOW)

    assert isinstance(ended, TaskFailed)
    assert ended.failure == FailureDetails("E", message)


def batch(outcome: Outcome, count: int = 2) -> Commit:
    """The commit of a batch of calls that ended so."""
    entity = new_entity("@e@k", SdkProtocol.GRPC2, NOW)
    requests = [EntityRequest("@e@k", "op", None, f"request {n}", "caller", "x") for n in range(count)]
    arrived = [ArrivedMessage(n, EventRaised(NOW, "op", r.to_json()), None) for n, r in enumerate(requests)]
    turn = RULES.begin_batch(entity, arrived, NOW, alone=False)
    assert not isinstance(turn, Commit)
    commit = turn.decide(outcome, NOW)
    assert is_storable(repr(commit))
    return commit


def answers(commit: Commit) -> list[Any]:
    return [json.loads(m.event.input or "") for m in commit.messages if isinstance(m.event, EventRaised)]


@pytest.mark.parametrize(
    "outcome",
    [
        Returned(""),
        Returned("not base64!"),
        encoded(pb.EntityBatchResult()),
        encoded(pb.EntityBatchResult(results=[pb.OperationResult()])),
        encoded(pb.EntityBatchResult(results=[{"success": {}}], actions=[pb.OperationAction()])),
        encoded(pb.EntityBatchResult(results=[{"success": {}}], actions=[{"sendSignal": {}}])),
        encoded(
            pb.EntityBatchResult(results=[{"success": {}}], actions=[{"startNewOrchestration": {}}]),
        ),
        Raised("E", "\ud800", ""),
    ],
)
def test_a_batch_without_a_readable_answer_fails_every_operation(outcome):
    commit = batch(outcome)

    assert commit.consumed == [0, 1]
    assert all(answer["failureDetails"]["ErrorMessage"] for answer in answers(commit))
    assert len(answers(commit)) == 2


def test_a_failure_of_the_whole_batch_counts_for_operations_without_a_result():
    result = pb.EntityBatchResult(
        results=[{"success": {"result": StringValue(value="1")}}],
        failureDetails=pb.TaskFailureDetails(errorType="T", errorMessage="m"),
    )

    first, second = answers(batch(encoded(result)))

    assert first == {"result": "1"}
    assert (second["result"], second["exceptionType"]) == ('"m"', "T")


def test_operations_without_a_result_run_again():
    commit = batch(encoded(pb.EntityBatchResult(results=[{"success": {}}])))

    assert commit.consumed == [0]
    assert commit.more_to_take


def test_more_results_than_operations_are_not_heeded():
    assert len(answers(batch(encoded(pb.EntityBatchResult(results=[{"success": {}}] * 3))))) == 2
