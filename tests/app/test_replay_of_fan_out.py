"""`fan_out_fan_in`, driven through the SDK's replay."""

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanout import orchestrator, reports
from tests.app import generation, replay


def reported(task):
    """The report of a task that ran where and when its index says."""
    started = 1_714_557_600_000_000 + task["index"] * 1_000
    return {
        "index": task["index"],
        "hostInstance": "here",
        "process": 7,
        "thread": f"thread-{task['index'] % 4}",
        "started": reports.iso_time(started),
        "finished": reports.iso_time(started + 2_500),
    }


@pytest.fixture
def fan_out(functions):
    return functions["fan_out_fan_in"]


def started(fan_out, value):
    return replay.Instance(fan_out, replay.encoded(value)).start()


@pytest.mark.parametrize("count", [1, 5, 100])
def test_all_tasks_are_scheduled_in_the_first_episode(fan_out, count):
    instance = started(fan_out, count)

    assert [asked.name for asked in instance.scheduled] == ["sleep"] * count
    assert [asked.input for asked in instance.scheduled] == [
        {"index": index, "seconds": 1.0} for index in range(count)
    ]


@pytest.mark.parametrize("count", [0, {"taskCount": 0}])
def test_a_fan_out_of_no_tasks_ends_at_once_with_an_empty_summary(fan_out, count):
    instance = started(fan_out, count)

    assert instance.is_done
    assert instance.scheduled == []
    assert instance.custom_statuses == [{"completed": 0, "total": 0}]
    assert instance.output == {
        "taskCount": 0,
        "wallClockSeconds": 0.0,
        "firstStart": None,
        "lastFinish": None,
        "highestParallelism": 0,
        "workers": [],
    }


@pytest.mark.parametrize("count", [1, 5, 100])
def test_it_ends_when_the_last_task_has_ended_and_tells_how_they_ran(fan_out, count):
    instance = started(fan_out, count)
    *earlier, last = instance.scheduled
    for asked in earlier:
        instance.complete((asked, reported(asked.input)))
    assert not instance.is_done
    instance.complete((last, reported(last.input)))

    assert instance.is_done
    summary = instance.output
    assert summary["taskCount"] == count
    assert summary["wallClockSeconds"] == pytest.approx((count - 1) * 0.001 + 0.0025)
    assert summary["highestParallelism"] == min(count, 3)
    assert sum(worker["tasks"] for worker in summary["workers"]) == count
    assert summary["workers"][0] == {
        "hostInstance": "here",
        "process": 7,
        "thread": "thread-0",
        "tasks": -(-count // 4),
    }


def test_the_order_and_the_grouping_of_completions_do_not_change_the_summary(fan_out):
    expected = replay.run_tree(fan_out, replay.encoded(30), reported).output
    chance = random.Random(4)
    for _ in range(20):
        instance = started(fan_out, 30)
        waiting = chance.sample(instance.scheduled, 30)
        while waiting:
            batch = [waiting.pop() for _ in range(min(len(waiting), chance.randint(1, 9)))]
            instance.complete(*((asked, reported(asked.input)) for asked in batch))
        assert instance.output == expected


def test_progress_begins_at_nothing_grows_and_ends_at_all(fan_out):
    instance = replay.run_tree(fan_out, replay.encoded(100), reported)

    completed = [status["completed"] for status in instance.custom_statuses]
    assert {status["total"] for status in instance.custom_statuses} == {100}
    assert completed[0] == 0
    assert completed[-1] == 100
    assert completed == sorted(completed)


def test_the_status_changes_at_a_bounded_number_of_points(fan_out):
    instance = replay.run_tree(fan_out, replay.encoded(100), reported)

    shown = {status["completed"] for status in instance.custom_statuses}
    assert 5 < len(shown) <= 20


def test_progress_counts_every_task_that_has_ended_not_only_whole_groups(fan_out):
    instance = started(fan_out, 100)
    first_group = instance.scheduled[:10]
    others = instance.scheduled[95:]
    instance.complete(*((asked, reported(asked.input)) for asked in [*others, *first_group]))

    assert instance.custom_statuses[-1] == {"completed": 15, "total": 100}


def test_a_failed_task_fails_the_instance_with_its_own_words(fan_out):
    instance = started(fan_out, 5)
    instance.complete((instance.scheduled[0], reported(instance.scheduled[0].input)))
    instance.fail(instance.scheduled[3], "Activity function 'sleep' failed:  ValueError: no bed")

    assert "Activity function 'sleep' failed:  ValueError: no bed" in str(instance.error)


def test_a_failed_part_fails_the_whole(fan_out):
    instance = started(fan_out, 250)
    instance.fail(instance.scheduled[1], "Orchestrator function 'fan_out_fan_in' failed: no bed")

    assert "no bed" in str(instance.error)


def test_the_input_chooses_the_activity_and_its_length(fan_out):
    instance = started(fan_out, {"taskCount": 3, "seconds": 0.5, "activity": "sleep_async"})

    assert {asked.name for asked in instance.scheduled} == {"sleep_async"}
    assert instance.scheduled[2].input == {"index": 2, "seconds": 0.5}


def test_above_the_batch_size_it_fans_out_to_parts_of_itself(fan_out):
    instance = started(fan_out, {"taskCount": 250, "seconds": 2, "activity": "sleep_async"})

    assert {asked.name for asked in instance.scheduled} == {orchestrator.NAME}
    assert [asked.input for asked in instance.scheduled] == [
        {"taskCount": count, "seconds": 2.0, "activity": "sleep_async", "batchSize": 100, "firstIndex": first}
        for count, first in ((84, 0), (83, 84), (83, 167))
    ]


def test_the_progress_of_a_tree_counts_tasks_and_not_parts(fan_out):
    instance = started(fan_out, 250)
    part = replay.run_tree(fan_out, replay.encoded(instance.scheduled[0].input), reported)
    instance.complete((instance.scheduled[0], part.output))

    assert instance.custom_statuses == [{"completed": 0, "total": 250}, {"completed": 84, "total": 250}]


@settings(max_examples=20)
@given(count=st.integers(0, 60), batch_size=st.integers(2, 70))
def test_a_tree_of_any_shape_runs_each_task_once_and_gives_the_summary_of_a_flat_one(
    functions, count, batch_size
):
    fan_out = functions["fan_out_fan_in"]
    ran = []

    def run(task):
        ran.append(task["index"])
        return reported(task)

    tree = replay.run_tree(fan_out, replay.encoded({"taskCount": count, "batchSize": batch_size}), run)
    flat = replay.run_tree(fan_out, replay.encoded({"taskCount": count, "batchSize": 100}), reported)

    assert sorted(ran) == list(range(count))
    assert tree.output == flat.output


def test_a_part_returns_so_little_that_ten_thousand_tasks_fit_in_one_history(fan_out):
    part = replay.run_tree(fan_out, replay.encoded({"taskCount": 100, "firstIndex": 9_900}), reported)

    assert len(json.dumps(part.output)) < 2_000


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "input: None is no input. Give a task count"),
        ("ten", "input: 'ten' is not a whole number. Give a task count"),
        (-1, "input: -1 is not within 0 to 1000000"),
        (True, "input: True is not a whole number"),
        (1.5, "input: 1.5 is not a whole number"),
        ([100], "input: [100] is not a whole number"),
        ({}, "input: '{}' has no taskCount"),
        ({"seconds": 1}, "has no taskCount"),
        ({"taskcount": 5}, "input: 'taskcount' is not a key of it. Give one or more of taskCount, seconds"),
        ({"taskCount": "5"}, "taskCount: '5' is not a whole number"),
        ({"taskCount": None}, "taskCount: None is not a whole number"),
        ({"taskCount": 10**30}, "is not within 0 to 1000000"),
        ({"taskCount": 5, "seconds": -1}, "seconds: -1 is out of range. Give a number from 0 to 86400"),
        ({"taskCount": 5, "seconds": float("nan")}, "seconds: nan is out of range"),
        ({"taskCount": 5, "seconds": float("inf")}, "seconds: inf is out of range"),
        ({"taskCount": 5, "seconds": 10**400}, "is out of range"),
        ({"taskCount": 5, "seconds": "1"}, "seconds: '1' is not a number"),
        ({"taskCount": 5, "seconds": False}, "seconds: False is not a number"),
        ({"taskCount": 5, "activity": "rest"}, "activity: 'rest' is not such an activity. Give sleep or"),
        ({"taskCount": 5, "batchSize": 1}, "batchSize: 1 is not within 2 to 1000"),
        ({"taskCount": 5, "firstIndex": -1}, "firstIndex: -1 is not within 0 to 1000000"),
    ],
)
def test_wrong_input_fails_the_instance_and_says_what_is_allowed(fan_out, value, words):
    instance = started(fan_out, value)

    assert words in str(instance.error)
    assert instance.scheduled == []


@pytest.mark.skipif(generation.SECOND, reason="SDK 2.x reads any JSON")
def test_a_bare_number_that_was_posted_to_the_management_api_fails_with_a_way_out(fan_out):
    instance = replay.Instance(fan_out, 100).start()

    assert "start the instance through this app" in str(instance.error)


@pytest.mark.skipif(not generation.SECOND, reason="SDK 1.x reads objects only")
def test_a_bare_number_that_was_posted_to_the_management_api_is_read(fan_out):
    instance = replay.Instance(fan_out, 3).start()

    assert len(instance.scheduled) == 3


def test_an_object_that_was_posted_to_the_management_api_is_read(fan_out):
    instance = replay.Instance(fan_out, {"taskCount": 2}).start()

    assert len(instance.scheduled) == 2


def test_it_logs_its_begin_and_its_end_once(fan_out, caplog):
    caplog.set_level("INFO", "app")
    replay.run_tree(fan_out, replay.encoded(12), reported)

    said = [record.message.partition(" [")[0] for record in caplog.records]
    assert said == ["the-instance: fan-out of 12 tasks begins", "the-instance: fan-out of 12 tasks is done"]
