"""Orchestrators that wait: timers, external events, generations."""

from datetime import datetime, timedelta

import azure.durable_functions as df

bp = df.Blueprint()


@bp.orchestration_trigger(context_name="context")
def timer(context):
    """Wait for the given seconds, which may be negative; give how long it took."""
    begin = context.current_utc_datetime
    fire_at = begin + timedelta(seconds=context.get_input())
    yield context.create_timer(fire_at)
    return {
        "early": context.current_utc_datetime < fire_at,
        "took": (context.current_utc_datetime - begin).total_seconds(),
    }


@bp.orchestration_trigger(context_name="context")
def timer_without_zone(context):
    yield context.create_timer(datetime(2024, 5, 1))


@bp.orchestration_trigger(context_name="context")
def activity_or_timer(context):
    """A race that the activity wins; the timer is cancelled or left."""
    given = context.get_input()
    fire_at = context.current_utc_datetime + timedelta(seconds=given["seconds"])
    deadline = context.create_timer(fire_at)
    work = context.call_activity("block", given.get("work", 0))
    winner = yield context.task_any([work, deadline])
    if winner == work and given["cancel"]:
        deadline.cancel()
    context.set_custom_status("race is over")
    return "activity" if winner == work else "timer"


@bp.orchestration_trigger(context_name="context")
def cancel_a_fired_timer(context):
    fired = context.create_timer(context.current_utc_datetime)
    yield fired
    fired.cancel()


@bp.orchestration_trigger(context_name="context")
def events(context):
    """Wait for each of the names in turn; give the data."""
    received = []
    for name in context.get_input():
        received.append((yield context.wait_for_external_event(name)))
    return received


@bp.orchestration_trigger(context_name="context")
def events_at_once(context):
    """Wait for all the names at the same time; give the data."""
    return (yield context.task_all([context.wait_for_external_event(name) for name in context.get_input()]))


@bp.orchestration_trigger(context_name="context")
def event_or_timer(context):
    """The approval pattern: an event in time, or not."""
    deadline = context.create_timer(context.current_utc_datetime + timedelta(seconds=context.get_input()))
    approval = context.wait_for_external_event("approve")
    winner = yield context.task_any([approval, deadline])
    if winner == approval:
        deadline.cancel()
        return ["approved", approval.result]
    return ["expired", None]


@bp.orchestration_trigger(context_name="context")
def step_then_event(context):
    """The event may come while the step runs, so before the wait for it."""
    yield context.call_activity("block", context.get_input())
    return (yield context.wait_for_external_event("go"))


@bp.orchestration_trigger(context_name="context")
def step_then_same_events(context):
    yield context.call_activity("block", context.get_input())
    first = yield context.wait_for_external_event("go")
    second = yield context.wait_for_external_event("go")
    return [first, second]


@bp.orchestration_trigger(context_name="context")
def countdown(context):
    """One generation for each number."""
    number = context.get_input()
    if number > 0:
        yield context.call_activity("echo", number)
        context.continue_as_new(number - 1)
    return "done"


@bp.orchestration_trigger(context_name="context")
def countdown_without_steps(context):
    if context.get_input() > 0:
        context.continue_as_new(context.get_input() - 1)
    return "done"


@bp.orchestration_trigger(context_name="context")
def collect(context):
    """One generation for each event; give all the data when `until` have come."""
    state = context.get_input()
    context.set_custom_status({"collected": len(state["items"]), "wanted": state["until"]})
    if len(state["items"]) == state["until"]:
        return state["items"]
    item = yield context.wait_for_external_event("add")
    context.continue_as_new({"until": state["until"], "items": [*state["items"], item]})


@bp.orchestration_trigger(context_name="context")
def generation_that_fails(context):
    if context.get_input():
        return "the next generation"
    context.continue_as_new(1)
    raise ValueError("after continue_as_new")
    yield


@bp.orchestration_trigger(context_name="context")
def sleeper(context):
    """Say where it is before and after a long step."""
    context.set_custom_status("before")
    yield context.call_activity("block", context.get_input())
    context.set_custom_status("after")
    yield context.wait_for_external_event("end")
    return "ended"
