"""Retries: the numbers that the host takes, its pauses, and what the code gets to see.

The functions run through the SDK. Expectations: DurableTask.Core, durable extension, SDK 1.7.0.
"""

from collections.abc import Callable
from typing import Any

import azure.durable_functions as df
import pytest

from funchost.durable.instances import Status
from tests.protocols.json1.running import Context, HubOf, Run, finish, numbered, output
from tests.protocols.model_hub import BEGAN, SECOND


def retrying(failures: int) -> Callable[[Any, int], str]:
    def work(value: Any, attempt: int) -> str:
        if attempt <= failures:
            raise ValueError(f"bad {attempt}")
        return f"good {attempt}"

    return work


def retry(context: Context, name: str = "work", attempts: int = 3) -> Any:
    return context.call_activity_with_retry(name, df.RetryOptions(5000, attempts), None)


def test_a_retry_takes_the_next_numbers_for_its_timer_and_its_next_attempt(hub_of: HubOf) -> None:
    def orchestrator(context: Context) -> Run:
        result = yield retry(context)
        yield context.call_activity("say")
        return result

    hub = hub_of(orchestrator, work=retrying(1))
    row = finish(hub)

    assert output(row) == "good 2"
    assert numbered(row) == [
        ("TASK_SCHEDULED", 0),
        ("TASK_FAILED", 0),
        ("TIMER_CREATED", 1),
        ("TIMER_FIRED", 1),
        ("TASK_SCHEDULED", 2),
        ("TASK_COMPLETED", 2),
        ("TASK_SCHEDULED", 3),
        ("TASK_COMPLETED", 3),
        ("EXECUTION_COMPLETED", -1),
    ]
    assert BEGAN + 5 * SECOND <= hub.now < BEGAN + 6 * SECOND


def test_after_the_last_attempt_one_more_timer_fires_at_once_before_the_failure_is_told(
    hub_of: HubOf,
) -> None:
    def orchestrator(context: Context) -> Run:
        try:
            yield retry(context, attempts=2)
        except Exception as error:
            return str(error).partition("\n")[0]

    hub = hub_of(orchestrator, work=retrying(9))
    row = finish(hub)

    assert output(row) == "Activity function 'work' failed:  ValueError: bad 2 "
    assert numbered(row)[-4:-1] == [("TASK_FAILED", 2), ("TIMER_CREATED", 3), ("TIMER_FIRED", 3)]
    assert hub.now < BEGAN + 6 * SECOND


def test_one_attempt_means_one_try_and_no_pause(hub_of: HubOf) -> None:
    def orchestrator(context: Context) -> Run:
        yield retry(context, attempts=1)

    hub = hub_of(orchestrator, work=retrying(9))
    row = finish(hub)

    assert row.instance.status is Status.FAILED
    assert [kind for kind, _ in numbered(row)].count("TASK_SCHEDULED") == 1
    assert hub.now < BEGAN + SECOND


@pytest.mark.parametrize("order", [(0, 0), (1, 0)])
def test_two_calls_that_fail_in_either_order_both_get_their_retry(
    hub_of: HubOf, order: tuple[int, int]
) -> None:
    def orchestrator(context: Context) -> Run:
        both = yield context.task_all([retry(context, "work"), retry(context, "work")])
        return [*both, (yield context.call_activity("say", "last"))]

    hub = hub_of(orchestrator, work=retrying(1))
    row = hub.start("o")
    hub.run_episode("root")
    for position in order:
        hub.run_activity(position)
    hub.run_all()

    assert output(row) == ["good 2", "good 2", "last"]
