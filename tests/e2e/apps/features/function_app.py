"""The app behind the tests about what the host does around functions: timers, keys, limits, restarts.

RUNS_FOLDER is the folder where every run of a timer leaves a line.
"""

import json
import os
import time
from pathlib import Path

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)


def note(key: str, line: str) -> None:
    with (Path(os.environ["RUNS_FOLDER"]) / key).open("a") as file:
        file.write(f"{line} {os.getppid()} {os.getpid()}\n")


@app.timer_trigger(arg_name="timer", schedule="* * * * * *")
def every_second(timer: func.TimerRequest) -> None:
    note("every_second", os.environ["WEBSITE_INSTANCE_ID"])


@app.timer_trigger(arg_name="timer", schedule="%RARELY%", run_on_startup=True)
def on_startup(timer: func.TimerRequest) -> None:
    note("on_startup", "past-due" if timer.past_due else "in-time")


@app.timer_trigger(arg_name="timer", schedule="00:00:01")
def slow_timer(timer: func.TimerRequest) -> None:
    note("slow_timer", "begin")
    time.sleep(1.5)
    note("slow_timer", "end")


@app.queue_trigger(arg_name="message", queue_name="q", connection="AzureWebJobsStorage")
def from_queue(message: func.QueueMessage) -> None:
    note("from_queue", "run")


@app.route(route="open", auth_level="anonymous")
def is_open(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("open to all")


@app.route(route="closed")
def is_closed(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("with a key")


@app.route(route="master", auth_level="admin")
def for_admin(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("with the master key")


@app.route(route="disabled", auth_level="anonymous")
def is_disabled(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("should not run")


@app.route(route="hang", auth_level="anonymous")
def hang(req: func.HttpRequest) -> func.HttpResponse:
    time.sleep(60)
    return func.HttpResponse("never")


@app.route(route="who", auth_level="anonymous")
def who(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(json.dumps({"worker": os.getpid()}), mimetype="application/json")


@app.route(route="say", auth_level="anonymous")
def say(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("first edition")
