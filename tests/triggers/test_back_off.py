"""Delays that grow. Source: Azure WebJobs SDK, RandomizedExponentialBackoffStrategy."""

from hypothesis import given
from hypothesis import strategies as st

from funchost.triggers.back_off import BackOff

BOUNDS = st.tuples(st.floats(0, 1e6), st.floats(0, 1e6)).map(sorted)


@given(BOUNDS, st.integers(1, 1200))
def test_no_delay_is_outside_the_bounds(bounds, count):
    shortest, longest = bounds
    back_off = BackOff(shortest, longest)

    delays = [back_off.next() for _ in range(count)]

    assert all(shortest <= delay <= longest for delay in delays)


@given(BOUNDS)
def test_the_first_delay_is_the_shortest_also_after_a_reset(bounds):
    shortest, longest = bounds
    back_off = BackOff(shortest, longest)

    first, _ = back_off.next(), back_off.next()
    back_off.reset()

    assert first == back_off.next() == shortest


@given(st.floats(0.001, 1))
def test_delays_about_double_until_they_are_the_longest(shortest):
    back_off = BackOff(shortest, shortest * 100)

    delays = [back_off.next() for _ in range(12)]

    assert delays == sorted(delays)
    assert delays[-1] == shortest * 100
    assert shortest * 1.8 <= delays[1] <= shortest * 2.2
    assert shortest * 2.6 <= delays[2] <= shortest * 3.4
