"""External events, and what becomes of them and of results when an orchestration continues as new.

The functions run through the SDK. Expectations: DurableTask.Core, durable extension, SDK 1.7.0.
"""

from funchost.durable import events
from funchost.durable.instances import Status
from tests.protocols.json1.running import Context, HubOf, Run, finish, numbered, output, waiting


def test_events_go_one_to_each_wait_in_order_also_those_that_came_early(hub_of: HubOf) -> None:
    hub = hub_of(waiting("Go", "Go", "Stop"))
    row = hub.start("o")
    for name, value in [("Stop", "0"), ("Go", "1"), ("Go", "2"), ("Go", "3")]:
        hub.send(events.EventRaised(hub.now, name, value))
    hub.run_all()

    assert output(row) == [1, 2, 0]


def test_an_event_in_another_spelling_reaches_its_waiter(hub_of: HubOf) -> None:
    hub = hub_of(waiting("Go"))
    row = finish(hub)
    hub.send(events.EventRaised(hub.now, "gO", '"x"'))
    hub.run_all()

    assert output(row) == ["x"]


def test_an_event_that_is_not_json_fails_the_orchestration(hub_of: HubOf) -> None:
    hub = hub_of(waiting("Go"))
    row = finish(hub)
    hub.send(events.EventRaised(hub.now, "Go", "no JSON"))
    hub.run_all()

    assert row.instance.status is Status.FAILED
    assert "JSONDecodeError" in (row.instance.output or "")


def test_a_new_generation_keeps_the_id_and_the_custom_status_and_starts_a_history(hub_of: HubOf) -> None:
    def count(context: Context) -> Run:
        number = context.get_input()
        if number == 3:
            return (yield context.call_activity("say", "three"))
        context.set_custom_status(f"at {number}")
        yield context.call_activity("say")
        context.continue_as_new(number + 1)

    hub = hub_of(count)
    row = hub.start("o", 0)
    first = row.instance
    hub.run_all()

    assert output(row) == "three"
    assert row.instance.execution_id != first.execution_id
    assert row.instance.created_at > first.created_at
    assert (row.instance.input, row.instance.custom_status) == ('"3"', '"at 2"')
    assert len(numbered(row)) == 3


def test_between_two_generations_the_status_is_running_and_the_output_empty(hub_of: HubOf) -> None:
    def forever(context: Context) -> Run:
        yield context.call_activity("say")
        context.continue_as_new(None)

    hub = hub_of(forever)
    row = hub.start("o")
    hub.run_episode("root")
    hub.run_activity(0)
    hub.run_episode("root")

    assert (row.instance.status, row.instance.output) == (Status.RUNNING, None)
    assert row.history == []


def test_a_new_generation_waits_for_open_tasks(hub_of: HubOf) -> None:
    def leave(context: Context) -> Run:
        if context.get_input() == "second":
            return "done"
        yield context.task_any([context.call_activity("say", n) for n in range(2)])
        context.continue_as_new("second")

    hub = hub_of(leave)
    row = hub.start("o", "first")
    hub.run_episode("root")
    hub.run_activity(0)
    hub.run_episode("root")

    assert len(row.history) > 0
    hub.run_all()
    assert output(row) == "done"


def test_events_that_nobody_took_are_kept_for_the_next_generation(hub_of: HubOf) -> None:
    def collect(context: Context) -> Run:
        got = [*context.get_input(), (yield context.wait_for_external_event("Item"))]
        if len(got) == 3:
            return got
        context.continue_as_new(got)

    hub = hub_of(collect)
    row = hub.start("o", [])
    for value in ("1", "2", "3"):
        hub.send(events.EventRaised(hub.now, "Item", value))
    hub.run_all()

    assert output(row) == [1, 2, 3]


def test_a_completion_of_the_last_generation_does_not_count_in_the_next(hub_of: HubOf) -> None:
    def twice(context: Context) -> Run:
        result = yield context.call_activity("say", context.get_input())
        if result == "first":
            context.continue_as_new("second")
            return None
        return result

    hub = hub_of(twice)
    row = hub.start("o", "first")
    hub.run_episode("root")
    hub.duplicate = lambda: True
    hub.run_all()

    assert output(row) == "second"


def test_an_error_after_continue_as_new_fails_the_instance(hub_of: HubOf) -> None:
    def broken(context: Context) -> Run:
        yield context.call_activity("say")
        context.continue_as_new(1)
        raise ValueError("too late")

    instance = finish(hub_of(broken)).instance

    assert (instance.status, instance.output) == (
        Status.FAILED,
        "Orchestrator function 'o' failed: too late",
    )
