"""The app behind the hubs of older releases: what it calls `gated` waits until the file GATE exists.

Without the file a hub fills with instances that are under way; with it they come to their ends.
"""

import os
import time
from datetime import timedelta

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


def is_open() -> bool:
    return os.path.exists(os.environ["GATE"])


def wait_for_gate() -> None:
    while not is_open():
        time.sleep(0.01)


@app.activity_trigger(input_name="value")
def say(value: str):
    return f"said {value}"


@app.activity_trigger(input_name="value")
def gated(value: str):
    wait_for_gate()
    return f"gated {value}"


@app.activity_trigger(input_name="value")
def flaky(value: str):
    if not is_open():
        raise ValueError(f"too early: {value}")
    return f"mended {value}"


@app.orchestration_trigger(context_name="context")
def chain(context):
    context.set_custom_status({"at": 1})
    first = yield context.call_activity("say", "a\U0001f600")
    second = yield context.call_activity("gated", "b")
    return [context.get_input(), first, second]


@app.orchestration_trigger(context_name="context")
def short_chain(context):
    context.set_custom_status("nearly there")
    first = yield context.call_activity("say", context.get_input())
    yield context.create_timer(context.current_utc_datetime + timedelta(milliseconds=20))
    return [first, (yield context.call_sub_orchestrator("echo", {"ä": 1}))]


@app.orchestration_trigger(context_name="context")
def echo(context):
    return context.get_input()


@app.orchestration_trigger(context_name="context")
def two_events(context):
    go = yield context.wait_for_external_event("Go")
    return [go, (yield context.wait_for_external_event("Held"))]


@app.orchestration_trigger(context_name="context")
def nap(context):
    yield context.create_timer(context.current_utc_datetime + timedelta(seconds=60))
    return "awake"


@app.orchestration_trigger(context_name="context")
def race(context):
    timer = context.create_timer(context.current_utc_datetime + timedelta(hours=1))
    winner = yield context.task_any([timer, context.call_activity("say", "fast")])
    timer.cancel()
    return [winner.result, (yield context.call_activity("gated", "after the race"))]


@app.orchestration_trigger(context_name="context")
def retry(context):
    first = yield context.call_activity_with_retry("flaky", df.RetryOptions(60_000, 3), "r")
    return [first, (yield context.call_activity("say", "after the retry"))]


@app.orchestration_trigger(context_name="context")
def fan_out(context):
    tasks = [context.call_activity(name, name[0]) for name in ("say", "gated", "say", "gated")]
    return (yield context.task_all(tasks))


@app.orchestration_trigger(context_name="context")
def parent(context):
    return ["parent", (yield context.call_sub_orchestrator("chain", "from the parent", "kid"))]


@app.orchestration_trigger(context_name="context")
def failing(context):
    return (yield context.call_activity("flaky", "f"))


@app.orchestration_trigger(context_name="context")
def failing_parent(context):
    yield context.call_activity("say", "before")
    return (yield context.call_sub_orchestrator("failing", None, "failed-kid"))


@app.orchestration_trigger(context_name="context")
def count(context):
    number = context.get_input()
    if number == 3:
        return [number, (yield context.wait_for_external_event("Stop"))]
    yield context.call_activity("say", number)
    context.continue_as_new(number + 1)


@app.orchestration_trigger(context_name="context")
def ask_entity(context):
    return (yield context.call_entity(df.EntityId("slow", "one"), "add", context.get_input()))


@app.entity_trigger(context_name="context")
def counter(context):
    if context.operation_name == "delete":
        context.destruct_on_exit()
        return
    context.set_state(context.get_state(lambda: 0) + context.get_input())
    context.set_result(context.get_state())


@app.entity_trigger(context_name="context")
def slow(context):
    wait_for_gate()
    context.set_state(context.get_state(lambda: 0) + context.get_input())
    context.set_result(context.get_state())
