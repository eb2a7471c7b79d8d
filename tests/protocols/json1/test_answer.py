"""Reading what an orchestrator function returned or raised. Samples: SDK 1.7.0, schema V3; durable extension,
OutOfProcExceptionHelpers."""

import json
from typing import Any

import pytest

from funchost.durable.actions import CallActivity, ContinueAsNew, RetryPolicy
from funchost.durable.protocol import Returned
from funchost.durable.refusals import Unreadable
from funchost.protocols.json1.answer import parse_failure, parse_state, read_answer

ACTIVITY = {"actionType": 0, "functionName": "A", "input": "null"}
RETRY = {
    "actionType": 1,
    "functionName": "R",
    "input": "null",
    "retryOptions": {"maxNumberOfAttempts": 2, "firstRetryIntervalInMilliseconds": 5},
}
WAIT = {"actionType": 6, "externalEventName": "Go", "reason": "ExternalEvent"}
AGAIN = {"actionType": 4, "input": "1"}
CALL_A = CallActivity("A", "null")
CALL_R = CallActivity("R", "null", retry=RetryPolicy(2, 5000))


def state(*actions: Any, **fields: Any) -> str:
    return json.dumps({"isDone": False, "schemaVersion": 2, "actions": [list(actions)]} | fields)


def whole(kind: int, *actions: Any) -> dict[str, Any]:
    return {"actionType": kind, "compoundActions": list(actions)}


def test_an_answer_without_more_than_actions_is_not_done() -> None:
    answer = parse_state(state(ACTIVITY))

    assert (answer.done, answer.output, answer.error, answer.custom_status) == (False, None, None, None)


def test_compound_actions_are_flattened_in_order_and_waits_take_no_number() -> None:
    answer = parse_state(state(ACTIVITY, whole(12, whole(11, WAIT, RETRY), ACTIVITY), WAIT))

    assert answer.tasks == (CALL_A, CALL_R, CALL_A)
    assert answer.waits == ("Go", "Go")


def test_the_lists_of_the_oldest_schema_are_one_list() -> None:
    answer = parse_state(json.dumps({"isDone": False, "actions": [[ACTIVITY], [RETRY, WAIT]]}))

    assert (answer.tasks, answer.waits) == ((CALL_A, CALL_R), ("Go",))


def test_continue_as_new_is_no_task() -> None:
    answer = parse_state(state(ACTIVITY, AGAIN, isDone=True))

    assert (answer.tasks, answer.continue_as_new) == ((CALL_A,), ContinueAsNew('"1"'))


@pytest.mark.parametrize("value", [0, "", False, [], {}, "text", {"a": [1, "ä"]}])
def test_an_output_is_kept_as_compact_json_also_when_it_is_falsy(value: Any) -> None:
    kept = parse_state(state(isDone=True, output=value)).output

    assert kept == json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def test_a_custom_status_is_there_only_when_it_was_sent() -> None:
    assert parse_state(state(customStatus={"a": 1})).custom_status == '{"a":1}'
    assert parse_state(state()).custom_status is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "5",
        "{}",
        '{"isDone":true}',
        '{"isDone":true,"actions":[[{}]]}',
        state({"actionType": 6}),
    ],
)
def test_a_text_that_is_no_state_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        parse_state(text)

    answer = read_answer(Returned(text))

    assert (answer.error or "").startswith("The orchestrator's answer cannot be read: ")
    assert not answer.has_actions


def test_a_failure_with_a_state_keeps_its_actions_and_its_status() -> None:
    text = state(ACTIVITY, error="boom", customStatus="here")

    answer = parse_failure("Exception", f"boom\n\n$OutOfProcData$:{text}", "  File ...")

    assert (answer.error, answer.tasks, answer.custom_status) == ("boom", (CALL_A,), '"here"')
    assert answer.has_actions


def test_a_failure_without_a_state_is_the_workers_report() -> None:
    answer = parse_failure("ValueError", "boom", "  File ...")

    assert answer.error == (
        "One or more errors occurred. (Result: Failure\nException: ValueError: boom\nStack:   File ...)"
    )
    assert not answer.has_actions


def test_a_failure_whose_state_tells_no_error_is_the_workers_report() -> None:
    answer = parse_failure("Exception", f"x$OutOfProcData$:{state(ACTIVITY)}", "")

    assert not answer.has_actions


def test_a_failure_with_a_broken_state_does_not_break_the_host() -> None:
    answer = parse_failure("Exception", "I print $OutOfProcData$: and fail", "")

    assert answer.error is not None
    assert "I print" in answer.error
    assert not answer.has_actions
