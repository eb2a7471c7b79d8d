"""Activities and timers of orchestrations.

The functions run through the SDK. Expectations: DurableTask.Core, durable extension, SDK 1.7.0.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest
from azure.durable_functions.models import Task

from funchost.durable.episode_commit import Rules
from funchost.durable.events import TaskScheduled
from funchost.durable.instances import Status
from tests.protocols.json1.running import Context, HubOf, Run, bad, finish, numbered, output
from tests.protocols.model_hub import BEGAN, SECOND


def test_a_chain_has_the_history_of_the_protocols_worked_example(hub_of: HubOf) -> None:
    def chain(context: Context) -> Run:
        first = yield context.call_activity("say", "Tokyo")
        second = yield context.call_activity("say", "Seattle")
        return [first, second]

    row = finish(hub_of(chain))

    assert output(row) == ["Tokyo", "Seattle"]
    assert [event.type.name for event in row.history] == [
        *("ORCHESTRATOR_STARTED", "EXECUTION_STARTED", "TASK_SCHEDULED", "ORCHESTRATOR_COMPLETED"),
        *("ORCHESTRATOR_STARTED", "TASK_COMPLETED", "TASK_SCHEDULED", "ORCHESTRATOR_COMPLETED"),
        *("ORCHESTRATOR_STARTED", "TASK_COMPLETED", "EXECUTION_COMPLETED", "ORCHESTRATOR_COMPLETED"),
    ]
    assert row.history[-2].task_id == 2  # type: ignore[union-attr]


def test_the_results_of_a_fan_out_come_in_the_order_of_its_list(hub_of: HubOf) -> None:
    def fan_out(context: Context) -> Run:
        return (yield context.task_all([context.call_activity("say", n) for n in range(4)]))

    hub = hub_of(fan_out)
    row = hub.start("o")
    hub.run_episode("root")
    for position in (3, 1, 0, 0):
        hub.run_activity(position)
    hub.run_episode("root")

    assert output(row) == [0, 1, 2, 3]


@pytest.mark.parametrize("wait", ["task_all", "task_any"])
def test_a_wait_for_nothing_gives_none_at_once(hub_of: HubOf, wait: str) -> None:
    def empty(context: Context) -> Run:
        return [(yield getattr(context, wait)([]))]

    assert output(finish(hub_of(empty))) == [None]


def test_the_uncaught_failure_of_an_activity_fails_the_orchestration_with_its_text(hub_of: HubOf) -> None:
    def uncaught(context: Context) -> Run:
        yield context.call_activity("bad")

    instance = finish(hub_of(uncaught, bad=bad)).instance

    assert instance.status is Status.FAILED
    assert instance.output is not None
    assert instance.output.startswith(
        "Orchestrator function 'o' failed: Activity function 'bad' failed:  ValueError: bad 1 \n "
        '{"$type":"System.Exception, System.Private.CoreLib","ClassName":"System.Exception",'
        '"Message":" ValueError: bad 1"'
    )


def test_an_early_failure_is_told_at_once_but_the_end_waits_for_the_other_tasks(hub_of: HubOf) -> None:
    def fan_out(context: Context) -> Run:
        yield context.task_all([context.call_activity("bad"), context.call_activity("say", 1)])

    hub = hub_of(fan_out, bad=bad)
    row = hub.start("o")
    hub.run_episode("root")
    hub.run_activity(0)
    hub.run_episode("root")

    assert row.instance.output is None
    hub.run_all()
    assert row.instance.status is Status.FAILED


def test_the_end_waits_for_what_a_race_left_over(hub_of: HubOf) -> None:
    def race(context: Context) -> Run:
        yield context.task_any([context.call_activity("say", n) for n in range(2)])
        return "won"

    hub = hub_of(race)
    row = hub.start("o")
    hub.run_episode("root")
    hub.run_activity(0)
    hub.run_episode("root")

    assert row.instance.status is Status.RUNNING
    hub.run_all()
    assert output(row) == "won"


def race_with_timer(*, cancel: bool) -> Callable[[Context], Run]:
    def race(context: Context) -> Run:
        timer = context.create_timer(context.current_utc_datetime + timedelta(hours=1))
        work = context.call_activity("say", 1)
        winner = yield context.task_any([timer, work])
        if cancel:
            timer.cancel()
        return winner is work

    return race


def test_a_cancelled_timer_holds_nothing_up_and_never_fires(hub_of: HubOf) -> None:
    hub = hub_of(race_with_timer(cancel=True))
    row = finish(hub)

    assert output(row) is True
    assert hub.now < BEGAN + SECOND
    assert ("TIMER_FIRED", 0) not in numbered(row)


def test_a_timer_that_was_not_cancelled_holds_the_end_up(hub_of: HubOf) -> None:
    hub = hub_of(race_with_timer(cancel=False))
    row = finish(hub)

    assert output(row) is True
    assert hub.now >= BEGAN + 3600 * SECOND


def test_a_cancelled_timer_is_withdrawn_in_the_same_commit(hub_of: HubOf) -> None:
    def race(context: Context) -> Run:
        timer = context.create_timer(context.current_utc_datetime + timedelta(hours=1))
        yield context.task_any([timer, context.call_activity("say", 1)])
        timer.cancel()
        yield context.call_activity("say", 2)

    hub = hub_of(race)
    hub.start("o")
    hub.run_episode("root")
    hub.run_activity(0)

    commit = hub.run_episode("root")

    assert commit.cancelled_timers == [0]
    assert commit.open_tasks == 1
    assert hub.rows["root"].mailbox == []


def test_a_timer_fires_not_before_its_time_and_one_in_the_past_at_once(hub_of: HubOf) -> None:
    def sleep(context: Context) -> Run:
        began = context.current_utc_datetime
        yield context.create_timer(began - timedelta(days=1))
        early = context.current_utc_datetime - began
        yield context.create_timer(began + timedelta(seconds=90))
        return [early.total_seconds() < 1, (context.current_utc_datetime - began).total_seconds() >= 90]

    assert output(finish(hub_of(sleep))) == [True, True]


@pytest.mark.skipif(not hasattr(Task, "LongTimerTask"), reason="this version of the SDK makes no hops")
def test_a_timer_of_ten_days_goes_in_hops_and_ends_on_time(hub_of: HubOf) -> None:
    def sleep(context: Context) -> Run:
        yield context.create_timer(context.current_utc_datetime + timedelta(days=10))
        return (yield context.call_activity("say", "awake"))

    hub = hub_of(sleep)
    row = finish(hub)

    assert output(row) == "awake"
    assert [kind for kind, _ in numbered(row)].count("TIMER_FIRED") == 3
    assert hub.now >= BEGAN + 10 * 24 * 3600 * SECOND


@pytest.mark.parametrize(("stored", "kept"), [(False, None), (True, '{"a": 1}')])
def test_inputs_are_in_the_history_only_when_the_hub_stores_them(
    hub_of: HubOf, stored: bool, kept: str | None
) -> None:
    def one(context: Context) -> Run:
        yield context.call_activity("say", {"a": 1})

    row = finish(hub_of(one, rules=Rules(store_inputs=stored)))

    scheduled = next(event for event in row.history if isinstance(event, TaskScheduled))
    assert scheduled.input == kept


def test_a_line_logged_while_not_replaying_is_logged_once(hub_of: HubOf) -> None:
    lines = []

    def log(context: Context) -> Run:
        for number in range(3):
            yield context.call_activity("say", number)
            if not context.is_replaying:
                lines.append(number)

    finish(hub_of(log))

    assert lines == [0, 1, 2]
