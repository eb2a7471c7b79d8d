"""The throughput: its arithmetic, and that funchost and the peer run each kind of load to its end."""

import sys
from importlib.util import find_spec

import pytest

from bench import machine, throughput
from bench.throughput import Load

HELLO = Load("hello", "hello_cities", 30, 5, 30)
FLAT = Load("flat", "fan_out", 1, 20, 20)
CHAIN = Load("chain", "chain", 2, 3, 6)


def test_a_rate_is_that_of_the_median() -> None:
    assert throughput.rates([[1.0, 0.01], [0.5, 0.04], [2.0, 0.02]], [HELLO, FLAT]) == ["30", "1,000"]


def test_a_ratio_is_the_median_of_those_within_a_turn() -> None:
    own, peer = [[1.0], [2.0], [4.0]], [[3.0], [10.0], [16.0]]
    assert throughput.ratios(own, peer) == ["4.0"]


def test_each_generation_is_compared_with_each_form_of_the_peer() -> None:
    own = {"1.x": [[1.0]], "2.x": [[0.5]]}
    peers = {"alone": [[3.0]], "apart": [[2.0]]}
    rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in _lines(own, peers)]
    assert rows == [
        ["per second", "1.x", "2.x", "alone", "apart"],
        ["hello", "30", "60", "10", "15"],
        ["times as fast", "1.x / alone", "1.x / apart", "2.x / alone", "2.x / apart"],
        ["hello", "3.0", "2.0", "6.0", "4.0"],
    ]


def _lines(own: dict[str, list[list[float]]], peers: dict[str, list[list[float]]]) -> list[str]:
    lines = throughput.report(own, peers, [HELLO]).splitlines()
    return [line for line in lines if line and not line.startswith("| --")]


@pytest.mark.parametrize("generation", machine.generations(), ids=lambda each: each.name)
def test_funchost_runs_each_kind_of_load_to_its_end(generation: machine.Generation) -> None:
    seconds = throughput.funchost_seconds(generation, [HELLO, FLAT, CHAIN])
    assert len(seconds) == 3
    assert min(seconds) > 0


@pytest.mark.skipif(
    not throughput.PEER_PACKAGES.exists() and find_spec("durabletask") is None,
    reason="durabletask comes with `make bench-throughput` or SDK 2.x",
)
@pytest.mark.parametrize("workers", [0, 1])
def test_the_peer_runs_each_kind_of_load_to_its_end(workers: int) -> None:
    seconds = throughput.peer_seconds(workers, [HELLO, FLAT, CHAIN])
    assert len(seconds) == 3
    assert min(seconds) > 0


def test_a_peer_that_fails_says_why() -> None:
    with pytest.raises(throughput.PeerFailed, match=r"(?s)exit code 1:.*Error"):
        throughput.peer_seconds(0, [Load("none", "no:such:load", 1, 1, 1)])


def test_one_generation_alone_is_said_loudly() -> None:
    own, *_ = machine.generations()
    assert own.interpreter == sys.executable
    assert machine.left_out([own]).startswith(f"ONLY {own.name} IS MEASURED.")
    assert machine.left_out([own, own]) == ""
