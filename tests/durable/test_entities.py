"""The rules of entities, with functions that run through the SDK. Expectations: durable extension, entity
shim and scheduler state; the SDK's entity context and response message."""

import json
from typing import Any

import azure.durable_functions as df
import pytest
from funchost.durable.model import Instance, Status

from funchost.durable import entities, events
from funchost.durable.commit import ArrivedMessage, Commit
from funchost.durable.entities import EntityIntake, MalformedEntityAnswer
from tests.durable.instances import NOON, new_instance

COUNTER = entities.new_entity("@counter@K1", NOON - 1)
CALLER = new_instance(status=Status.RUNNING)


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


def signalled(number: int, operation: str, value: Any = None) -> ArrivedMessage:
    stored = None if value is None else json.dumps(json.dumps(value))
    return ArrivedMessage(number, entities.signal(operation, stored, NOON), None)


def called(number: int, operation: str, value: Any = None) -> ArrivedMessage:
    request = entities.request_text(operation, json.dumps(json.dumps(value)), f"r{number}", CALLER)
    return ArrivedMessage(number, events.event_raised(NOON, "op", request), None)


def run_batch(entity: Instance, *arrived: ArrivedMessage) -> Commit:
    intake = entities.take(arrived, limit=100)
    returned = run(entities.entity_context(entity, intake.batch).decode())
    return entities.decide_entity(entity, intake, returned, NOON)


def answers(commit: Commit) -> dict[str | None, Any]:
    return {m.event.name: json.loads(json.loads(m.event.text)["Input"]) for m in commit.messages}


def test_a_batch_takes_the_operations_in_order_of_arrival_up_to_the_limit() -> None:
    intake = entities.take([signalled(n, f"op{n}") for n in (7, 8, 9)], limit=2)

    assert [each.name for each in intake.batch] == ["op7", "op8"]
    assert intake.consumed == [7, 8]
    assert intake.left


def test_a_batch_that_takes_everything_leaves_nothing() -> None:
    intake = entities.take([signalled(1, "a"), signalled(2, "b")], limit=2)

    assert intake.consumed == [1, 2]
    assert not intake.left


@pytest.mark.parametrize(
    "junk",
    [
        events.event_raised(NOON, "op", '"no request"'),
        events.event_raised(NOON, "op", "{}"),
        events.event_raised(NOON, "op", "[1]"),
        events.event_raised(NOON, "op", "not JSON"),
        events.event_raised(NOON, "Go", '{"op":"add","id":"1"}'),
        events.execution_terminated(NOON, "stop"),
        events.execution_suspended(NOON, "wait"),
    ],
)
def test_what_is_no_request_is_thrown_away_and_stops_nothing(junk: events.Event) -> None:
    intake = entities.take([ArrivedMessage(1, junk, None), signalled(2, "add", 5)], limit=10)

    assert intake.consumed == [1, 2]
    assert [each.name for each in intake.batch] == ["add"]


def test_the_context_has_exactly_the_keys_that_the_sdk_takes() -> None:
    intake = entities.take([signalled(1, "add", 5), called(2, "get")], limit=10)

    assert json.loads(entities.entity_context(COUNTER, intake.batch)) == {
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

    assert entities.entity_state(first.instance) == "8"
    assert entities.entity_state(second.instance) == "10"
    assert first.consumed == [1, 2]


def test_the_row_of_an_entity_looks_like_that_of_the_real_host() -> None:
    entity = run_batch(COUNTER, signalled(1, "add", 10)).instance

    assert (entity.name, entity.status) == ("@counter@K1", Status.RUNNING)
    assert entity.input == '{"exists":true,"state":"10","sorter":{}}'
    assert entity.custom_status == '{"entityExists":true}'
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
    plain = ArrivedMessage(1, entities.signal("add", "5", NOON), None)

    commit = run_batch(COUNTER, plain, signalled(2, "add", 3))

    assert entities.entity_state(commit.instance) == "3"


def test_a_read_creates_an_entity_with_the_state_null() -> None:
    assert entities.entity_state(run_batch(COUNTER, signalled(1, "get")).instance) == "null"


def test_an_entity_that_only_failed_before_it_set_anything_does_not_exist() -> None:
    entity = run_batch(COUNTER, signalled(1, "add")).instance

    assert entities.entity_state(entity) is None


def test_a_deleted_entity_has_no_state_and_starts_anew() -> None:
    deleted = run_batch(run_batch(COUNTER, signalled(1, "add", 5)).instance, signalled(2, "delete")).instance

    assert entities.entity_state(deleted) is None
    assert deleted.custom_status == "{}"
    assert entities.entity_state(run_batch(deleted, signalled(3, "add", 1)).instance) == "1"


def test_an_entity_that_was_never_asked_has_no_state() -> None:
    assert entities.entity_state(COUNTER) is None


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
def test_an_answer_that_does_not_fit_the_batch_is_refused_by_name(returned: str) -> None:
    intake = entities.take([called(1, "add", 5)], limit=10)

    with pytest.raises(MalformedEntityAnswer, match="@counter@K1"):
        entities.decide_entity(COUNTER, intake, returned, NOON)


def test_a_batch_that_cannot_run_answers_its_calls_and_changes_nothing_else() -> None:
    intake = entities.take([called(1, "add", 5), signalled(2, "add", 5)], limit=10)

    commit = entities.fail_batch(COUNTER, intake, "The function 'counter' doesn't exist.", NOON)

    assert commit.consumed == [1, 2]
    assert commit.instance == COUNTER
    assert answers(commit) == {
        "r1": {"result": "\"The function 'counter' doesn't exist.\"", "exceptionType": "Error"}
    }


def test_a_decision_asks_for_another_batch_while_operations_wait() -> None:
    intake = EntityIntake(left=True)

    assert entities.fail_batch(COUNTER, intake, "x", NOON).more_to_take
