"""Retries, with the numbers that they leave in the history.

Source: Durable Functions for Python: automatic retry on failure; SDK: RetryAbleTask.
"""

import re

import pytest


def kinds_of(events):
    return [event["EventType"] for event in events]


@pytest.mark.parametrize("attempt", [1, 2, 3])
async def test_an_activity_is_tried_until_it_succeeds(host, attempt):
    assert await host.output("retry", {"attempts": 3, "succeeds_on": attempt}) == attempt


async def test_each_retry_is_a_failure_a_timer_and_a_new_task_in_the_history(host):
    instance_id = await host.start("retry", {"attempts": 3, "succeeds_on": 2})
    await host.ended(instance_id)

    events = await host.history(instance_id)

    assert kinds_of(events) == [
        "ExecutionStarted",
        "TaskFailed",
        "TimerCreated",
        "TimerFired",
        "TaskCompleted",
        "ExecutionCompleted",
    ]


async def test_after_the_last_attempt_the_failure_is_raised(host, sdk):
    text, after = await host.output("retry_then_catch", 2)

    assert re.fullmatch(sdk.activity_failure("fail", "ValueError", "always"), text)
    assert after == "after"


@pytest.mark.parametrize("attempts", [1, 2, 3])
async def test_retries_stop_at_the_number_of_attempts_with_a_timer_between_them(host, sdk, attempts):
    instance_id = await host.start("retry_then_catch", attempts)
    await host.ended(instance_id)

    kinds = kinds_of(await host.history(instance_id))

    assert kinds.count("TaskFailed") == attempts
    assert kinds.count("TimerFired") == sdk.timers_of_attempts(attempts)


async def test_the_interval_lies_between_attempts(host):
    instance_id = await host.start("retry", {"attempts": 2, "succeeds_on": 2, "milliseconds": 300})
    await host.ended(instance_id)

    events = await host.history(instance_id)

    timer = next(event for event in events if event["EventType"] == "TimerCreated")
    failed = next(event for event in events if event["EventType"] == "TaskFailed")
    assert timer["FireAt"] > failed["Timestamp"]


@pytest.mark.parametrize("succeeds_on", [[1, 1], [2, 1], [1, 2], [3, 2], [2, 3], [3, 3]])
async def test_retried_tasks_side_by_side_keep_their_results_apart(host, succeeds_on):
    assert await host.output("retry_then_go_on", succeeds_on) == [*succeeds_on, "after"]


async def test_many_retried_tasks_side_by_side_keep_their_results_apart(host):
    succeeds_on = [1 + number % 3 for number in range(12)]

    assert await host.output("retry_then_go_on", succeeds_on) == [*succeeds_on, "after"]


async def test_a_sub_orchestration_is_tried_again(host):
    assert await host.output("retry_a_child") == 2
