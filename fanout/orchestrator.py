"""`fan_out_fan_in`: run many tasks at once, wait for all, tell how they ran.

Deterministic: all that shapes it is in its input, and it reads no clock, no environment and
no random source. A job that is too large for one node starts the same orchestrator for parts
of it; such a part returns what its parent needs instead of a summary.
"""

from typing import Any

from fanout import plan, progress, summary
from fanout.blueprint import bp
from shared import durable, exceptions, fan_out, journal, orchestrators
from shared.fan_out import FanOut

NAME = "fan_out_fan_in"


@bp.orchestration_trigger(context_name="context")
@orchestrators.startable
def fan_out_fan_in(context: durable.OrchestrationContext) -> durable.Orchestration:
    """Run the tasks of the input and give their summary.

    Raises InvalidValue, which fails the instance, when the input is not as `fan_out` has it.
    """
    job = fan_out.from_input(_given(context))
    journal.record_once(context, f"fan-out of {job.task_count} tasks begins")
    if plan.fits_one_node(job):
        part = yield from _run_tasks(context, job)
    else:
        part = yield from _run_parts(context, job)
    journal.record_once(context, f"fan-out of {job.task_count} tasks is done")
    return summary.summarise(part) if job.first_index is None else part.to_json()


def _run_tasks(context: durable.OrchestrationContext, job: FanOut) -> durable.Orchestration:
    first = job.first_index or 0
    tasks = [  # funchost: allow unbounded-fan-out
        context.call_activity(job.activity, {"index": index, "seconds": job.seconds})
        for index in range(first, first + job.task_count)
    ]
    reported = yield from progress.wait_for_all(context, tasks, [1] * len(tasks))
    return summary.part_of_reports(reported)


def _run_parts(context: durable.OrchestrationContext, job: FanOut) -> durable.Orchestration:
    children = plan.split(job)
    tasks = [  # funchost: allow unbounded-fan-out
        context.call_sub_orchestrator(NAME, child.to_input()) for child in children
    ]
    returned = yield from progress.wait_for_all(context, tasks, [child.task_count for child in children])
    return summary.part_of_parts(returned)


def _given(context: durable.OrchestrationContext) -> Any:
    try:
        return context.get_input()
    except (TypeError, ValueError) as error:
        # SDK 1.x reads an object, or JSON within a string. A bare 100 that was posted to the
        # host's management API is neither, and the SDK's own words for it help nobody.
        allowed = 'an object such as {"taskCount": 100}, or start the instance through this app'
        raise exceptions.InvalidValue("input", None, f"cannot be read ({error})", allowed) from error
