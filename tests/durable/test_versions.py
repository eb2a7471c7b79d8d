"""Which versions a worker may run. Expectations: DurableTask.Core, VersioningSettings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funchost.durable.versions import MatchStrategy, compare, complies


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("", "0.1"),
        (" ", "a"),
        ("1.2", "1.10"),
        ("1.0", "1.0.0"),
        ("2.9.9.9", "10.0"),
        ("1", "10"),
        ("10", "9"),  # "9" is no version of numbers, so they compare as words.
        ("1.0", "v1"),
        ("Alpha", "beta"),
        ("1.0.0.0.1", "1.0.0.0.2"),
        ("1.9999999999", "1.99999999990"),
    ],
)
def test_an_older_version_is_less_than_a_newer_one(older: str, newer: str) -> None:
    assert (compare(older, newer), compare(newer, older)) == (-1, 1)


@pytest.mark.parametrize(("left", "right"), [("", " "), ("1.0", "01.0"), ("Beta", "bETA"), ("1.0", " 1.0 ")])
def test_versions_that_mean_the_same_are_equal(left: str, right: str) -> None:
    assert compare(left, right) == 0


@given(st.text(), st.text())
def test_the_comparison_is_the_same_from_both_sides(left: str, right: str) -> None:
    assert compare(left, right) == -compare(right, left)


@pytest.mark.parametrize(
    ("strategy", "instance_version", "expected"),
    [
        (MatchStrategy.NONE, "3.0", True),
        (MatchStrategy.STRICT, "2.0", True),
        (MatchStrategy.STRICT, "1.0", False),
        (MatchStrategy.STRICT, "02.0", False),
        (MatchStrategy.STRICT, "", False),
        (MatchStrategy.CURRENT_OR_OLDER, "", True),
        (MatchStrategy.CURRENT_OR_OLDER, "1.9", True),
        (MatchStrategy.CURRENT_OR_OLDER, "2.0", True),
        (MatchStrategy.CURRENT_OR_OLDER, "2.1", False),
    ],
)
def test_a_worker_of_version_2_takes_what_its_strategy_allows(
    strategy: MatchStrategy, instance_version: str, expected: bool
) -> None:
    assert complies("2.0", instance_version, strategy) is expected


def test_strategies_have_the_names_of_host_json() -> None:
    assert [str(each) for each in MatchStrategy] == ["None", "Strict", "CurrentOrOlder"]
