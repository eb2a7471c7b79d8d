"""Instance IDs. Expectations: durable extension, DurableClient, with its swapped argument."""

import re

import pytest

from funchost.durable.identity import check_instance_id, child_instance_id, is_entity_id, new_id
from funchost.durable.refusals import InvalidInstanceId


@pytest.mark.parametrize("instance_id", ["a", " a b ", "ä", "a@b", "x" * 256, "a:0", "%2F"])
def test_an_ordinary_id_is_taken(instance_id: str) -> None:
    check_instance_id(instance_id)


@pytest.mark.parametrize("instance_id", ["a/b", "a\\b", "a#b", "a?b", "a\nb", "\x7f", "\x85"])
def test_an_id_with_a_forbidden_character_is_refused(instance_id: str) -> None:
    with pytest.raises(InvalidInstanceId) as refusal:
        check_instance_id(instance_id)

    assert str(refusal.value) == (
        "instanceId (Parameter 'Orchestration instance ids must not contain /, \\, #, ?, "
        "or control characters.')"
    )


def test_an_id_that_looks_like_an_entity_is_refused() -> None:
    with pytest.raises(InvalidInstanceId, match="must not start with @"):
        check_instance_id("@counter@K1")


def test_an_id_of_more_than_256_characters_is_refused() -> None:
    with pytest.raises(InvalidInstanceId, match="must not exceed 256 characters"):
        check_instance_id("x" * 257)


def test_a_fresh_id_has_32_hexadecimal_digits_and_is_fresh() -> None:
    assert re.fullmatch("[0-9a-f]{32}", new_id())
    assert new_id() != new_id()


def test_a_child_is_named_after_the_execution_and_the_number_of_the_call() -> None:
    assert child_instance_id("e1", 3) == "e1:3"


def test_entities_are_told_by_the_at_sign() -> None:
    assert is_entity_id("@counter@K1")
    assert not is_entity_id("counter@K1")
