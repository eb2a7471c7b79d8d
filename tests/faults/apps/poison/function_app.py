"""Puts a given value, whatever it is, into every place that an orchestrator or an entity has for one."""

from datetime import timedelta

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.activity_trigger(input_name="value")
def same(value: dict) -> dict:
    return value


@app.activity_trigger(input_name="value")
def refuse(value: dict) -> dict:
    raise ValueError(value["value"])


@app.orchestration_trigger(context_name="context")
def echo(context):
    return context.get_input()


@app.orchestration_trigger(context_name="context")
def through_an_activity(context):
    return (yield context.call_activity("same", context.get_input()))


@app.orchestration_trigger(context_name="context")
def through_a_child(context):
    return (yield context.call_sub_orchestrator("echo", context.get_input()))


@app.orchestration_trigger(context_name="context")
def through_an_event(context):
    return (yield context.wait_for_external_event("go"))


@app.orchestration_trigger(context_name="context")
def as_custom_status(context):
    context.set_custom_status(context.get_input())
    yield context.create_timer(context.current_utc_datetime + timedelta(milliseconds=1))


@app.orchestration_trigger(context_name="context")
def as_exception(context):
    raise ValueError(context.get_input()["value"])


@app.orchestration_trigger(context_name="context")
def as_exception_of_an_activity(context):
    return (yield context.call_activity("refuse", context.get_input()))


@app.orchestration_trigger(context_name="context")
def as_activity_name(context):
    return (yield context.call_activity(context.get_input()["value"], None))


@app.orchestration_trigger(context_name="context")
def as_child_name(context):
    return (yield context.call_sub_orchestrator(context.get_input()["value"], None))


@app.orchestration_trigger(context_name="context")
def as_child_id(context):
    return (yield context.call_sub_orchestrator("echo", {}, context.get_input()["value"]))


@app.orchestration_trigger(context_name="context")
def as_entity_name(context):
    return (yield context.call_entity(df.EntityId(context.get_input()["value"], "k"), "keep", 1))


@app.orchestration_trigger(context_name="context")
def as_entity_key(context):
    return (yield context.call_entity(df.EntityId("keeper", context.get_input()["value"]), "keep", 1))


@app.orchestration_trigger(context_name="context")
def as_operation_name(context):
    return (yield context.call_entity(df.EntityId("keeper", "k"), context.get_input()["value"], 1))


@app.orchestration_trigger(context_name="context")
def as_entity_input(context):
    return (yield context.call_entity(df.EntityId("keeper", "k"), "keep", context.get_input()))


@app.orchestration_trigger(context_name="context")
def as_signal(context):
    context.signal_entity(df.EntityId("keeper", "k"), "keep", context.get_input())
    yield context.create_timer(context.current_utc_datetime + timedelta(milliseconds=1))


@app.orchestration_trigger(context_name="context")
def as_event_name(context):
    event = context.wait_for_external_event(context.get_input()["value"])
    timer = context.create_timer(context.current_utc_datetime + timedelta(milliseconds=50))
    yield context.task_any([event, timer])


@app.orchestration_trigger(context_name="context")
def as_next_input(context):
    given = context.get_input()
    if "again" in given:
        return given["again"]
    context.continue_as_new({"again": given})


@app.orchestration_trigger(context_name="context")
def as_url(context):
    return (yield context.call_http("GET", context.get_input()["value"])).status_code


@app.orchestration_trigger(context_name="context")
def as_http_content(context):
    given = context.get_input()
    return (yield context.call_http("POST", given["url"], given["value"])).content


@app.entity_trigger(context_name="context")
def keeper(context):
    context.set_state(context.get_input())
    context.set_result(context.get_input())
