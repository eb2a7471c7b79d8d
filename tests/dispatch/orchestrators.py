"""Small orchestrators, written as users write them."""

from collections.abc import Generator
from datetime import timedelta
from typing import Any

import azure.durable_functions as df

Steps = Generator[Any, Any, Any]


def chain(context: df.DurableOrchestrationContext) -> Steps:
    results = []
    for number in range(3):
        results.append((yield context.call_activity("say", number)))
    return results


def fan_out(context: df.DurableOrchestrationContext) -> Steps:
    results = yield context.task_all([context.call_activity("say", number) for number in range(30)])
    return len(results)


def nap(context: df.DurableOrchestrationContext) -> Steps:
    yield context.create_timer(context.current_utc_datetime + timedelta(milliseconds=200))
    return "awake"


def wait(context: df.DurableOrchestrationContext) -> Steps:
    first = yield context.wait_for_external_event("go")
    second = yield context.wait_for_external_event("go")
    return [first, second]


def call_unknown(context: df.DurableOrchestrationContext) -> Steps:
    yield context.call_activity("nothing", None)


def call_child(context: df.DurableOrchestrationContext) -> Steps:
    return (yield context.call_sub_orchestrator("chain"))


def count_down(context: df.DurableOrchestrationContext) -> Steps:
    left = context.get_input()
    if left == 0:
        return "done"
    yield context.call_activity("say", left)
    context.continue_as_new(left - 1)
    return None


def ask(context: df.DurableOrchestrationContext) -> Steps:
    return (yield context.call_http("GET", "http://example.test/"))


def call_entity(context: df.DurableOrchestrationContext) -> Steps:
    entity = df.EntityId(context.get_input(), "one")
    return (yield context.call_entity(entity, "add", 5))


ALL = {
    each.__name__: df.Orchestrator.create(each)
    for each in (chain, fan_out, nap, wait, call_unknown, call_child, count_down, ask, call_entity)
}
