"""Streamed HTTP functions: the request they see, the response that leaves, and which of them load."""

import json

import pytest

from tests.oracle.workers import StreamedRequest

HEAD = """
from typing import Any, Optional, Union

import azure.functions as func
from azurefunctions.extensions.http.fastapi import JSONResponse, Request, Response, StreamingResponse
from pydantic import BaseModel

class Model(BaseModel): ...

app = func.FunctionApp()
"""
HOST = ("host", "example.org")


@pytest.mark.parametrize("function", ["request", "request_sync"])
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"target": "/api/a%20b/%C3%A4?q=1&q=%C3%A4&empty=", "params": {"name": "a b"}},
        {"headers": (HOST, ("x-a", "1"), ("x-a", "2"), ("x-empty", ""), ("cookie", "a=1; b=2"))},
        {"headers": (HOST, ("x-forwarded-proto", "https"), ("x-forwarded-for", "203.0.113.7, 10.0.0.1"))},
        {"method": "POST", "body": "b\u00f6dy".encode(), "headers": (HOST, ("content-length", "5"))},
    ],
)
async def test_a_request_looks_the_same(pair_that_streams, function, given):
    original, ours = await pair_that_streams.stream(StreamedRequest(function, **given))

    assert json.loads(ours.text) == json.loads(original.text)
    assert ours.status == original.status == 200


ENDS = [
    *("response", "empty", "not modified", "json", "html", "plain", "redirect", "file", "cookies"),
    *("stream", "stream without type", "empty stream", "stream of a known length"),
    *("text", "empty text", "dictionary", "list", "number", "boolean", "model", "sdk response"),
    *("value error", "http exception"),
]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("function", ["end", "end_async"])
@pytest.mark.parametrize("how", ENDS)
async def test_a_call_ends_the_same(pair_that_streams, function, how, method):
    original, ours = await pair_that_streams.stream(StreamedRequest(function, method, params={"how": how}))

    assert ours == original


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
async def test_the_web_framework_takes_the_same_methods(pair_that_streams, method):
    original, ours = await pair_that_streams.stream(StreamedRequest("model", method))

    assert ours == original


@pytest.mark.parametrize(
    "how",
    [
        "missing file",
        "stream that is too short",
        "stream that breaks",
        "stream that is cancelled",
        "nothing",
        "no json",
    ],
)
async def test_an_error_after_the_function_has_returned_looks_the_same_to_the_client(pair_that_streams, how):
    original, ours = await pair_that_streams.stream(StreamedRequest("end", params={"how": how}))

    assert (ours.status, ours.headers, ours.is_complete) == (
        original.status,
        original.headers,
        original.is_complete,
    )
    assert ours.body == original.body
    # The library has called it a success by then; the real host, which passes the response on, does not.
    assert (original.error, ours.error is None) == (None, False)


NOT_LOADED = {
    "request of the SDK": "@app.route()\ndef f(req: func.HttpRequest): ...",
    "response of the SDK": "@app.route()\ndef f(req: Request) -> func.HttpResponse: ...",
    "request as number": "@app.route()\ndef f(req: int): ...",
    "response as request": "@app.route()\ndef f(req: Response): ...",
    "returns nothing": "@app.route()\ndef f(req: Request) -> None: ...",
    "returns bytes": "@app.route()\ndef f(req: Request) -> bytes: ...",
    "returns anything": "@app.route()\ndef f(req: Request) -> Any: ...",
    "returns a union": "@app.route()\ndef f(req: Request) -> Union[Response, str]: ...",
    "returns a class of its own": "class C: ...\n\n@app.route()\ndef f(req: Request) -> C: ...",
}
LOADED = {
    "one that is not annotated": "@app.route()\ndef f(req): ...",
    "a request as text": "@app.route()\ndef f(req: str): ...",
    "a subclass of the request": "class R(Request): ...\n\n@app.route()\ndef f(req: R) -> Response: ...",
    "every kind of response": "".join(
        f"@app.route('{type}')\ndef f{number}(req: Request) -> {type}: ...\n\n"
        for number, type in enumerate(
            (
                "Response",
                "StreamingResponse",
                "JSONResponse",
                "str",
                "dict",
                "list",
                "int",
                "float",
                "bool",
                "Model",
            )
        )
    ),
    "a timer": "@app.timer_trigger(arg_name='t', schedule='0 * * * * *')\ndef f(t: func.TimerRequest): ...",
}


@pytest.fixture
def load(load_both_streaming, tmp_path):
    """Loads an app of one file in both workers."""

    async def load_source(source):
        (tmp_path / "function_app.py").write_text(HEAD + source + "\n")
        return await load_both_streaming(tmp_path)

    return load_source


@pytest.mark.parametrize("case", NOT_LOADED)
async def test_both_workers_refuse_it_in_the_same_words(load, case):
    original, ours = await load(NOT_LOADED[case])

    assert isinstance(original, str), original
    assert ours == original


@pytest.mark.parametrize("case", LOADED)
async def test_both_workers_load_it(load, case):
    original, ours = await load(LOADED[case])

    assert isinstance(original, list), original
    assert ours == original
