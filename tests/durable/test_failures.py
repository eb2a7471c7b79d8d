"""Failures and the texts that clients match on. Source: durable extension."""

from funchost.durable.failures import FailureDetails, unknown_function


def test_an_unknown_activity_is_answered_with_the_known_ones() -> None:
    assert unknown_function("activity", "nope", ["a", "b"]) == (
        "The function 'nope' doesn't exist, is disabled, or is not an activity function. "
        "Additional info: The following are the known activity functions: 'a', 'b'."
    )


def test_an_unknown_orchestrator_in_an_app_without_any_says_that_there_is_none() -> None:
    assert unknown_function("orchestrator", "nope", []) == (
        "The function 'nope' doesn't exist, is disabled, or is not an orchestrator function. "
        "Additional info: No orchestrator functions are currently registered!"
    )


def test_an_unknown_entity_is_called_an_entity() -> None:
    text = unknown_function("entity", "nope", ["counter"])

    assert "is not an entity function. " in text
    assert text.endswith("The following are the known entity functions: 'counter'.")


def test_details_come_back_as_they_were_written() -> None:
    details = FailureDetails(
        "ValueError", "bad \ud800", "stack", FailureDetails("KeyError", "k"), True, {"a": [1, None]}
    )

    assert FailureDetails.parse(details.to_json()) == details
    details.to_json().encode()
