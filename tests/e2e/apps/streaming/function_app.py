"""The app behind the tests of streamed requests and responses, with the types of FastAPI."""

import asyncio
import hashlib
import logging
import os
from collections.abc import AsyncIterator

import azure.durable_functions as df
import azure.functions as func
from azurefunctions.extensions.http.fastapi import JSONResponse, Request, StreamingResponse

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="ticks/{count:int}")
async def ticks(req: Request) -> StreamingResponse:
    """Server-sent events, without end when the count is 0."""

    async def events() -> AsyncIterator[str]:
        number = 0
        try:
            while number < int(req.path_params["count"]) or req.path_params["count"] == "0":
                yield f"data: {number}\n\n"
                number += 1
                await asyncio.sleep(0.02)
        finally:
            logging.warning("ticks closed after %d", number)

    return StreamingResponse(events(), media_type="text/event-stream")


@app.route(route="digest", methods=["POST", "PUT"])
async def digest(req: Request) -> JSONResponse:
    """What a body of any size comes to, read piece by piece."""
    seen, length = hashlib.sha256(), 0
    async for piece in req.stream():
        seen.update(piece)
        length += len(piece)
    return JSONResponse({"length": length, "sha256": seen.hexdigest(), "worker": os.getpid()})


@app.route(route="zeros/{count:int}")
def zeros(req: Request) -> StreamingResponse:
    """As many pieces of 64 KiB."""
    return StreamingResponse(bytes(65536) for _ in range(int(req.path_params["count"])))


@app.route(route="pid")
def pid(req: Request):
    return os.getpid()


@app.route(route="secret", auth_level=func.AuthLevel.FUNCTION)
def secret(req: Request):
    return "secret"


@app.route(route="start/{name}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def start(req: Request, client: df.DurableOrchestrationClient) -> JSONResponse:
    """Start an orchestration with the body as its input."""
    return JSONResponse(await client.start_new(req.path_params["name"], None, await req.json()), 202)


@app.route(route="follow/{name}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def follow(req: Request, client: df.DurableOrchestrationClient) -> StreamingResponse:
    """Start an orchestration, and send its status as events until it has ended."""
    instance_id = await client.start_new(req.path_params["name"], None, await req.json())

    async def statuses() -> AsyncIterator[str]:
        status = None
        while status != "Completed":
            status = (await client.get_status(instance_id)).runtime_status.value
            yield f'data: "{status}"\n\n'
            await asyncio.sleep(0.02)

    return StreamingResponse(statuses(), media_type="text/event-stream")


@app.orchestration_trigger(context_name="context")
def shout(context: df.DurableOrchestrationContext):
    text = yield context.call_activity("upper", context.get_input())
    return text


@app.activity_trigger(input_name="given")
def upper(given: dict) -> str:
    return given["text"].upper()
