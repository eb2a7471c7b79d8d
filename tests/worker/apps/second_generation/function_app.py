"""An app of azure-functions-durable 2.x: one function per behaviour."""

import contextlib
import logging
import threading
import time

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
seen: list[df.DurableFunctionsClient] = []


@app.orchestration_trigger(context_name="context")
def chain(context: df.DurableOrchestrationContext):
    logging.info("chain runs")
    first = yield context.call_activity("add_one", context.get_input())
    second = yield context.call_activity("add_one", first)
    return second


@app.orchestration_trigger(context_name="ctx", orchestration="Renamed")
def named_otherwise(ctx: df.DurableOrchestrationContext):
    yield ctx.call_activity("add_one", 1)
    raise ValueError("no good ä")


@app.orchestration_trigger(context_name="context")
def native(context, given):
    return (yield context.call_activity("add_one", input=given))


@app.entity_trigger(context_name="context")
def counter(context: df.DurableEntityContext) -> None:
    if context.operation_name == "sleep":
        time.sleep(context.get_input())
    if context.operation_name == "fail":
        raise ValueError("no good")
    total = context.get_state(lambda: 0) + 1
    context.set_state(total)
    context.set_result(total)


@app.activity_trigger(input_name="number")
def add_one(ctx, number: int) -> int:
    return number + 1


@app.activity_trigger(input_name="value")
def take(value: object) -> str:
    return f"{type(value).__name__} {value!r}"


@app.activity_trigger(input_name="seconds")
def block(seconds: float) -> str:
    time.sleep(seconds)
    return threading.current_thread().name


@app.activity_trigger(input_name="seconds")
async def block_loop(seconds: float) -> str:
    time.sleep(seconds)
    return threading.current_thread().name


@app.route(route="urls")
@app.durable_client_input(client_name="client")
async def urls(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    return client.create_check_status_response(req, "abc")


@app.route(route="urls-sync")
@app.durable_client_input(client_name="client", task_hub="Other", connection_name="Elsewhere")
def urls_sync(req: func.HttpRequest, client: df.SyncDurableFunctionsClient) -> func.HttpResponse:
    return func.HttpResponse(f"{client.taskHubName} {client.connectionName} {client.rpcBaseUrl}")


@app.route(route="ask")
@app.durable_client_input(client_name="client")
async def ask(req: func.HttpRequest, client: df.DurableFunctionsClient) -> str:
    seen.append(client)
    # Only a call opens the channel; nobody listens there.
    with contextlib.suppress(Exception):
        await client.get_status("abc")
    return client._channel.get_state().name


@app.activity_trigger(input_name="nothing")
async def channels(nothing: None) -> list[str]:
    """The state of the channel of each asynchronous client that there has been."""
    return [client._channel.get_state().name for client in seen]
