"""What the two generations of the SDK hand over in two ways."""

from types import SimpleNamespace

import pytest

from shared import generations

UNKNOWN = (
    "The function 'nope' doesn't exist, is disabled, or is not an orchestrator function. "
    "Additional info: The following are the known orchestrator functions: 'a', 'b'."
)
IN_USE = {
    "Message": "Something went wrong while processing your request",
    "ExceptionMessage": "An Orchestration instance with the status Running already exists.",
    "ExceptionType": "System.InvalidOperationException",
}


def test_a_text_about_an_unknown_orchestrator_is_understood():
    error = Exception(UNKNOWN)
    assert generations.orchestrator_is_unknown(error)
    assert not generations.instance_exists(error)


@pytest.mark.parametrize(
    "said",
    [
        IN_USE,
        "An Orchestration instance with the status Pending already exists.",
        {"Message": "It Already Exists"},
    ],
)
def test_a_refusal_because_the_id_is_in_use_is_understood_in_each_form(said):
    error = Exception(said)
    assert generations.instance_exists(error)
    assert not generations.orchestrator_is_unknown(error)


class CallError(Exception):
    """As gRPC clients raise it: without arguments."""

    def details(self):
        return "An Orchestration instance with the ID a already exists."


def test_a_refusal_of_a_grpc_call_is_understood():
    assert generations.instance_exists(CallError())
    assert not generations.orchestrator_is_unknown(CallError())


@pytest.mark.parametrize("error", [Exception(), Exception(None), Exception({}), OSError(111, "refused")])
def test_anything_else_is_neither(error):
    assert not generations.instance_exists(error)
    assert not generations.orchestrator_is_unknown(error)


FAULT = ValueError("no bed")


def cannot_be_read(_):
    raise AssertionError("2.x raises when the result of a failed task is read")


class FailedTask:
    """As 2.x has it."""

    is_complete = is_failed = True
    result = property(cannot_be_read)

    def get_exception(self):
        return FAULT


@pytest.mark.parametrize("task", [SimpleNamespace(is_completed=True, result=FAULT), FailedTask()])
def test_a_failed_task_has_ended_and_gives_its_exception(task):
    assert generations.has_ended(task)
    assert generations.failure(task) is FAULT


@pytest.mark.parametrize(
    "task",
    [
        SimpleNamespace(is_completed=True, result=3),
        SimpleNamespace(is_complete=True, is_failed=False, result=3),
    ],
)
def test_a_task_that_ended_well_has_no_failure(task):
    assert generations.has_ended(task)
    assert generations.failure(task) is None


@pytest.mark.parametrize("task", [SimpleNamespace(is_completed=False), SimpleNamespace(is_complete=False)])
def test_a_task_that_is_under_way_has_not_ended(task):
    assert not generations.has_ended(task)
