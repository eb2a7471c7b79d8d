"""The throughput: its arithmetic, and that the measured app does what is counted."""

import pytest

from bench import throughput


def test_the_median_is_taken_for_each_size() -> None:
    assert throughput.medians([[1.0, 9.0], [2.0, 7.0], [5.0, 8.0]]) == [2.0, 8.0]


@pytest.mark.parametrize("exponent", [0.5, 1.0, 2.0])
def test_growth_is_told_as_an_exponent(exponent: float) -> None:
    sizes = [500, 1_000, 10_000]
    seconds = [0.003 * size**exponent for size in sizes]
    assert throughput.growth_exponent(sizes, seconds) == pytest.approx(exponent)


def test_rates_are_compared_with_both_forms_of_the_peer() -> None:
    rows = throughput.comparison([0.25, 4.0], [1.0, 10.0], [0.5, 5.0]).splitlines()[2:]
    assert [[cell.strip() for cell in row.strip("| ").split("|")] for row in rows] == [
        ["1000", "4000", "1000", "4.0", "2000", "2.0"],
        ["10000", "2500", "1000", "2.5", "2000", "1.2"],
    ]


def test_the_cost_is_told_for_a_task() -> None:
    text = throughput.cost([0.5, 1.0, 2.0, 5.0, 10.0])
    assert text.count("1.000 ms") == len(throughput.SIZES)
    assert "to the power of 1.00 " in text


def test_each_size_is_run_to_its_end() -> None:
    seconds = throughput.funchost_seconds([10, 20])
    assert len(seconds) == 2
    assert min(seconds) > 0
