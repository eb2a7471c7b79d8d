"""The well-known patterns, each as small as it can be: monitor, human interaction, eternal."""

from datetime import timedelta

import azure.durable_functions as df

bp = df.Blueprint()


@bp.orchestration_trigger(context_name="context")
def monitor(context):
    """Look every few milliseconds until the thing that is watched is ready."""
    looks = 0
    while True:
        looks += 1
        found = yield context.call_activity("count", context.instance_id)
        if found >= context.get_input():
            return looks
        yield context.create_timer(context.current_utc_datetime + timedelta(milliseconds=20))


@bp.orchestration_trigger(context_name="context")
def eternal(context):
    """Clean up for ever, until somebody ends it."""
    yield context.call_activity("count", context.instance_id)
    yield context.create_timer(context.current_utc_datetime + timedelta(milliseconds=10))
    context.continue_as_new(context.get_input() + 1)
