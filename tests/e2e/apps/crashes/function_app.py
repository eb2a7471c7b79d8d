"""The app behind the tests about crashes and stops: every run of a step leaves a line in a file.

RUNS_FOLDER is the folder of these files; a line tells who ran: host instance, its process, worker process.
"""

import json
import os
import time
from datetime import timedelta
from pathlib import Path

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


def note(key: str) -> int:
    """Leave a line under `key`; give how many there are now."""
    path = Path(os.environ["RUNS_FOLDER"]) / key
    who = f"{os.environ['WEBSITE_INSTANCE_ID']} {os.getppid()} {os.getpid()}\n"
    with path.open("a") as file:
        file.write(who)
    return len(path.read_text().splitlines())


@app.activity_trigger(input_name="task")
def step(task: dict):
    """The first run takes `first` seconds, later ones take `seconds`; gives which run it was."""
    run = note(task["key"])
    time.sleep(task.get("first", 0) if run == 1 else task.get("seconds", 0))
    return run


@app.activity_trigger(input_name="key")
def die(key: str):
    note(key)
    os._exit(9)


@app.activity_trigger(input_name="seconds")
def hold(seconds: float):
    time.sleep(seconds)
    return os.environ["WEBSITE_INSTANCE_ID"]


@app.orchestration_trigger(context_name="context")
def steps(context):
    """The given steps, one after the other."""
    runs = []
    for task in context.get_input():
        runs.append((yield context.call_activity("step", task)))
    return runs


@app.orchestration_trigger(context_name="context")
def steps_at_once(context):
    return (yield context.task_all([context.call_activity("step", task) for task in context.get_input()]))


@app.orchestration_trigger(context_name="context")
def die_beside(context):
    """Call what kills its worker, and the given steps at the same time; gives why the one failed, and the
    number of the others."""
    killer = context.call_activity("die", "killer")
    others = context.task_all([context.call_activity("step", task) for task in context.get_input()])
    yield context.task_any([killer, others])
    ended = yield others
    try:
        yield killer
    except Exception as error:
        return [str(error), len(ended)]


@app.orchestration_trigger(context_name="context")
def spread(context):
    """Many short activities; gives which host instances ran them."""
    count, seconds = context.get_input()
    instances = yield context.task_all([context.call_activity("hold", seconds) for _ in range(count)])
    return sorted(set(instances))


@app.orchestration_trigger(context_name="context")
def events(context):
    """Collect so many events."""
    received = []
    for _ in range(context.get_input()):
        received.append((yield context.wait_for_external_event("add")))
    return received


def generations_of_sdk_1(context):
    """Take events, one for each generation, until `None` comes."""
    received = context.get_input()
    item = yield context.wait_for_external_event("add")
    if item is None:
        return received
    context.continue_as_new([*received, item])


def generations_of_sdk_2(context, received):
    """The same with the method of SDK 2.x that keeps events which nobody has awaited yet."""
    item = yield context.wait_for_external_event("add")
    if item is None:
        return received
    context.continue_as_new([*received, item], save_events=True)


SECOND_GENERATION = hasattr(df, "DurableFunctionsClient")
app.function_name("generations")(
    app.orchestration_trigger(context_name="context", orchestration="generations")(
        generations_of_sdk_2 if SECOND_GENERATION else generations_of_sdk_1
    )
)


@app.orchestration_trigger(context_name="context")
def timer(context):
    yield context.create_timer(context.current_utc_datetime + timedelta(seconds=context.get_input()))
    return "fired"


@app.route(route="hold/{key}/{seconds}")
def hold_request(req: func.HttpRequest) -> func.HttpResponse:
    note(req.route_params["key"])
    time.sleep(float(req.route_params["seconds"]))
    return func.HttpResponse("held")


@app.route(route="who")
def who(req: func.HttpRequest) -> func.HttpResponse:
    told = {"instance": os.environ["WEBSITE_INSTANCE_ID"], "host": os.getppid(), "worker": os.getpid()}
    return func.HttpResponse(json.dumps(told), mimetype="application/json")
