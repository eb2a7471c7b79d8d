"""Orchestrators for what is done to instances afterwards: rewind, restart, versions, changed code."""

from datetime import timedelta

import azure.durable_functions as df
import tally

bp = df.Blueprint()


@bp.orchestration_trigger(context_name="context")
def fails_once(context):
    """A step that is kept, and one that succeeds when it is tried a second time."""
    first = yield context.call_activity("count", f"{context.instance_id}-kept")
    second = yield context.call_activity("succeed_on", {"key": context.instance_id, "attempt": 2})
    return [first, second]


@bp.orchestration_trigger(context_name="context")
def child_fails_once(context):
    return (yield context.call_sub_orchestrator("fails_once"))


@bp.orchestration_trigger(context_name="context")
def raises_once(context):
    """The orchestrator's own code fails the first time."""
    yield context.call_activity("echo", None)
    if tally.count(f"{context.instance_id}-own") == 1:
        raise ValueError("only once")
    return "mended"


@bp.orchestration_trigger(context_name="context")
def version(context):
    return context.version
    yield


@bp.orchestration_trigger(context_name="context")
def http_call(context):
    """Call the URL of the input; give what came back."""
    given = context.get_input()
    answer = yield context.call_http(
        given.get("method", "GET"), given["url"], given.get("content"), given.get("headers")
    )
    if isinstance(answer, dict):
        return answer
    # SDK 2.x gives an object.
    return {"statusCode": answer.status_code, "headers": answer.headers, "content": answer.content}


@bp.orchestration_trigger(context_name="context")
def changes(context):
    """Do another thing in the first replay than in the first run: as if the code had been changed."""
    was, now = context.get_input()
    step = was if tally.count(context.instance_id) == 1 else now
    if step == "nothing":
        return "nothing"
    if step == "timer":
        yield context.create_timer(context.current_utc_datetime + timedelta(milliseconds=1))
    elif step.startswith("child:"):
        yield context.call_sub_orchestrator(step.removeprefix("child:"))
    else:
        yield context.call_activity(step, 1)
    yield context.wait_for_external_event("never")
