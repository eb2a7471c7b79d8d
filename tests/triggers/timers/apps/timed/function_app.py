"""The app behind the tests of timers and of the time limit on a whole host.

NOTES is the file in which every run leaves a line of JSON.
"""

import json
import os
import time
from pathlib import Path

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


def note(name: str, **values: object) -> int:
    """Leave a line; give how many of this name there are now."""
    path = Path(os.environ["NOTES"])
    with path.open("a") as file:
        file.write(json.dumps({"name": name, **values}) + "\n")
    return path.read_text().count(f'"name": "{name}"')


@app.timer_trigger(arg_name="timer", schedule="0 0 3 * * *")
def nightly(timer: func.TimerRequest) -> None:
    note("nightly", past_due=timer.past_due, status=timer.schedule_status, schedule=timer.schedule)


@app.timer_trigger(arg_name="timer", schedule="now and then")
def mistaken(timer: func.TimerRequest) -> None:
    note("mistaken", schedule=timer.schedule)


@app.activity_trigger(input_name="seconds")
def sleep(seconds: float) -> str:
    time.sleep(seconds)
    return "slept"


@app.orchestration_trigger(context_name="context")
def sleeping(context: df.DurableOrchestrationContext):
    try:
        return (yield context.call_activity("sleep", context.get_input()))
    except Exception as error:
        return f"caught {error}"


@app.orchestration_trigger(context_name="context")
def hesitant(context: df.DurableOrchestrationContext):
    # An orchestrator must not do this; the first time it takes too long.
    if note("hesitant") == 1:
        time.sleep(60)
    return (yield context.call_activity("sleep", 0))
