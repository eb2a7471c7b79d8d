"""The rules of entities, with functions that run through the SDK. Expectations: durable extension, entity
shim and scheduler state; the SDK's entity context and response message."""

import json
from typing import Any

import azure.durable_functions as df
import pytest

from funchost.durable import entities, events
from funchost.durable.actions import CallEntity, SignalEntity
from funchost.durable.commit import ArrivedMessage, Commit
from funchost.durable.entities import EntityIntake, OperationResult
from funchost.durable.episode_commit import Rules
from funchost.durable.instances import Instance, SdkProtocol, Status
from funchost.durable.protocol import Refusal, Returned, Turn
from funchost.protocols.json1.entity_batches import batch_context
from funchost.protocols.json1.rules import Json1Rules
from tests.durable.instances import NOON, new_instance

ID = "@counter@K1"
COUNTER = entities.new_entity(ID, SdkProtocol.JSON1, NOON - 1)
CALLER = new_instance(status=Status.RUNNING)
RULES = Json1Rules(Rules())


def counter(context: df.DurableEntityContext) -> None:
    match context.operation_name:
        case "add":
            context.set_state(context.get_state(lambda: 0) + context.get_input())
            context.set_result(context.get_state())
        case "get":
            context.set_result(context.get_state())
        case "delete":
            context.destruct_on_exit()
        case "fail":
            context.set_state(-1)
            raise ValueError("bad op")


run = df.Entity.create(counter)


def arrived(number: int, request: entities.EntityRequest) -> ArrivedMessage:
    return ArrivedMessage(number, request.message(NOON).event, None)


def signalled(number: int, operation: str, value: Any = None) -> ArrivedMessage:
    stored = None if value is None else json.dumps(json.dumps(value))
    return arrived(number, entities.request_for(SignalEntity(ID, operation, stored)))


def called(number: int, operation: str, value: Any = None) -> ArrivedMessage:
    call = CallEntity(ID, operation, json.dumps(json.dumps(value)), f"r{number}")
    return arrived(number, entities.request_for(call, CALLER))


def take(*messages: ArrivedMessage, limit: int = 10) -> EntityIntake:
    return entities.take(COUNTER, messages, limit)


def turn_of(entity: Instance, *messages: ArrivedMessage) -> Turn:
    turn = RULES.begin_batch(entity, messages, NOON, alone=False)
    assert isinstance(turn, Turn)
    return turn


def run_batch(entity: Instance, *messages: ArrivedMessage) -> Commit:
    turn = turn_of(entity, *messages)
    return turn.decide(Returned(run(turn.payload.decode())), NOON)


def answers(commit: Commit) -> dict[str, Any]:
    raised = [message.event for message in commit.messages]
    return {
        each.name: json.loads(each.input or "") for each in raised if isinstance(each, events.EventRaised)
    }


def test_a_batch_takes_the_operations_in_order_of_arrival_up_to_the_limit() -> None:
    intake = take(*(signalled(n, f"op{n}") for n in (7, 8, 9)), limit=2)

    assert [(number, each.operation) for number, each in intake.batch] == [(7, "op7"), (8, "op8")]
    assert intake.left


def test_a_batch_that_takes_everything_leaves_nothing() -> None:
    intake = take(signalled(1, "a"), signalled(2, "b"), limit=2)

    assert [number for number, _ in intake.batch] == [1, 2]
    assert not intake.left


@pytest.mark.parametrize(
    "junk",
    [
        events.EventRaised(NOON, "op", '"no request"'),
        events.EventRaised(NOON, "op", "{}"),
        events.EventRaised(NOON, "op", "[1]"),
        events.EventRaised(NOON, "op", "not JSON"),
        events.EventRaised(NOON, "Go", '{"op":"add","id":"1"}'),
        events.ExecutionTerminated(NOON, "stop"),
        events.ExecutionSuspended(NOON, "wait"),
    ],
)
def test_what_is_no_request_is_thrown_away_and_stops_nothing(junk: events.Event) -> None:
    intake = take(ArrivedMessage(1, junk, None), signalled(2, "add", 5))

    assert intake.consumed == [1]
    assert [each.operation for each in intake.operations] == ["add"]


def test_the_context_has_exactly_the_keys_that_the_sdk_takes() -> None:
    intake = take(signalled(1, "add", 5), called(2, "get"))

    assert json.loads(batch_context(COUNTER, intake.operations)) == {
        "self": {"name": "counter", "key": "K1"},
        "exists": False,
        "state": None,
        "batch": [
            {"name": "add", "input": '"5"', "isSignal": True},
            {"name": "get", "input": '"null"', "isSignal": False},
        ],
    }


def test_a_key_may_hold_an_at_sign_and_names_ignore_case() -> None:
    assert entities.entity_id("Counter", "a@B") == "@counter@a@B"
    assert entities.split_entity_id("@counter@a@B") == ("counter", "a@B")


def test_a_batch_carries_the_state_from_operation_to_operation_and_keeps_it() -> None:
    first = run_batch(COUNTER, signalled(1, "add", 5), signalled(2, "add", 3))
    second = run_batch(first.instance, signalled(3, "add", 2))

    assert first.instance.entity_state == "8"
    assert second.instance.entity_state == "10"
    assert first.consumed == [1, 2]


def test_the_row_of_an_entity_is_written_by_each_batch() -> None:
    entity = run_batch(COUNTER, signalled(1, "add", 10)).instance

    assert (entity.name, entity.status) == ("@counter@K1", Status.RUNNING)
    assert (entity.input, entity.custom_status, entity.entity_state) == (None, None, "10")
    assert (entity.created_at, entity.updated_at) == (NOON, NOON)


def test_a_call_is_answered_to_the_execution_that_asked() -> None:
    commit = run_batch(COUNTER, called(1, "add", 5))

    (message,) = commit.messages
    assert (message.instance_id, message.execution_id) == ("abc", "e1")
    assert answers(commit) == {"r1": {"result": "5"}}


def test_a_signal_is_not_answered() -> None:
    assert run_batch(COUNTER, signalled(1, "add", 5), signalled(2, "fail")).messages == []


def test_an_error_is_answered_with_its_text_and_keeps_the_state_that_was_set() -> None:
    commit = run_batch(COUNTER, called(1, "fail"), called(2, "get"))

    assert answers(commit) == {
        "r1": {"result": '"bad op"', "exceptionType": "Error"},
        "r2": {"result": "-1"},
    }


def test_an_operation_without_a_result_is_answered_with_the_text_null() -> None:
    assert answers(run_batch(COUNTER, called(1, "delete"))) == {"r1": {"result": "null"}}


def test_an_input_that_was_encoded_once_fails_its_operation_only() -> None:
    plain = arrived(1, entities.request_for(SignalEntity(ID, "add", "5")))

    commit = run_batch(COUNTER, plain, signalled(2, "add", 3))

    assert commit.instance.entity_state == "3"


def test_a_read_creates_an_entity_with_the_state_null() -> None:
    assert run_batch(COUNTER, signalled(1, "get")).instance.entity_state == "null"


def test_an_entity_that_only_failed_before_it_set_anything_does_not_exist() -> None:
    entity = run_batch(COUNTER, signalled(1, "add")).instance

    assert entity.entity_state is None


def test_a_deleted_entity_has_no_state_and_starts_anew() -> None:
    deleted = run_batch(run_batch(COUNTER, signalled(1, "add", 5)).instance, signalled(2, "delete")).instance

    assert deleted.entity_state is None
    assert run_batch(deleted, signalled(3, "add", 1)).instance.entity_state == "1"


def test_an_entity_that_was_never_asked_has_no_state() -> None:
    assert COUNTER.entity_state is None


@pytest.mark.parametrize(
    "returned",
    [
        "",
        "[]",
        "null",
        '{"entityExists":true,"entityState":"1"}',
        '{"entityExists":true,"entityState":"1","results":[],"signals":[]}',
        '{"entityExists":true,"entityState":1,"results":[{"isError":false,"result":"1"}],"signals":[]}',
        '{"entityExists":true,"entityState":"1","results":[{"isError":false,"result":1}],"signals":[]}',
        '{"entityExists":true,"entityState":"1","results":["x"],"signals":[]}',
    ],
)
def test_an_answer_that_does_not_fit_the_batch_fails_its_operations_by_name(returned: str) -> None:
    commit = turn_of(COUNTER, called(1, "add", 5)).decide(Returned(returned), NOON)

    assert commit.consumed == [1]
    assert "Entity '@counter@K1': the function's answer cannot be read: " in answers(commit)["r1"]["result"]
    assert answers(commit)["r1"]["exceptionType"] == "Error"


def test_a_batch_that_cannot_run_answers_its_calls_and_changes_nothing_else() -> None:
    turn = turn_of(COUNTER, called(1, "add", 5), signalled(2, "add", 5))

    commit = turn.fail("The function 'counter' doesn't exist.", NOON, Refusal.UNKNOWN_FUNCTION)

    assert commit.consumed == [1, 2]
    assert commit.instance == COUNTER
    assert answers(commit) == {
        "r1": {"result": "\"The function 'counter' doesn't exist.\"", "exceptionType": "Error"}
    }


def test_a_decision_asks_for_another_batch_while_operations_wait() -> None:
    intake = EntityIntake(None, left=True)

    assert entities.fail_batch(COUNTER, intake, OperationResult('"x"', is_error=True), NOON).more_to_take
