"""Retry policies as they are written. Source: Azure Functions host, Utility.ValidateRetryOptions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funchost.conventions.retry_policies import BadRetryPolicy, RetryPolicy

FIXED = {"strategy": "fixedDelay", "maxRetryCount": 3, "delayInterval": "00:00:05"}
EXPONENTIAL = {
    "strategy": "exponentialBackoff",
    "maxRetryCount": "5",
    "minimumInterval": "00:00:01",
    "maximumInterval": "00:01:00",
}


def test_a_fixed_delay_is_the_same_each_time():
    assert RetryPolicy.of(FIXED, needs_intervals=True) == RetryPolicy("fixedDelay", 3, 5, 5)


def test_an_exponential_back_off_has_bounds():
    assert RetryPolicy.of(EXPONENTIAL, needs_intervals=True) == RetryPolicy("exponentialBackoff", 5, 1, 60)


def test_a_decorator_may_leave_the_bounds_out():
    given = {"strategy": "exponential_backoff", "maxRetryCount": "1"}

    policy = RetryPolicy.of(given, needs_intervals=False)

    assert (policy.shortest_delay, policy.longest_delay) == (0, 2**31 - 1)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"strategy": "linear"}, "strategy is 'linear'"),
        ({"strategy": None}, "strategy is ''"),
        ({"maxRetryCount": None}, "maxRetryCount is 'None'"),
        ({"maxRetryCount": "-2"}, "maxRetryCount is '-2'"),
        ({"maxRetryCount": "1.5"}, "maxRetryCount is '1.5'"),
        ({"minimumInterval": None}, "minimumInterval is missing"),
        ({"minimumInterval": "soon"}, "minimumInterval is 'soon'"),
        ({"minimumInterval": "-00:00:01"}, "minimumInterval is '-00:00:01'"),
        ({"minimumInterval": "01:00:00"}, "minimumInterval is longer than maximumInterval"),
    ],
)
def test_what_is_wrong_is_named(changed, named):
    with pytest.raises(BadRetryPolicy, match=named):
        RetryPolicy.of({**EXPONENTIAL, **changed}, needs_intervals=True)


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_as_many_retries_are_allowed_as_the_policy_says(most, done):
    assert RetryPolicy("fixedDelay", most, 1, 1).allows(done) == (done < most)


@given(st.integers(0, 1000))
def test_minus_one_is_for_ever(done):
    assert RetryPolicy("fixedDelay", -1, 1, 1).allows(done)
