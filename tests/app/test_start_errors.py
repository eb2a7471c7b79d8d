"""What the exceptions of `start_new` mean."""

import pytest

from shared import start_errors

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
    assert start_errors.orchestrator_is_unknown(error)
    assert not start_errors.instance_exists(error)
    assert start_errors.known_orchestrators(error).startswith("The following are")


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
    assert start_errors.instance_exists(error)
    assert not start_errors.orchestrator_is_unknown(error)


@pytest.mark.parametrize("error", [Exception(), Exception(None), Exception({}), OSError(111, "refused")])
def test_anything_else_is_neither(error):
    assert not start_errors.instance_exists(error)
    assert not start_errors.orchestrator_is_unknown(error)
