"""The two sleeps: one holds its thread, as synchronous work does, the other awaits.

With the first, no more tasks run at once than there are threads; the second shows that
asynchronous work is not bound by them.
"""

import asyncio
import os
import time

from fanout import reports
from fanout.blueprint import bp
from fanout.reports import SleepReport, SleepTask
from shared import journal, settings

_SETTINGS = settings.read(os.environ)


@bp.activity_trigger(input_name="task")
def sleep(task: SleepTask) -> SleepReport:
    """Hold this thread for the task's seconds."""
    journal.record(f"sleep: task {task['index']}")
    started, begun = time.time_ns(), time.perf_counter_ns()
    time.sleep(task["seconds"])
    return _report(task, started, begun)


@bp.activity_trigger(input_name="task")
async def sleep_async(task: SleepTask) -> SleepReport:
    """Await the task's seconds; the thread serves other tasks meanwhile."""
    journal.record(f"sleep_async: task {task['index']}")
    started, begun = time.time_ns(), time.perf_counter_ns()
    await asyncio.sleep(task["seconds"])
    return _report(task, started, begun)


def _report(task: SleepTask, started: int, begun: int) -> SleepReport:
    elapsed = (time.perf_counter_ns() - begun) // 1_000
    return reports.of_this_thread(task["index"], _SETTINGS.host_instance, started // 1_000, elapsed)
