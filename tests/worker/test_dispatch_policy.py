"""Which worker gets the next invocation."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from funchost.worker.pool import WorkerChoice


@dataclass
class Worker:
    name: str
    in_flight: int = 0
    episodes: int = 0

    def load(self, lane):
        return self.episodes if lane == "episodes" else self.in_flight - self.episodes


def test_round_robin_goes_round_whatever_the_load_and_begins_with_the_second():
    workers = [Worker("a", 9), Worker("b"), Worker("c", 3)]
    choice = WorkerChoice("round-robin")

    assert [choice.choose(workers, "threads").name for _ in range(6)] == ["b", "c", "a", "b", "c", "a"]


def test_the_least_busy_worker_gets_the_invocation():
    workers = [Worker("a", 2), Worker("b", 1), Worker("c", 2)]
    choice = WorkerChoice("least-busy")

    assert {choice.choose(workers, "threads").name for _ in range(6)} == {"b"}


def test_an_episode_does_not_push_an_activity_to_a_worker_with_more_of_them():
    workers = [Worker("a", in_flight=9 + 3, episodes=3), Worker("b", in_flight=10)]
    choice = WorkerChoice("least-busy")

    assert {choice.choose(workers, "threads").name for _ in range(4)} == {"a"}
    assert {choice.choose(workers, "episodes").name for _ in range(4)} == {"b"}


def test_workers_that_are_busy_alike_take_turns():
    workers = [Worker("a"), Worker("b"), Worker("c", 5)]
    choice = WorkerChoice("least-busy")

    chosen = [choice.choose(workers, "threads").name for _ in range(6)]

    assert sorted(set(chosen)) == ["a", "b"]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=10), st.integers(1, 30))
def test_least_busy_never_passes_over_a_less_busy_worker(loads, rounds):
    workers = [Worker(str(number), load) for number, load in enumerate(loads)]
    choice = WorkerChoice("least-busy")

    for _ in range(rounds):
        least = min(worker.in_flight for worker in workers)
        chosen = choice.choose(workers, "threads")
        assert chosen.in_flight == least
        chosen.in_flight += 1
