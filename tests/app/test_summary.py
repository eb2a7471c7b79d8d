"""The summary of a fan-out from the reports of its tasks."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanout import reports, summary

intervals = st.lists(st.tuples(st.integers(0, 200), st.integers(1, 60)), max_size=60)


def reported(interval, worker=0):
    started, length = interval
    return {
        "index": 0,
        "hostInstance": f"host-{worker % 2}",
        "process": 10 + worker % 3,
        "thread": "thread",
        "started": reports.iso_time(started),
        "finished": reports.iso_time(started + length),
    }


def at_once(tasks):
    """The highest number of tasks at one time, counted the slow way."""
    moments = [started for started, _ in tasks]
    return max((sum(s <= now < s + length for s, length in tasks) for now in moments), default=0)


@given(tasks=intervals)
def test_the_highest_parallelism_is_what_counting_at_every_moment_gives(tasks):
    part = summary.part_of_reports(reported(task) for task in tasks)
    assert summary.summarise(part)["highestParallelism"] == at_once(tasks)


@given(tasks=intervals, cuts=st.lists(st.integers(0, 60), max_size=6))
def test_parts_taken_together_say_what_the_whole_says(tasks, cuts):
    everything = [reported(task, worker) for worker, task in enumerate(tasks)]
    edges = [0, *sorted(min(cut, len(tasks)) for cut in cuts), len(tasks)]
    parts = [
        summary.part_of_reports(everything[begin:end]).to_json() for begin, end in itertools.pairwise(edges)
    ]

    whole = summary.summarise(summary.part_of_reports(everything))
    assert summary.summarise(summary.part_of_parts(parts)) == whole


def test_a_task_that_starts_when_another_finishes_does_not_overlap_it():
    part = summary.part_of_reports([reported((0, 5)), reported((5, 5))])
    assert summary.summarise(part)["highestParallelism"] == 1


def test_workers_are_told_apart_by_host_instance_process_and_thread():
    tasks = [reported((0, 1), worker) for worker in (0, 0, 1, 2)]
    tasks.append({**reported((0, 1), 0), "thread": "other"})

    workers = summary.summarise(summary.part_of_reports(tasks))["workers"]
    assert workers == [
        {"hostInstance": "host-0", "process": 10, "thread": "other", "tasks": 1},
        {"hostInstance": "host-0", "process": 10, "thread": "thread", "tasks": 2},
        {"hostInstance": "host-0", "process": 12, "thread": "thread", "tasks": 1},
        {"hostInstance": "host-1", "process": 11, "thread": "thread", "tasks": 1},
    ]


def test_the_wall_clock_goes_from_the_first_start_to_the_last_finish():
    part = summary.part_of_reports([reported((2_000_000, 500_000)), reported((1_000_000, 1_750_000))])
    told = summary.summarise(part)

    assert told["wallClockSeconds"] == pytest.approx(1.75)
    assert told["firstStart"] == "1970-01-01T00:00:01.000000Z"
    assert told["lastFinish"] == "1970-01-01T00:00:02.750000Z"


@given(moment=st.integers(0, 4_000_000_000_000_000))
def test_times_are_read_back_as_they_were_written(moment):
    assert reports.microseconds_of(reports.iso_time(moment)) == moment
