"""HTTP functions: what they see of a request and of their context, and how they may end."""

import json

import azure.durable_functions as df
import azure.functions as func

bp = df.Blueprint()


@bp.route(route="request/{name?}")
def request(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(seen(req))


@bp.route(route="request-async/{name?}")
async def request_async(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(seen(req))


def seen(req: func.HttpRequest) -> str:
    try:
        body = req.get_json()
    except ValueError as error:
        body = repr(error)
    return json.dumps(
        {
            "method": req.method,
            "url": req.url,
            "headers": dict(req.headers),
            "params": dict(req.params),
            "route_params": dict(req.route_params),
            "body": req.get_body().hex(),
            "json": body,
            "form": req.form.to_dict(flat=False),
            "files": {name: file.read().decode() for name, file in req.files.items()},
        }
    )


@bp.route(route="context")
def context(req: func.HttpRequest, context: func.Context) -> str:
    return described(context)


@bp.route(route="context-async")
async def context_async(req: func.HttpRequest, context: func.Context) -> str:
    return described(context)


@bp.activity_trigger(input_name="value")
def context_of_activity(value: object, context: func.Context) -> str:
    return described(context)


@bp.route(route="context-of-client")
@bp.durable_client_input(client_name="client")
async def context_of_client(
    req: func.HttpRequest, client: df.DurableOrchestrationClient, context: func.Context
) -> str:
    return described(context)


def described(context: func.Context) -> str:
    parts = {"context": context, "trace": context.trace_context, "retry": context.retry_context}
    values = {
        f"{part}.{name}": repr(getattr(value, name))
        for part, value in parts.items()
        for name in dir(value)
        if not name.startswith("_") and name not in ("trace_context", "retry_context", "thread_local_storage")
    }
    values["local"] = context.thread_local_storage.invocation_id
    values["is one of the SDK's"] = isinstance(context, func.Context)
    return json.dumps(values)


class UnprintableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


def raising(error: BaseException):
    def run():
        raise error

    return run


def chained():
    try:
        raise KeyError("inside")
    except KeyError as error:
        raise RuntimeError("outside") from error


def with_cookies(*texts: str):
    def run():
        response = func.HttpResponse("cookies")
        for text in texts:
            response.headers.add("Set-Cookie", text)
        return response

    return run


def with_headers(*headers: tuple[str, str]):
    def run():
        response = func.HttpResponse("headers")
        for name, value in headers:
            response.headers.add(name, value)
        return response

    return run


ENDS = {
    "text": lambda: "text ä",
    "empty text": lambda: "",
    "json text": lambda: '{"a": 1}',
    "none": lambda: None,
    "dict": lambda: {"a": 1},
    "list": lambda: [1],
    "bytes": lambda: b"bytes",
    "int": lambda: 1,
    "subclass of text": lambda: type("Text", (str,), {})("text"),
    "empty response": lambda: func.HttpResponse(),
    "binary response": lambda: func.HttpResponse(bytes(range(256)), mimetype="application/octet-stream"),
    "bytearray response": lambda: func.HttpResponse(bytearray(b"array")),
    "charset": lambda: func.HttpResponse("ä", charset="latin-1"),
    "json type": lambda: func.HttpResponse("{}", mimetype="application/json", status_code=201),
    "own content type": lambda: func.HttpResponse("x", headers={"Content-Type": "text/csv"}),
    "status as text": lambda: func.HttpResponse("x", status_code="404"),
    "odd status": lambda: func.HttpResponse("x", status_code="odd"),
    "number as header": lambda: func.HttpResponse("x", headers={"X-Number": 1}),
    "dict as body": lambda: func.HttpResponse({"a": 1}),
    "repeated header": with_headers(("X-A", "1"), ("x-a", "2"), ("X-B", "ä")),
    "cookie": with_cookies("a=1"),
    "cookies": with_cookies("a=1; Path=/; HttpOnly", "b=2; Max-Age=60; Secure; SameSite=Lax"),
    "cookie with everything": with_cookies(
        "c=3; Domain=example.org; Path=/x; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Max-Age=1; Secure; "
        "HttpOnly; SameSite=None"
    ),
    "cookie of strict site": with_cookies("d=4; SameSite=Strict"),
    "cookie of odd site": with_cookies("d=4; SameSite=Odd"),
    "cookie that is quoted": with_cookies('e="with space; and more"'),
    "cookie with nothing": with_cookies("f="),
    "cookie of odd age": with_cookies("g=5; Max-Age=old"),
    "cookie of odd date": with_cookies("g=5; Expires=tomorrow"),
    "cookie of dashed date": with_cookies("g=5; Expires=Wed, 21-Oct-2026 07:28:00 GMT"),
    "cookie that is none": with_cookies("not a cookie"),
    "value error": raising(ValueError("bad ä\nsecond line")),
    "key error": raising(KeyError("key")),
    "error of two": raising(ValueError("one", 2)),
    "error of nothing": raising(ZeroDivisionError()),
    "not implemented": raising(NotImplementedError("not yet")),
    "unprintable": raising(UnprintableError()),
    "chained": chained,
}


@bp.route(route="end/{how}")
def end(req: func.HttpRequest):
    return ENDS[req.route_params["how"]]()


@bp.route(route="end-async/{how}")
async def end_async(req: func.HttpRequest):
    return ENDS[req.route_params["how"]]()


@bp.route(route="annotated")
def annotated_text(req: func.HttpRequest) -> str:
    return func.HttpResponse("a response all the same")


@bp.route(route="through-out", binding_arg_name="response")
def through_out(req: func.HttpRequest, response: func.Out[func.HttpResponse]) -> None:
    response.set(func.HttpResponse("through out", status_code=202))


@bp.route(route="nothing-out", binding_arg_name="response")
def nothing_out(req: func.HttpRequest, response: func.Out[func.HttpResponse]) -> None:
    assert response.get() is None


@bp.route(route="out-and-return", binding_arg_name="response")
def out_and_return(req: func.HttpRequest, response: func.Out[str]) -> str:
    response.set("out")
    return "returned"


@bp.route(route="text-request")
def text_request(req: str) -> str:
    return req


@bp.route(route="bytes-request")
def bytes_request(req: bytes) -> str:
    return str(req)


@bp.route(route="client")
@bp.durable_client_input(client_name="client")
async def client(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    return client.create_check_status_response(req, "abc")


@bp.route(route="client-start")
@bp.durable_client_input(client_name="client")
async def client_start(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    return func.HttpResponse(await client.start_new("nobody listens"))


@bp.route(route="sync-client")
@bp.durable_client_input(client_name="client")
def sync_client(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    return func.HttpResponse("too early")
