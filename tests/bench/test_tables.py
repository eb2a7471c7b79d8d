"""Tables: they line up, and numbers stand to the right."""

import pytest

from bench import tables


def test_columns_line_up_and_numbers_stand_to_the_right() -> None:
    assert tables.table(["what", "n"], [["apples", "5"], ["figs", "1200"]]).splitlines() == [
        "| what   |    n |",
        "| ------ | ---: |",
        "| apples |    5 |",
        "| figs   | 1200 |",
    ]


def test_a_column_with_a_word_in_it_stands_to_the_left() -> None:
    assert tables.table(["value"], [["7"], ["seven"]]).splitlines()[2] == "| 7     |"


def test_what_is_not_known_stands_with_the_numbers() -> None:
    assert tables.table(["value"], [["-"], ["7"]]).splitlines()[2] == "|     - |"


def test_a_row_that_is_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        tables.table(["a", "b"], [["1"]])
