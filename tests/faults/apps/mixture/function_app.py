"""A mixture of orchestrations for either generation of the SDK; each outcome follows from its input alone."""

import time
from datetime import timedelta

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.activity_trigger(input_name="number")
def step(number: int) -> int:
    time.sleep(0.01)
    return number + 1


@app.activity_trigger(input_name="number")
def refuse(number: int) -> int:
    raise ValueError(f"not {number}")


@app.orchestration_trigger(context_name="context")
def chain(context):
    number = context.get_input()["number"]
    for _ in range(3):
        number = yield context.call_activity("step", number)
    return number


@app.orchestration_trigger(context_name="context")
def fan_out(context):
    number = context.get_input()["number"]
    return sum((yield context.task_all([context.call_activity("step", number) for _ in range(5)])))


@app.orchestration_trigger(context_name="context")
def catch(context):
    number = context.get_input()["number"]
    try:
        yield context.call_activity("refuse", number)
    except Exception:
        return (yield context.call_activity("step", number))


@app.orchestration_trigger(context_name="context")
def nap(context):
    yield context.create_timer(context.current_utc_datetime + timedelta(seconds=0.3))
    return (yield context.call_activity("step", context.get_input()["number"]))


@app.orchestration_trigger(context_name="context")
def wait_for_event(context):
    given = yield context.wait_for_external_event("go")
    return given["number"] + context.get_input()["number"]


@app.orchestration_trigger(context_name="context")
def rounds(context):
    given = context.get_input()
    if given.get("left", 4) == 0:
        return given["number"]
    number = yield context.call_activity("step", given["number"])
    context.continue_as_new({"number": number, "left": given.get("left", 4) - 1})


@app.orchestration_trigger(context_name="context")
def family(context):
    given = context.get_input()
    children = [context.call_sub_orchestrator("chain", given) for _ in range(2)]
    return sum((yield context.task_all(children)))


@app.orchestration_trigger(context_name="context")
def call_entity(context):
    yield context.call_entity(df.EntityId("counter", "called"), "add", 1)
    return context.get_input()["number"]


@app.orchestration_trigger(context_name="context")
def signal_entity(context):
    context.signal_entity(df.EntityId("counter", "signalled-from-within"), "add", 1)
    return (yield context.call_activity("step", context.get_input()["number"]))


@app.entity_trigger(context_name="context")
def counter(context):
    total = context.get_state(lambda: 0) + 1
    context.set_state(total)
    context.set_result(total)
