"""Orchestrators: calls, results, failures and what the context tells."""

from typing import Any

import activities
import azure.durable_functions as df
import tally
from money import Money

bp = df.Blueprint()


@bp.orchestration_trigger(context_name="context")
def give_input(context):
    return context.get_input()
    yield


@bp.orchestration_trigger(context_name="context")
def chain(context):
    numbers = [context.get_input()]
    for _ in range(3):
        numbers.append((yield context.call_activity("double", numbers[-1])))
    return numbers


@bp.orchestration_trigger(context_name="context")
def call(context):
    """Call one activity and give its result."""
    given = context.get_input()
    return (yield context.call_activity(given["activity"], given.get("input")))


@bp.orchestration_trigger(context_name="context")
def call_by_function(context):
    return (yield context.call_activity(activities.double, 21))


@bp.orchestration_trigger(context_name="context")
def call_and_catch(context):
    """Call one activity that fails and give the text of the exception."""
    given = context.get_input()
    try:
        yield context.call_activity(given["activity"], given.get("input"))
    except Exception as error:
        return {"type": type(error).__name__, "text": str(error)}
    return "no error"


@bp.orchestration_trigger(context_name="context")
def fan_out(context):
    tasks = [context.call_activity("double", number) for number in range(context.get_input())]
    return (yield context.task_all(tasks))


@bp.orchestration_trigger(context_name="context")
def fan_out_async(context):
    tasks = [context.call_activity("double_async", number) for number in range(context.get_input())]
    return (yield context.task_all(tasks))


@bp.orchestration_trigger(context_name="context")
def fan_out_of_nothing(context):
    return (yield context.task_all([]))


@bp.orchestration_trigger(context_name="context")
def race_of_nothing(context):
    return (yield context.task_any([]))


@bp.orchestration_trigger(context_name="context")
def fan_out_with_a_failure(context):
    """One task fails at once, the other runs on; the status tells when the failure was seen."""
    tasks = [context.call_activity("block", context.get_input()), context.call_activity("fail", "early")]
    try:
        yield context.task_all(tasks)
    except Exception:
        context.set_custom_status("caught")
        raise


@bp.orchestration_trigger(context_name="context")
def first_of(context):
    """Give the result of the activity that ends first."""
    tasks = {seconds: context.call_activity("block", seconds) for seconds in context.get_input()}
    winner = yield context.task_any(list(tasks.values()))
    return winner.result


@bp.orchestration_trigger(context_name="context")
def first_fails(context):
    winner = yield context.task_any([context.call_activity("fail", "first")])
    # SDK 2.x raises when the result of a failed task is read.
    error = winner.get_exception() if hasattr(winner, "get_exception") else winner.result
    return str(error).split("\n")[0].strip()


@bp.orchestration_trigger(context_name="context")
def nested(context):
    """All of (any of two, all of two)."""
    race = context.task_any([context.call_activity("block", 0), context.call_activity("block", 0.2)])
    both = context.task_all([context.call_activity("double", 1), context.call_activity("double", 2)])
    results = yield context.task_all([race, both])
    return [results[0].result, results[1]]


@bp.orchestration_trigger(context_name="context")
def never_yielded(context):
    """A task that is only created runs nothing."""
    context.call_activity("count", context.instance_id)
    yield context.call_activity("echo", None)


@bp.orchestration_trigger(context_name="context")
def money(context):
    """Send an object to an activity, and get one back."""
    cents = yield context.call_activity("cents_of", Money(100))
    received = yield context.call_activity("give", "money")
    return [cents, received.cents]


@bp.orchestration_trigger(context_name="context")
def raise_at_once(context):
    raise ValueError(context.get_input())
    yield


@bp.orchestration_trigger(context_name="context")
def raise_after_a_step(context):
    yield context.call_activity("echo", None)
    raise ValueError(context.get_input())


@bp.orchestration_trigger(context_name="context")
def no_generator(context):
    return {"given": context.get_input()}


@bp.orchestration_trigger(context_name="context")
def no_generator_raises(context):
    raise ValueError("plain")


@bp.orchestration_trigger(context_name="context")
def yields_a_number(context):
    yield context.call_activity("echo", None)
    yield 5


@bp.orchestration_trigger(context_name="context")
def returns_a_set(context):
    return {1}
    yield


@bp.orchestration_trigger(context_name="context")
def bad_status(context):
    context.set_custom_status("x" * context.get_input())
    yield context.call_activity("echo", None)


@bp.orchestration_trigger(context_name="context")
def statuses(context):
    """Set each of the given statuses, with a step and a wait after it."""
    for status in context.get_input():
        context.set_custom_status(status)
        yield context.call_activity("echo", None)
        yield context.wait_for_external_event("next")


@bp.orchestration_trigger(context_name="context")
def about(context):
    """What the context tells of the instance."""
    moment = context.current_utc_datetime
    identifiers = [context.new_uuid(), context.new_uuid()]
    yield context.call_activity("echo", None)
    return {
        "instance": context.instance_id,
        "parent": context.parent_instance_id,
        "moment": moment.isoformat(),
        "later": context.current_utc_datetime.isoformat(),
        "identifiers": identifiers,
    }


@bp.orchestration_trigger(context_name="context")
def first_runs(context):
    """Count, under the instance's ID, each line of code that runs for the first time."""
    for step in range(3):
        if not context.is_replaying:
            tally.count(f"{context.instance_id}-{step}")
        yield context.call_activity("echo", None)
    return [tally.read(f"{context.instance_id}-{step}") for step in range(3)]


@bp.orchestration_trigger(context_name="context", orchestration="RenamedOrchestrator")
def has_another_name_too(context):
    return "renamed"


def _retry(given: dict[str, Any]) -> df.RetryOptions:
    return df.RetryOptions(given.get("milliseconds", 1), given["attempts"])


@bp.orchestration_trigger(context_name="context")
def retry(context):
    """Call an activity that succeeds at some attempt, with retries."""
    given = context.get_input()
    task = {"key": context.instance_id, "attempt": given["succeeds_on"]}
    return (yield context.call_activity_with_retry("succeed_on", _retry(given), task))


@bp.orchestration_trigger(context_name="context")
def retry_then_go_on(context):
    """Two retried calls at once, then one more: all numbers have to fit."""
    options = df.RetryOptions(1, 3)
    tasks = [
        context.call_activity_with_retry(
            "succeed_on", options, {"key": f"{context.instance_id}-{task}", "attempt": attempt}
        )
        for task, attempt in enumerate(context.get_input())
    ]
    results = yield context.task_all(tasks)
    after = yield context.call_activity("echo", "after")
    return [*results, after]


@bp.orchestration_trigger(context_name="context")
def retry_then_catch(context):
    """A retried call that never succeeds, then one more."""
    try:
        yield context.call_activity_with_retry("fail", df.RetryOptions(1, context.get_input()), "always")
    except Exception as error:
        text = str(error).split("\n")[0]
    after = yield context.call_activity("echo", "after")
    return [text, after]


@bp.orchestration_trigger(context_name="context")
def retry_a_child(context):
    key = context.instance_id
    task = {"key": key, "attempt": 2}
    return (
        yield context.call_sub_orchestrator_with_retry(
            "call", df.RetryOptions(1, 3), {"activity": "succeed_on", "input": task}
        )
    )


@bp.orchestration_trigger(context_name="context")
def parent(context):
    """Run one child and give its result, or the text of its failure."""
    given = context.get_input()
    try:
        result = yield context.call_sub_orchestrator(given["child"], given.get("input"), given.get("id"))
    except Exception as error:
        return {"failed": str(error)}
    return {"returned": result}


@bp.orchestration_trigger(context_name="context")
def family(context):
    """Run children at once."""
    tasks = [context.call_sub_orchestrator("chain", number) for number in range(context.get_input())]
    return (yield context.task_all(tasks))
