"""The app of most worker tests: one function per behaviour."""

import asyncio
import contextlib
import logging
import os
import sys
import threading
import time

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="hello/{name?}", methods=["get", "post"])
def hello(req: func.HttpRequest) -> func.HttpResponse:
    name = req.route_params.get("name") or req.params.get("name") or "world"
    return func.HttpResponse(
        f"Hello {name}",
        status_code=201,
        headers={"X-Method": req.method, "X-Agent": req.headers["user-agent"]},
    )


@app.route(route="echo")
async def echo(req: func.HttpRequest) -> func.HttpResponse:
    await asyncio.sleep(0)
    return func.HttpResponse(req.get_body(), mimetype="application/octet-stream")


@app.route(route="plain")
def plain(req: func.HttpRequest) -> str:
    return '{"a":1}'


@app.route(route="nothing")
def nothing(req: func.HttpRequest):
    return None


@app.route(route="cookies")
def cookies(req: func.HttpRequest) -> func.HttpResponse:
    response = func.HttpResponse("with cookies")
    response.headers.add("Set-Cookie", "a=1; Path=/; HttpOnly")
    response.headers.add("Set-Cookie", "b=2; Max-Age=60")
    return response


@app.route(route="start/{name}")
@app.durable_client_input(client_name="client")
async def start(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    return client.create_check_status_response(req, "abc")


@app.route(route="other-hub")
@app.durable_client_input(client_name="client", task_hub="%OTHER_HUB%", connection_name="OtherStorage")
async def other_hub(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    return client.create_check_status_response(req, "abc")


@app.route(route="context")
def context(req: func.HttpRequest, context: func.Context) -> str:
    return "|".join(
        (
            context.invocation_id,
            context.function_name,
            context.function_directory,
            context.trace_context.trace_parent,
            context.thread_local_storage.invocation_id,
            threading.current_thread().name,
        )
    )


@app.activity_trigger(input_name="value")
def double(value: int) -> int:
    return value * 2


@app.activity_trigger(input_name="value", activity="RenamedActivity")
async def renamed(value: object) -> object:
    return value


@app.activity_trigger(input_name="seconds")
def block(seconds: float) -> str:
    time.sleep(seconds)
    return threading.current_thread().name


@app.activity_trigger(input_name="seconds")
def block_and_log(seconds: float) -> None:
    time.sleep(seconds)
    logging.info("blocked to the end")


@app.activity_trigger(input_name="seconds")
async def wait(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return threading.current_thread().name


@app.activity_trigger(input_name="text")
def fail(text: str) -> None:
    raise ValueError(text)


@app.activity_trigger(input_name="text")
def fail_with_cause(text: str) -> None:
    try:
        fail_inside(text)
    except KeyError as error:
        raise RuntimeError("outside") from error


def fail_inside(text: str) -> None:
    raise KeyError(text)


@app.activity_trigger(input_name="code")
def leave(code: int) -> None:
    sys.exit(code)


@app.activity_trigger(input_name="code")
def crash(code: int) -> None:
    print("last words", file=sys.stderr)
    os._exit(code)


@app.activity_trigger(input_name="text")
def log(text: str) -> None:
    logging.getLogger("mine").warning("warned of %s", text)
    with contextlib.suppress(ZeroDivisionError):
        try:
            _ = 1 / 0
        except ZeroDivisionError:
            logging.exception("caught")
            raise


@app.activity_trigger(input_name="text")
async def log_in_task(text: str) -> None:
    async def child() -> None:
        logging.info("child of %s", text)

    await asyncio.gather(child())


@app.activity_trigger(input_name="text")
def log_in_thread(text: str, context: func.Context) -> None:
    def run() -> None:
        context.thread_local_storage.invocation_id = context.invocation_id
        logging.info("thread of %s", text)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


@app.activity_trigger(input_name="text")
def talk(text: str) -> None:
    print(text)
    print(f"failed {text}", file=sys.stderr)


@app.activity_trigger(input_name="nothing")
def where(nothing: None) -> dict[str, object]:
    return {"pid": os.getpid(), "cwd": os.getcwd(), "path": sys.path}


@app.activity_trigger(input_name="nothing")
def fork(nothing: None) -> int:
    """Leaves a process behind that holds everything it inherited."""
    pid = os.fork()
    if pid == 0:
        logging.warning("from the fork")
        time.sleep(30)
        os._exit(0)
    return pid


@app.orchestration_trigger(context_name="context")
def chain(context: df.DurableOrchestrationContext):
    result = yield context.call_activity("double", 21)
    return result


@app.orchestration_trigger(context_name="context")
def failing(context: df.DurableOrchestrationContext):
    yield context.call_activity("double", "x" * 100_000)
    raise ValueError("no good")


@app.entity_trigger(context_name="context")
def counter(context: df.DurableEntityContext) -> None:
    state = context.get_state(lambda: 0) + context.get_input()
    context.set_state(state)
    context.set_result(state)


@app.schedule(arg_name="timer", schedule="0 0 * * * *")
def tick(timer: func.TimerRequest) -> None:
    logging.info("past due: %s", timer.past_due)


@app.schedule(arg_name="timer", schedule="0 0 * * * *")
def talkative_tick(timer: func.TimerRequest):
    return "something"


@app.route(route="odd-status")
def odd_status(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("odd", status_code="odd")


@app.route(route="through-out", binding_arg_name="response")
def through_out(req: func.HttpRequest, response: func.Out[func.HttpResponse]) -> None:
    response.set(func.HttpResponse("through out", status_code=202))


class UnprintableError(Exception):
    def __str__(self) -> str:
        raise ValueError("no text")


@app.activity_trigger(input_name="nothing")
def fail_unprintably(nothing: None) -> None:
    raise UnprintableError


class OddTextError(Exception):
    def __str__(self) -> str:
        return 5  # type: ignore[return-value]


class LeavingTextError(Exception):
    def __str__(self) -> str:
        sys.exit(3)


@app.activity_trigger(input_name="nothing")
def fail_with_odd_text(nothing: None) -> None:
    raise OddTextError


@app.activity_trigger(input_name="nothing")
def fail_with_leaving_text(nothing: None) -> None:
    raise LeavingTextError


@app.activity_trigger(input_name="nothing")
def fail_with_lone_surrogate(nothing: None) -> None:
    raise ValueError("half \ud800")


@app.activity_trigger(input_name="nothing")
def fail_with_odd_syntax_error(nothing: None) -> None:
    raise SyntaxError("odd", ("file", "line", object(), 5))


@app.activity_trigger(input_name="nothing")
def log_lone_surrogate(nothing: None) -> None:
    logging.warning("logged half \ud800")


@app.route(route="header-with-lone-surrogate")
def header_with_lone_surrogate(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("x", headers={"X-Odd": "\ud800"})


@app.activity_trigger(input_name="nothing")
def return_bytes(nothing: None) -> bytes:
    return b"bytes"


@app.activity_trigger(input_name="code")
async def leave_async(code: int) -> None:
    sys.exit(code)


@app.route(route="lone-surrogate")
def lone_surrogate(req: func.HttpRequest) -> str:
    return "\ud800"


@app.route(route="text-request")
def text_request(req: str) -> str:
    return req


@app.route(route="sync-client")
@app.durable_client_input(client_name="client")
def sync_client(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    return func.HttpResponse("too early")


@app.activity_trigger(input_name="text")
def log_later(text: str) -> None:
    threading.Timer(0.1, logging.info, args=("later %s", text)).start()
