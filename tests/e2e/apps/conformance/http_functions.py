"""HTTP functions: routes, requests and responses."""

import base64
import inspect
import json
import os
import time
from typing import Any

import azure.durable_functions as df
import azure.functions as func
import tally

bp = func.Blueprint()


def _answer(value: Any, status: int = 200) -> func.HttpResponse:
    return func.HttpResponse(json.dumps(value), status_code=status, mimetype="application/json")


def _route(name: str, req: func.HttpRequest) -> func.HttpResponse:
    return _answer({"function": name, "params": dict(req.route_params)})


@bp.route(route="echo")
def echo_request(req: func.HttpRequest) -> func.HttpResponse:
    """Everything that the function sees of the request."""
    return _answer(
        {
            "method": req.method,
            "url": req.url,
            "headers": dict(req.headers),
            "params": dict(req.params),
            "body": base64.b64encode(req.get_body()).decode(),
        }
    )


@bp.route(route="mirror", methods=["POST", "PUT"])
def mirror(req: func.HttpRequest) -> func.HttpResponse:
    """The body as it came, byte for byte."""
    return func.HttpResponse(req.get_body(), mimetype="application/octet-stream")


@bp.route(route="json", methods=["POST"])
def read_json(req: func.HttpRequest) -> func.HttpResponse:
    try:
        return _answer({"json": req.get_json()})
    except ValueError as error:
        return _answer({"error": str(error)}, 400)


@bp.route(route="form", methods=["POST"])
def read_form(req: func.HttpRequest) -> func.HttpResponse:
    files = {name: file.read().decode() for name, file in req.files.items()}
    return _answer({"form": req.form.to_dict(), "files": files})


@bp.route(route="async")
async def asynchronous(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("from a coroutine")


@bp.route()
def named_by_function(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("no route given")


@bp.route(route="only/get", methods=["GET"])
def only_get(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("got")


@bp.route(route="verbs", methods=["GET"])
def verbs_get(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("GET")


@bp.route(route="verbs", methods=["POST", "DELETE"])
def verbs_others(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("other")


@bp.route(route="whole/{number:int}")
def whole(req: func.HttpRequest) -> func.HttpResponse:
    return _route("whole", req)


@bp.route(route="range/{number:range(1,5)}")
def in_range(req: func.HttpRequest) -> func.HttpResponse:
    return _route("in_range", req)


@bp.route(route="guid/{id:guid}")
def guid(req: func.HttpRequest) -> func.HttpResponse:
    return _route("guid", req)


@bp.route(route="word/{word:alpha:length(2,4)}")
def word(req: func.HttpRequest) -> func.HttpResponse:
    return _route("word", req)


@bp.route(route="optional/{id?}")
def optional(req: func.HttpRequest) -> func.HttpResponse:
    return _route("optional", req)


@bp.route(route="default/{id=5}")
def default(req: func.HttpRequest) -> func.HttpResponse:
    return _route("default", req)


@bp.route(route="files/{*path}")
def files(req: func.HttpRequest) -> func.HttpResponse:
    return _route("files", req)


@bp.route(route="mixed/v{major}.{minor}")
def mixed(req: func.HttpRequest) -> func.HttpResponse:
    return _route("mixed", req)


@bp.route(route="items/{id}")
def a_items_by_id(req: func.HttpRequest) -> func.HttpResponse:
    return _route("a_items_by_id", req)


@bp.route(route="items/recent")
def b_items_recent(req: func.HttpRequest) -> func.HttpResponse:
    return _route("b_items_recent", req)


@bp.route(route="respond", methods=["POST"])
def respond(req: func.HttpRequest) -> func.HttpResponse:
    """An answer with the given status, headers and body."""
    wanted = req.get_json()
    return func.HttpResponse(
        wanted.get("body"), status_code=wanted.get("status", 200), headers=wanted.get("headers")
    )


@bp.route(route="cookies")
def cookies(req: func.HttpRequest) -> func.HttpResponse:
    response = func.HttpResponse("with cookies")
    response.headers.add("Set-Cookie", "a=1; Path=/; HttpOnly")
    response.headers.add("Set-Cookie", "b=2; Max-Age=60; Secure; SameSite=Lax")
    return response


@bp.route(route="text", methods=["POST"])
def text(req: func.HttpRequest) -> str:
    """The body, returned as a plain str."""
    return req.get_body().decode()


@bp.route(route="nothing")
def nothing(req: func.HttpRequest):
    return None


@bp.route(route="object")
def an_object(req: func.HttpRequest):
    return {"a": 1}


@bp.route(route="raise")
def raise_error(req: func.HttpRequest) -> func.HttpResponse:
    raise ValueError("no good")


@bp.route(route="about")
def about_invocation(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return _answer(
        {
            "function": context.function_name,
            "invocation": context.invocation_id,
            "process": os.getpid(),
            "instance": os.environ.get("WEBSITE_INSTANCE_ID"),
        }
    )


@bp.route(route="sdk")
def sdk_parts(req: func.HttpRequest) -> func.HttpResponse:
    """What the SDK has, of which some came with later versions: methods, and their parameters."""
    owners = {"client": df.DurableOrchestrationClient, "context": df.DurableOrchestrationContext}
    parts = []
    for owner, kind in owners.items():
        for name, member in inspect.getmembers(kind):
            parts.append(f"{owner}.{name}")
            if inspect.isfunction(member):
                parts += [f"{owner}.{name}.{parameter}" for parameter in inspect.signature(member).parameters]
    return _answer({"has": parts})


@bp.route(route="setting/{name}")
def setting(req: func.HttpRequest) -> func.HttpResponse:
    """An app setting as the function sees it."""
    return _answer({"value": os.environ.get(req.route_params["name"])})


@bp.route(route="tally/{key}")
def read_tally(req: func.HttpRequest) -> func.HttpResponse:
    """How often something has run."""
    return _answer(tally.read(req.route_params["key"]))


@bp.route(route="job/{key}/{looks}")
def job(req: func.HttpRequest) -> func.HttpResponse:
    """202 until it was asked so many times, as an asynchronous HTTP API answers."""
    if tally.count(req.route_params["key"]) < int(req.route_params["looks"]):
        return func.HttpResponse(status_code=202, headers={"Location": req.url, "Retry-After": "0"})
    return func.HttpResponse("job is done")


@bp.route(route="block/{seconds}")
def block_request(req: func.HttpRequest) -> func.HttpResponse:
    """Hold the thread, and say which process did."""
    time.sleep(float(req.route_params["seconds"]))
    return _answer({"process": os.getpid()})
