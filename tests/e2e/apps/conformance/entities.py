"""Entities: a counter, and orchestrators that call and signal it."""

import azure.durable_functions as df

bp = df.Blueprint()


@bp.entity_trigger(context_name="context")
def counter(context):
    number = context.get_state(lambda: 0)
    operation = context.operation_name
    if operation == "add":
        number += context.get_input()
    elif operation == "append":
        number = [*(number or []), context.get_input()]
    elif operation == "fail":
        context.set_state(number + 100)
        raise ValueError("bad operation")
    elif operation == "delete":
        context.destruct_on_exit()
        return
    elif operation == "look":
        context.set_result({"entity": context.entity_name, "key": context.entity_key})
        return
    context.set_state(number)
    context.set_result(number)


@bp.entity_trigger(context_name="context", entity_name="RenamedEntity")
def another_entity(context):
    context.set_state("renamed")
    context.set_result("renamed")


@bp.orchestration_trigger(context_name="context")
def call_entity(context):
    """Call each operation in turn; give the results, and the texts of the failures."""
    given = context.get_input()
    entity = df.EntityId(given.get("name", "counter"), given["key"])
    results = []
    for operation, value in given["operations"]:
        try:
            results.append((yield context.call_entity(entity, operation, value)))
        except Exception as error:
            results.append({"type": type(error).__name__, "text": str(error)})
    return results


@bp.orchestration_trigger(context_name="context")
def call_entities_at_once(context):
    """Add one to each of the keys at the same time."""
    tasks = [context.call_entity(df.EntityId("counter", key), "add", 1) for key in context.get_input()]
    return (yield context.task_all(tasks))


@bp.orchestration_trigger(context_name="context")
def signal_then_call(context):
    """Signals are sent without waiting, and come before the call."""
    entity = df.EntityId("counter", context.get_input()["key"])
    for value in context.get_input()["values"]:
        context.signal_entity(entity, "add", value)
    return (yield context.call_entity(entity, "get"))
