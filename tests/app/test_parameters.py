"""Text from outside turned into values, or refused."""

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared import exceptions, parameters


@given(number=st.integers(-50, 50))
def test_a_whole_number_is_taken_within_its_bounds_only(number):
    if -10 <= number <= 10:
        assert parameters.whole_number("n", str(number), -10, 10, example=1) == number
    else:
        with pytest.raises(exceptions.InvalidValue, match="out of range"):
            parameters.whole_number("n", str(number), -10, 10, example=1)


@given(text=st.text())
@example(text="9" * 5_000)
@example(text="1\n")
@example(text="٣")
def test_any_text_is_a_whole_number_within_the_bounds_or_is_refused(text):
    try:
        value = parameters.whole_number("n", text, 0, 100, example=1)
    except exceptions.InvalidValue:
        return
    assert 0 <= value <= 100
    assert int(text) == value


@given(text=st.text() | st.floats().map(str))
@example(text="nan")
@example(text="1e400")
@example(text="1_0")
@example(text=" 1")
def test_any_text_is_a_number_within_the_bounds_or_is_refused(text):
    try:
        value = parameters.number("n", text, 0, 100, example=0.5)
    except exceptions.InvalidValue:
        return
    assert math.isfinite(value)
    assert 0 <= value <= 100


@given(number=st.floats(0, 100))
def test_a_number_is_read_as_it_is_printed(number):
    assert parameters.number("n", repr(number), 0, 100, example=1) == number


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("", "d"),
        ("?", "d"),
        ("?other=1", "d"),
        ("?name=x", "x"),
        ("?name=", ""),
        ("?name", ""),
        ("?name=a%20b", "a b"),
    ],
)
def test_a_query_value_is_given_or_its_default(query, value):
    assert parameters.query_value(f"http://host/api/x{query}", "name", "d") == value


@pytest.mark.parametrize("text", ["", "ten", "1_0", " 1", "1\n", "٣", "101", "9" * 5_000])
def test_a_refused_number_is_named_with_what_is_allowed(text):
    for read in (parameters.whole_number, parameters.number):
        with pytest.raises(exceptions.InvalidValue, match=r"^n: '.*Give 0 to 100, for example n=1\.$"):
            read("n", text, 0, 100, 1)


def test_a_long_value_is_shortened_in_the_message():
    with pytest.raises(exceptions.InvalidValue) as refusal:
        parameters.whole_number("n", "x" * 10_000, 0, 1, example=1)
    assert len(str(refusal.value)) < 300
