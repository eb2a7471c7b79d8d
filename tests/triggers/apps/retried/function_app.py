"""Timers that fail at first; each run is written down."""

import json
import os

import azure.functions as func

app = func.FunctionApp()


def note(name: str, context: func.Context) -> int:
    retry = context.retry_context
    with open(os.environ["NOTES"], "a") as notes:
        run = {"name": name, "count": retry.retry_count, "most": retry.max_retry_count}
        notes.write(json.dumps({**run, "message": retry.rpc_exception.message}) + "\n")
    return retry.retry_count


@app.timer_trigger(arg_name="t", schedule="0 0 0 1 1 *", run_on_startup=True)
@app.retry(strategy="fixed_delay", max_retry_count="2", delay_interval="00:00:00.1")
def decorated(t: func.TimerRequest, context: func.Context) -> None:
    if note("decorated", context) < 2:
        raise ValueError("not yet")


@app.timer_trigger(arg_name="t", schedule="0 0 0 1 1 *", run_on_startup=True)
def by_host_json(t: func.TimerRequest, context: func.Context) -> None:
    note("by_host_json", context)
    raise ValueError("never")


@app.timer_trigger(arg_name="t", schedule="0 0 0 1 1 *")
@app.retry(strategy="fixed_delay", max_retry_count="many", delay_interval="00:00:01")
def wrong(t: func.TimerRequest) -> None:
    raise AssertionError
