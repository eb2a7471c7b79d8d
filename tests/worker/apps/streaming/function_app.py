"""HTTP functions that take and return a web framework's objects; one function per behaviour."""

import asyncio
import contextlib
import logging
import os
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import azure.durable_functions as df
import azure.functions as func
from azurefunctions.extensions.http.fastapi import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Request,
    Response,
    StreamingResponse,
)
from fastapi import BackgroundTasks, HTTPException
from pydantic import BaseModel

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


class Point(BaseModel):
    x: int
    y: int = 2


def seen(req: Request) -> dict:
    return {
        "method": req.method,
        "url": str(req.url),
        "path_params": req.path_params,
        "query": req.query_params.multi_items(),
        "headers": [header for header in req.headers.items() if header[0] != "x-ms-invocation-id"],
        "has_invocation_id": "x-ms-invocation-id" in req.headers,
        "cookies": req.cookies,
        "client": req.client.host,
    }


@app.route(route="request/{name?}")
async def request(req: Request) -> JSONResponse:
    return JSONResponse({**seen(req), "body": (await req.body()).decode()})


@app.route(route="request-sync/{name?}")
def request_sync(req: Request) -> JSONResponse:
    return JSONResponse(seen(req))


def raising(error: BaseException):
    raise error


def breaking():
    yield b"begun"
    raise ValueError("broken")


async def cancelled():
    yield b"begun"
    raise asyncio.CancelledError


def announcing(length: str, *pieces: bytes) -> StreamingResponse:
    return StreamingResponse(iter(pieces), headers={"Content-Length": length})


def with_cookies(response: Response) -> Response:
    response.set_cookie("a", "1", httponly=True)
    response.set_cookie("b", "2", max_age=60)
    return response


ENDS = {
    "response": lambda: Response("text", 201, {"X-A": "1"}, "text/csv"),
    "empty": lambda: Response(status_code=204),
    "not modified": lambda: Response(status_code=304, headers={"ETag": "1"}),
    "json": lambda: JSONResponse({"a": ["ä", None]}, 202),
    "html": lambda: HTMLResponse("<p>ä"),
    "plain": lambda: PlainTextResponse("plain"),
    "redirect": lambda: RedirectResponse("/elsewhere"),
    "file": lambda: FileResponse(__file__, media_type="text/x-python", filename="app.py"),
    "missing file": lambda: FileResponse("/no/such/file"),
    "stream": lambda: StreamingResponse(iter(["a", b"b", "c"]), 203, {"X-A": "1"}, "text/event-stream"),
    "stream without type": lambda: StreamingResponse(iter([b"a"])),
    "empty stream": lambda: StreamingResponse(iter([])),
    "stream of a known length": lambda: announcing("3", b"ab", b"c"),
    "stream that is too long": lambda: announcing("2", b"ab", b"c"),
    "stream that is too short": lambda: announcing("3", b"ab"),
    "stream that breaks": lambda: StreamingResponse(breaking()),
    "stream that is cancelled": lambda: StreamingResponse(cancelled()),
    "cookies": lambda: with_cookies(Response("x")),
    "text": lambda: "text",
    "empty text": lambda: "",
    "dictionary": lambda: {"a": 1},
    "list": lambda: [1, "a"],
    "number": lambda: 0,
    "boolean": lambda: False,
    "model": lambda: Point(x=1),
    "sdk response": lambda: func.HttpResponse("x"),
    "nothing": lambda: None,
    "no json": lambda: {"a": object()},
    "value error": lambda: raising(ValueError("bad ä")),
    "http exception": lambda: raising(HTTPException(418, "a teapot", {"X-A": "1"})),
    "stop iteration": lambda: raising(StopIteration("over")),
    "exit": lambda: raising(SystemExit(3)),
}


@app.route(route="end/{how}")
def end(req: Request):
    return ENDS[req.path_params["how"]]()


@app.route(route="end-async/{how}")
async def end_async(req: Request):
    return ENDS[req.path_params["how"]]()


@app.route(route="model")
async def model(req: Request) -> Point:
    return Point(x=1)


@app.route(route="large-file")
def large_file(req: Request) -> FileResponse:
    return FileResponse(req.query_params["path"])


async def appears(path: Path) -> None:
    async with asyncio.timeout(20):
        while not path.exists():
            await asyncio.sleep(0.01)


@app.route(route="gated")
async def gated(req: Request) -> StreamingResponse:
    """Three pieces, each made when its file is there."""

    async def pieces() -> AsyncIterator[str]:
        for number in range(3):
            await appears(Path(req.query_params["gates"]) / str(number))
            yield f"piece {number}"

    return StreamingResponse(pieces())


@app.route(route="count")
async def count(req: Request) -> StreamingResponse:
    """As many pieces of 64 KiB as are asked for; a file says how many were made."""

    async def pieces() -> AsyncIterator[bytes]:
        for number in range(int(req.query_params["pieces"])):
            Path(req.query_params["made"]).write_text(str(number + 1))
            yield b"x" * 65536

    return StreamingResponse(pieces())


@app.route(route="upload")
async def upload(req: Request):
    """How much came in how many pieces, of a body that is read once a file is there."""
    await appears(Path(req.query_params["go"]))
    lengths = [len(piece) async for piece in req.stream()]
    return {"bytes": sum(lengths), "longest": max(lengths)}


@app.route(route="unread")
async def unread(req: Request):
    return "answered"


@app.route(route="forever")
async def forever(req: Request) -> StreamingResponse:
    async def ticks() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"tick"
                await asyncio.sleep(0.01)
        finally:
            logging.warning("ticks closed")

    return StreamingResponse(ticks())


@app.route(route="forever-sync")
def forever_sync(req: Request) -> StreamingResponse:
    def ticks():
        while True:
            yield b"tick"

    return StreamingResponse(ticks())


@app.route(route="until-gone")
async def until_gone(req: Request):
    logging.warning("waits")
    async with asyncio.timeout(20):
        while not await req.is_disconnected():
            await asyncio.sleep(0.01)
    logging.warning("gone")
    return "too late"


@app.route(route="read-all")
async def read_all(req: Request):
    return len(await req.body())


@app.route(route="background")
async def background(req: Request) -> JSONResponse:
    tasks = BackgroundTasks()
    tasks.add_task(later, Path(req.query_params["go"]))
    return JSONResponse("first", background=tasks)


async def later(go: Path) -> None:
    await appears(go)
    logging.warning("ran later")


@app.route(route="context")
async def context(req: Request, context: func.Context):
    return [context.invocation_id, context.thread_local_storage.invocation_id, context.function_name]


@app.route(route="thread")
def thread(req: Request):
    return threading.current_thread().name


@app.route(route="logging")
async def logging_stream(req: Request) -> StreamingResponse:
    async def lines() -> AsyncIterator[bytes]:
        logging.warning("in the stream")
        yield b"line"

    return StreamingResponse(lines())


@app.route(route="client")
@app.durable_client_input(client_name="client")
async def client(req: Request, client: df.DurableOrchestrationClient):
    return type(client).__name__


@app.route(route="die")
async def die(req: Request) -> StreamingResponse:
    async def last_words() -> AsyncIterator[bytes]:
        yield b"last words"
        await appears(Path(req.query_params["go"]))
        os._exit(9)

    return StreamingResponse(last_words())


@app.route(route="stubborn")
async def stubborn(req: Request) -> StreamingResponse:
    async def begun() -> AsyncIterator[bytes]:
        yield b"begun"
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(60)

    return StreamingResponse(begun())


@app.activity_trigger(input_name="value")
def plain_activity(value: str) -> str:
    return value
