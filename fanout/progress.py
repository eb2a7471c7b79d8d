"""Waiting for many tasks while the custom status shows how far it is.

A task is scheduled when it is yielded, so all of them go out in the first yield. A change of
the status wakes the orchestrator's code, so it happens when one of a few groups of tasks is
complete, and not once for each task.
"""

from collections.abc import Generator, Sequence
from typing import Any

from fanout import plan
from shared import durable, generations

POINTS = 10
"""At so many points, at most, the status changes."""


def wait_for_all(
    context: durable.OrchestrationContext, tasks: Sequence[durable.Task], weights: Sequence[int]
) -> Generator[durable.Task, Any, list[Any]]:
    """Schedule the tasks, wait for all, and give their results in the order of the tasks.

    `weights` says for how many of the job's tasks each one stands. Use it with `yield from`.

    Raises the first failure of a task, in the order of the groups that it fails.
    """
    total = sum(weights)
    context.set_custom_status({"completed": 0, "total": total})
    waiting = [context.task_all(group) for group in plan.groups(tasks, POINTS)]
    while waiting:
        # The groups that are already scheduled cost no new action.
        group = yield context.task_any(waiting)
        # Waiting for any never raises: a failed task is handed over like any other.
        failed = generations.failure(group)
        if failed:
            raise failed
        waiting.remove(group)
        completed = sum(
            weight for task, weight in zip(tasks, weights, strict=True) if generations.has_ended(task)
        )
        context.set_custom_status({"completed": completed, "total": total})
    return [task.result for task in tasks]
