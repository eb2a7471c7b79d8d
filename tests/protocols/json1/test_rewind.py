"""Rewind: what is done again and what is kept. Expectations: DurableTask.AzureStorage, RewindHistoryAsync;
the treatment of retries is the host's own, because the original cannot rewind them."""

from typing import Any

import azure.durable_functions as df
import pytest

from funchost.durable.commit import Commit
from funchost.durable.events import GenericEvent
from funchost.durable.instances import Status
from funchost.durable.rewind import failed_children, rewind
from tests.protocols.json1.running import Context, HubOf, Run, entity, finish, numbered, output
from tests.protocols.model_hub import ModelHub, Row


class Switch:
    """Activities that fail until they are mended, and count their calls."""

    def __init__(self) -> None:
        self.mended = False
        self.calls: list[Any] = []

    def work(self, value: Any, attempt: int) -> Any:
        self.calls.append(value)
        if not self.mended:
            raise ValueError("broken")
        return value

    def steady(self, value: Any, attempt: int) -> Any:
        self.calls.append(value)
        return value


@pytest.fixture
def switch() -> Switch:
    return Switch()


def rewind_in(hub: ModelHub, instance_id: str = "root") -> Commit:
    """Rewind an instance and its failed children, as a hub does."""
    row = hub.rows[instance_id]
    assert row.instance.status is Status.FAILED
    children = [
        child
        for child in failed_children(row.instance, row.history)
        if hub.rows[child].instance.status is Status.FAILED
    ]
    commit = rewind(row.instance, row.history, children, "mended", hub.now)
    hub.apply(row, commit)
    for child in children:
        rewind_in(hub, child)
    return commit


def marks(row: Row) -> list[str]:
    return [event.data for event in row.history if isinstance(event, GenericEvent)]


def parallel(context: Context) -> Run:
    tasks = [context.call_activity("steady", 1), context.call_activity("work", 2)]
    return (yield context.task_all(tasks))


def test_a_rewound_instance_is_pending_and_keeps_its_output_until_there_is_another(
    hub_of: HubOf, switch: Switch
) -> None:
    hub = hub_of(parallel, work=switch.work, steady=switch.steady)
    row = finish(hub)
    old = row.instance.output

    commit = rewind_in(hub)

    assert (row.instance.status, row.instance.output) == (Status.PENDING, old)
    assert row.instance.completed_at is None
    assert commit.open_tasks == 0


def test_only_what_failed_is_done_again_and_under_its_number(hub_of: HubOf, switch: Switch) -> None:
    hub = hub_of(parallel, work=switch.work, steady=switch.steady)
    row = finish(hub)
    switch.mended = True
    rewind_in(hub)
    hub.run_all()

    assert output(row) == [1, 2]
    assert switch.calls == [1, 2, 2]
    assert numbered(row).count(("TASK_SCHEDULED", 1)) == 1


def test_the_history_keeps_a_mark_for_everything_undone(hub_of: HubOf, switch: Switch) -> None:
    hub = hub_of(parallel, work=switch.work, steady=switch.steady)
    row = finish(hub)
    before = len(row.history)

    rewind_in(hub)

    assert len(row.history) == before
    assert marks(row) == ["Rewound: TaskScheduled", "Rewound: TaskFailed", "Rewound: ExecutionCompleted"]


def test_an_instance_that_fails_again_can_be_rewound_again(hub_of: HubOf, switch: Switch) -> None:
    hub = hub_of(parallel, work=switch.work, steady=switch.steady)
    row = finish(hub)
    rewind_in(hub)
    hub.run_all()
    assert row.instance.status is Status.FAILED

    switch.mended = True
    rewind_in(hub)
    hub.run_all()

    assert output(row) == [1, 2]
    assert switch.calls == [1, 2, 2, 2]


def test_an_error_of_the_orchestrators_own_code_just_runs_again(hub_of: HubOf, switch: Switch) -> None:
    def own_error(context: Context) -> Run:
        value = yield context.call_activity("steady", 1)
        if not switch.mended:
            raise ValueError("my mistake")
        return value

    hub = hub_of(own_error, steady=switch.steady)
    row = finish(hub)
    switch.mended = True
    rewind_in(hub)
    hub.run_all()

    assert output(row) == 1
    assert switch.calls == [1]


def test_a_call_whose_retries_are_used_up_gets_all_its_attempts_anew(hub_of: HubOf, switch: Switch) -> None:
    def retried(context: Context) -> Run:
        return (yield context.call_activity_with_retry("work", df.RetryOptions(1000, 2), 7))

    hub = hub_of(retried, work=switch.work)
    row = finish(hub)
    assert switch.calls == [7, 7]
    switch.mended = True
    rewind_in(hub)
    hub.run_all()

    assert output(row) == 7
    assert switch.calls == [7, 7, 7]
    assert ("TASK_COMPLETED", 0) in numbered(row)


def test_a_call_whose_retry_succeeded_is_kept(hub_of: HubOf, switch: Switch) -> None:
    def once(value: Any, attempt: int) -> Any:
        switch.calls.append(value)
        if attempt == 1:
            raise ValueError("first")
        return value

    def both(context: Context) -> Run:
        first = yield context.call_activity_with_retry("once", df.RetryOptions(1000, 2), 1)
        return [first, (yield context.call_activity("work", 2))]

    hub = hub_of(both, once=once, work=switch.work)
    row = finish(hub)
    switch.mended = True
    rewind_in(hub)
    hub.run_all()

    assert output(row) == [1, 2]
    assert switch.calls == [1, 1, 2, 2]


def test_a_failed_child_is_rewound_with_its_parent_under_its_id(hub_of: HubOf, switch: Switch) -> None:
    def parent(context: Context) -> Run:
        return (yield context.call_sub_orchestrator("parallel", None, "kid"))

    hub = hub_of(parent, parallel, work=switch.work, steady=switch.steady)
    row = finish(hub)
    switch.mended = True
    commit = rewind_in(hub)
    assert commit.open_tasks == 1
    hub.run_all()

    assert output(row) == [1, 2]
    assert switch.calls == [1, 2, 2]
    assert numbered(row).count(("SUB_ORCHESTRATION_CREATED", 0)) == 1
    undone = ["Rewound: SubOrchestrationInstanceFailed", "Rewound: ExecutionCompleted"]
    assert marks(row) == [*undone, "mended"]


def test_of_a_child_with_retries_the_last_attempt_is_rewound(hub_of: HubOf, switch: Switch) -> None:
    def parent(context: Context) -> Run:
        options = df.RetryOptions(1000, 2)
        child = yield context.call_sub_orchestrator_with_retry("parallel", options)
        return [child, (yield context.call_activity("steady", 3))]

    hub = hub_of(parent, parallel, work=switch.work, steady=switch.steady)
    row = finish(hub)
    assert switch.calls == [1, 2, 1, 2]
    switch.mended = True
    rewind_in(hub)
    hub.run_all()

    assert output(row) == [[1, 2], 3]
    assert switch.calls == [1, 2, 1, 2, 2, 3]


def test_a_child_that_cannot_be_rewound_is_started_again(hub_of: HubOf, switch: Switch) -> None:
    def parent(context: Context) -> Run:
        return (yield context.call_sub_orchestrator("parallel", None, "kid"))

    hub = hub_of(parent, parallel, work=switch.work, steady=switch.steady)
    row = finish(hub)
    del hub.rows["kid"]
    switch.mended = True
    hub.apply(row, rewind(row.instance, row.history, (), "mended", hub.now))
    hub.run_all()

    assert output(row) == [1, 2]
    assert switch.calls == [1, 2, 1, 2]


def test_what_was_open_when_the_instance_failed_is_done_again(hub_of: HubOf, switch: Switch) -> None:
    def large_status(context: Context) -> Run:
        context.set_custom_status("x" * (1 if switch.mended else 9000))
        return (yield context.call_activity("steady", 1))

    hub = hub_of(large_status, steady=switch.steady)
    row = finish(hub)
    assert row.instance.status is Status.FAILED
    switch.mended = True
    rewind_in(hub)
    hub.run_all()

    assert output(row) == 1


def test_answered_entities_signals_timers_and_events_are_kept(hub_of: HubOf, switch: Switch) -> None:
    def mixed(context: Context) -> Run:
        context.signal_entity(df.EntityId("counter", "k"), "add", 1)
        number = yield context.call_entity(df.EntityId("counter", "k"), "add", 2)
        yield context.create_timer(context.current_utc_datetime)
        return [number, (yield context.call_activity("work", 3))]

    def counter(context: df.DurableEntityContext) -> None:
        context.set_state(context.get_state(lambda: 0) + context.get_input())
        context.set_result(context.get_state())

    hub = hub_of(mixed, work=switch.work)
    hub.entity_functions = {"counter": entity(counter)}
    row = finish(hub)
    switch.mended = True
    rewind_in(hub)
    hub.run_all()

    assert output(row) == [3, 3]
    assert switch.calls == [3, 3]
    assert hub.rows["@counter@k"].instance.entity_state == "3"


def test_a_cancelled_timer_is_kept(hub_of: HubOf, switch: Switch) -> None:
    def race(context: Context) -> Run:
        timer = context.create_timer(context.current_utc_datetime)
        timer.cancel()
        yield context.task_any([timer, context.call_activity("steady", 1)])
        return (yield context.call_activity("work", 2))

    hub = hub_of(race, work=switch.work, steady=switch.steady)
    row = finish(hub)
    rewind_in(hub)

    assert ("TIMER_CREATED", 0) in numbered(row)
    switch.mended = True
    hub.run_all()
    assert output(row) == 2


def test_children_that_succeeded_or_were_mended_by_a_retry_are_not_named(
    hub_of: HubOf, switch: Switch
) -> None:
    def parent(context: Context) -> Run:
        yield context.call_sub_orchestrator("fine", None, "a")
        yield context.call_sub_orchestrator("parallel", None, "b")

    def fine(context: Context) -> None:
        return None

    row = finish(hub_of(parent, fine, parallel, work=switch.work, steady=switch.steady))

    assert failed_children(row.instance, row.history) == ["b"]
