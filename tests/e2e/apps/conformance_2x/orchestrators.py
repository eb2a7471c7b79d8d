"""Orchestrators in the manner of SDK 2.x: with two parameters, and with what 1.x does not have."""

import os
from datetime import timedelta
from pathlib import Path

import azure.durable_functions as df
from durabletask.entities import EntityInstanceId
from durabletask.task import (
    ActivityContext,
    OrchestrationContext,
    RetryPolicy,
    TaskFailedError,
    when_all,
    when_any,
)

bp = df.Blueprint()


def count(key: str) -> int:
    """Note one more run under `key`, and give how many there are. Safe across processes."""
    path = Path(os.environ["TMPDIR"]) / key
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(file, b".")
        return os.fstat(file).st_size
    finally:
        os.close(file)


class BadOrder(ValueError):
    """An error of the app's own."""


@bp.activity_trigger(input_name="number")
def double(number: int) -> int:
    return number * 2


@bp.activity_trigger(input_name="value")
def echo(value):
    return value


@bp.activity_trigger(input_name="value")
def two_parameters(context: ActivityContext, value):
    """The activity of a plain Durable Task worker; in Functions its context knows nothing."""
    return value


@bp.activity_trigger(input_name="task")
def succeed_on(task: dict) -> int:
    attempt = count(task["key"])
    if attempt < task["attempt"]:
        raise BadOrder(f"attempt {attempt}")
    return attempt


@bp.activity_trigger(input_name="message")
def fail(message: str) -> None:
    raise BadOrder(message) from KeyError("cause")


@bp.orchestration_trigger(context_name="context")
def give(context: OrchestrationContext, given):
    return given


@bp.orchestration_trigger(context_name="context")
def about(context: OrchestrationContext, _):
    identifiers = [context.new_uuid(), context.new_uuid()]
    told = yield context.call_activity("two_parameters", input={"a": 1}, tags={"kind": "step"})
    return {
        "instance": context.instance_id,
        "parent": context.parent_instance_id,
        "version": context.version,
        "identifiers": identifiers,
        "activity": told,
    }


@bp.orchestration_trigger(context_name="context")
def groups(context: OrchestrationContext, numbers):
    """All of the doubled numbers, the first of two, and an activity without an input."""
    every = yield when_all([context.call_activity("double", input=number) for number in numbers])
    event = context.wait_for_external_event("never")
    first = yield when_any([context.call_activity("echo", input="first"), event])
    return [every, first.get_result(), (yield context.call_activity("echo"))]


@bp.orchestration_trigger(context_name="context")
def statuses(context: OrchestrationContext, given):
    for status in given:
        context.set_custom_status(status)
        yield context.wait_for_external_event("next")


@bp.orchestration_trigger(context_name="context")
def retried(context: OrchestrationContext, given):
    policy = RetryPolicy(
        first_retry_interval=timedelta(milliseconds=given.get("milliseconds", 1)),
        max_number_of_attempts=given["attempts"],
        backoff_coefficient=2.0,
    )
    task = {"key": context.instance_id, "attempt": given["succeeds_on"]}
    if given.get("child"):
        call = {"activity": "succeed_on", "input": task}
        return (yield context.call_sub_orchestrator("call", input=call, retry_policy=policy))
    return (yield context.call_activity("succeed_on", input=task, retry_policy=policy))


@bp.orchestration_trigger(context_name="context")
def call(context: OrchestrationContext, given):
    return (yield context.call_activity(given["activity"], input=given.get("input")))


@bp.orchestration_trigger(context_name="context")
def catch(context: OrchestrationContext, given):
    """What is known of a failure: of an activity's, or of that of a child that does not catch it."""
    try:
        if given.get("child"):
            yield context.call_sub_orchestrator("call", input=given)
        else:
            yield context.call_activity(given["activity"], input=given.get("input"))
    except TaskFailedError as error:
        return {"type": error.details.error_type, "message": error.details.message, "text": str(error)}


@bp.orchestration_trigger(context_name="context")
def parent(context: OrchestrationContext, given):
    return (
        yield context.call_sub_orchestrator(
            given["child"],
            input=given.get("input"),
            instance_id=given.get("id"),
            version=given.get("version"),
        )
    )


@bp.orchestration_trigger(context_name="context")
def timer(context: OrchestrationContext, seconds):
    yield context.create_timer(timedelta(seconds=seconds))
    return "fired"


@bp.orchestration_trigger(context_name="context")
def events(context: OrchestrationContext, names):
    """Wait for one event after the other; before the first wait there is a step."""
    yield context.call_activity("echo", input=None)
    received = []
    for name in names:
        received.append((yield context.wait_for_external_event(name)))
    return received


@bp.orchestration_trigger(context_name="context")
def send(context: OrchestrationContext, given):
    context.send_event(given["to"], given["name"], data=given["data"])
    return "sent"


@bp.orchestration_trigger(context_name="context")
def collect(context: OrchestrationContext, state):
    """One generation for each event; events that wait are carried over."""
    if len(state["items"]) == state["until"]:
        return state["items"]
    item = yield context.wait_for_external_event("add")
    context.continue_as_new({**state, "items": [*state["items"], item]}, save_events=True)


@bp.orchestration_trigger(context_name="context")
def next_version(context: OrchestrationContext, generation):
    if generation:
        return [generation, context.version]
    context.continue_as_new(1, new_version="2.0")


@bp.orchestration_trigger(context_name="context")
def fails_once(context: OrchestrationContext, _):
    first = yield context.call_activity(
        "succeed_on", input={"key": f"{context.instance_id}-kept", "attempt": 1}
    )
    second = yield context.call_activity("succeed_on", input={"key": context.instance_id, "attempt": 2})
    return [first, second]


@bp.orchestration_trigger(context_name="context")
def over_http(context: df.DurableOrchestrationContext):
    answer = yield context.call_http("GET", context.get_input())
    return [answer.status_code, answer.content]


@bp.orchestration_trigger(context_name="context")
def transfer(context: OrchestrationContext, given):
    """Move an amount between two entities that are locked meanwhile; reading and writing are two steps."""
    source, target = (EntityInstanceId("Account", key) for key in given["keys"])
    with (yield context.lock_entities([source, target])):
        for account, amount in ((source, -given["amount"]), (target, given["amount"])):
            balance = yield context.call_entity(account, "read")
            yield context.call_entity(account, "write", balance + amount)


@bp.orchestration_trigger(context_name="context")
def hold(context: OrchestrationContext, given):
    """Hold the lock of an entity until the event `go`."""
    with (yield context.lock_entities([EntityInstanceId("Account", given["key"])])):
        context.set_custom_status("holds")
        yield context.wait_for_external_event("go")


@bp.orchestration_trigger(context_name="context")
def call_account(context: OrchestrationContext, given):
    """Call each operation of one entity; give the results, and the texts of failures."""
    account = EntityInstanceId("Account", given["key"])
    results = []
    for operation, value in given["operations"]:
        try:
            results.append((yield context.call_entity(account, operation, value)))
        except Exception as error:
            results.append(f"{type(error).__name__}: {error}")
    return results


@bp.orchestration_trigger(context_name="context")
def signal_later(context: OrchestrationContext, given):
    account = EntityInstanceId("Account", given["key"])
    at = context.current_utc_datetime + timedelta(seconds=given["seconds"])
    context.signal_entity(account, "add", 1, signal_time=at)
    context.signal_entity(account, "add", 10)
