"""Streamed HTTP functions in a real worker. What the original does beside them: tests/oracle."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from funchost.worker.invocations import Invocation
from funchost.worker.pool import WorkerPool
from funchost.worker.streams import PIECE_BYTES, WINDOW
from tests.generations import HAS_SDK_2
from tests.streams import OpenCall
from tests.worker.conftest import worker_settings

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool() -> AsyncIterator[WorkerPool]:
    """One worker with the streaming app, for all tests here."""
    pool = WorkerPool(worker_settings("streaming"))
    await pool.start()
    yield pool
    await pool.stop(0)


@pytest.fixture
def call(pool):
    def start(function, **given):
        return OpenCall(pool, function, **given)

    return start


@pytest.fixture
def turns(call):
    """Lets whoever can go on in the worker go on: its event loop answers other calls meanwhile."""

    async def take() -> None:
        for _ in range(10):
            await value_of(call("unread"))

    return take


async def value_of(call, body=b""):
    response = await call.answer(body)
    assert (response.status, response.is_complete) == (200, True)
    return json.loads(response.body)


async def test_every_http_function_of_the_app_is_streamed_and_no_other(pool):
    streamed = {function.is_streamed for function in pool.functions if function.trigger == "httpTrigger"}
    others = {function.is_streamed for function in pool.functions if function.trigger != "httpTrigger"}

    assert (streamed, others) == ({True}, {False})


async def test_a_request_is_the_web_framework_s_with_all_that_came(call):
    headers = (("host", "example.org"), ("x-a", "1"), ("x-a", "2"), ("cookie", "c=3"))
    target = "/api/a%20b?q=1&q=%C3%A4"
    given = call("request", method="PUT", target=target, headers=headers, params={"name": "n"})

    assert await value_of(given, b"body") == {
        "method": "PUT",
        "url": "http://example.org/api/a b?q=1&q=%C3%A4",
        "path_params": {"name": "n"},
        "query": [["q", "1"], ["q", "ä"]],
        "headers": [["host", "example.org"], ["x-a", "1"], ["x-a", "2"], ["cookie", "c=3"]],
        "has_invocation_id": True,
        "cookies": {"c": "3"},
        "client": "127.0.0.1",
        "body": "body",
    }


async def test_a_function_behind_a_proxy_learns_scheme_and_address_of_the_client(call):
    forwarded = (("host", "h"), ("x-forwarded-proto", "https"), ("x-forwarded-for", "203.0.113.7"))

    seen = await value_of(call("request_sync", headers=forwarded))

    assert (seen["url"], seen["client"]) == ("https://h/api/x", "203.0.113.7")


async def test_a_response_comes_with_status_headers_and_body(call):
    response = await call("end", params={"how": "response"}).answer()

    assert (response.status, response.body, response.is_complete) == (201, b"text", True)
    assert response.headers == (
        *(("server", "uvicorn"), ("x-a", "1"), ("content-length", "4")),
        ("content-type", "text/csv; charset=utf-8"),
    )


async def test_a_large_file_arrives_whole(call, tmp_path):
    file = tmp_path / "file"
    file.write_bytes(bytes(range(256)) * 2000)

    response = await call("large_file", target=f"/api/x?path={file}").answer()

    assert response.body == file.read_bytes()
    assert ("content-length", "512000") in response.headers


async def test_every_cookie_is_a_header_of_its_own(call):
    response = await call("end", params={"how": "cookies"}).answer()

    assert [value for name, value in response.headers if name == "set-cookie"] == [
        "a=1; HttpOnly; Path=/; SameSite=lax",
        "b=2; Max-Age=60; Path=/; SameSite=lax",
    ]


async def test_head_gets_the_head_alone(call):
    response = await call("end", method="HEAD", params={"how": "json"}).answer()

    assert (response.status, response.body, response.is_complete) == (202, b"", True)
    assert ("content-length", "17") in response.headers


async def test_a_value_becomes_json(call):
    response = await call("end", params={"how": "model"}).answer()

    assert (response.status, response.body) == (200, b'{"x":1,"y":2}')


@pytest.mark.parametrize("function", ["end", "end_async"])
@pytest.mark.parametrize(
    ("how", "status", "body", "type", "text"),
    [
        ("value error", 500, b"Internal Server Error", "ValueError", "bad ä"),
        ("http exception", 418, b'{"detail":"a teapot"}', "HTTPException", "418: a teapot"),
        ("stop iteration", 500, b"Internal Server Error", "RuntimeError", "coroutine raised StopIteration"),
        ("exit", None, b"", "SystemExit", "3"),
        (
            *("nothing", 500, b"Internal Server Error", "NoResponseError"),
            "function '{}' returned None. Return a response, or a value that becomes JSON.",
        ),
    ],
)
async def test_an_error_before_the_response_fails_the_invocation(
    call, function, how, status, body, type, text
):
    failing = call(function, params={"how": how})

    response = await failing.answer()

    assert (response.status, response.body) == (status, body)
    error = (await failing.result).error
    assert (error.type, error.message) == (type, text.format(function))
    assert "starlette" not in error.stack


@pytest.mark.parametrize(
    ("how", "body", "text"),
    [
        ("stream that breaks", b"begun", "broken"),
        (
            *("stream that is cancelled", b"begun"),
            "the response of function 'end' was cancelled before its end.",
        ),
        ("stream that is too long", b"ab", "Response content longer than Content-Length"),
        ("stream that is too short", b"ab", "Response content shorter than Content-Length"),
    ],
)
async def test_an_error_in_the_middle_breaks_the_response_off_and_fails_the_invocation(call, how, body, text):
    failing = call("end", params={"how": how})

    response = await failing.answer()

    assert (response.status, response.body, response.is_complete) == (200, body, False)
    assert (await failing.result).error.message == text


async def test_the_frames_of_an_error_in_the_middle_begin_in_the_app(call):
    failing = call("end", params={"how": "stream that breaks"})

    await failing.answer()

    stack = (await failing.result).error.stack
    assert "in breaking" in stack
    assert "fastapi" not in stack


async def test_pieces_come_one_by_one_as_they_are_made(call, tmp_path):
    stream = call("gated", target=f"/api/x?gates={tmp_path}").stream

    for number in range(3):
        (tmp_path / str(number)).touch()
        assert await stream.read() == (f"piece {number}".encode(), True)
    assert await stream.read() == (b"", False)


async def test_a_reader_that_stops_holds_the_function(call, turns, tmp_path, until):
    made = tmp_path / "made"
    open_call = call("count", target=f"/api/x?pieces=100&made={made}")
    for _ in range(10):
        await open_call.stream.read()
    # Those that were read, those on the way, and the one that waits for its turn.
    held_at = str(10 + WINDOW + 1)
    await until(lambda: made.read_text() == held_at)

    await turns()
    assert made.read_text() == held_at

    assert len((await open_call.answer()).body) == 90 * PIECE_BYTES


async def test_a_function_that_does_not_read_yet_holds_the_sender(call, turns, tmp_path):
    open_call = call("upload", method="POST", target=f"/api/x?go={tmp_path / 'go'}")
    sent = 0

    async def send() -> None:
        nonlocal sent
        while sent < 100:
            await open_call.stream.write(b"x" * PIECE_BYTES)
            sent += 1

    sending = asyncio.create_task(send())
    await turns()
    assert sent == WINDOW

    (tmp_path / "go").touch()
    await sending
    assert await value_of(open_call) == {"bytes": 100 * PIECE_BYTES, "longest": PIECE_BYTES}


async def test_a_function_may_answer_without_reading_the_body(call):
    assert await value_of(call("unread", method="POST"), b"x" * 10 * PIECE_BYTES) == "answered"


async def test_a_client_that_leaves_closes_the_generator(call, caplog, until):
    open_call = call("forever")
    assert await open_call.stream.read() == (b"tick", True)

    open_call.stream.leave()

    assert (await open_call.result).ok
    await until(lambda: "ticks closed" in caplog.messages)


async def test_a_client_that_leaves_ends_a_synchronous_generator(call):
    open_call = call("forever_sync")
    assert await open_call.stream.read() == (b"tick", True)

    open_call.stream.leave()

    assert (await open_call.result).ok


async def test_a_function_can_ask_whether_its_client_has_gone(call, caplog, until):
    open_call = call("until_gone")
    await until(lambda: "waits" in caplog.messages)

    open_call.stream.leave()

    assert (await open_call.result).ok
    assert "gone" in caplog.messages


async def test_a_body_that_breaks_off_is_a_disconnect_for_whoever_reads_it(call):
    open_call = call("read_all", method="POST")
    await open_call.stream.write(b"half")

    open_call.stream.leave()

    assert (await open_call.result).error.type == "ClientDisconnect"


async def test_a_response_is_complete_before_its_background_task_which_belongs_to_the_call(
    call, caplog, tmp_path
):
    open_call = call("background", target=f"/api/x?go={tmp_path / 'go'}")

    assert await value_of(open_call) == "first"
    assert not open_call.result.done()

    (tmp_path / "go").touch()
    assert (await open_call.result).ok
    assert "ran later" in caplog.messages


async def test_many_streams_flow_side_by_side(call):
    open_calls = [call("forever") for _ in range(50)]

    for _ in range(3):
        for open_call in open_calls:
            assert await open_call.stream.read() == (b"tick", True)
    for open_call in open_calls:
        open_call.stream.leave()
        assert (await open_call.result).ok


async def test_the_context_says_which_invocation_it_is(call):
    open_call = call("context")

    assert await value_of(open_call) == [open_call.invocation_id, open_call.invocation_id, "context"]


async def test_what_a_stream_logs_belongs_to_its_invocation(call, caplog, until):
    open_call = call("logging_stream")

    await open_call.answer()

    await until(lambda: "in the stream" in caplog.messages)
    (record,) = [record for record in caplog.records if record.message == "in the stream"]
    assert (record.function, record.invocation) == ("logging_stream", open_call.invocation_id)


async def test_a_synchronous_function_runs_in_a_thread_of_the_pool(call):
    assert (await value_of(call("thread"))).startswith("worker-1_thread-")


async def test_a_durable_client_is_there(call):
    client = "DurableFunctionsClient" if HAS_SDK_2 else "DurableOrchestrationClient"

    assert await value_of(call("client")) == client


async def test_a_streamed_function_that_is_run_by_hand_fails_with_the_reason(pool):
    result = await pool.invoke(Invocation("by hand", "unread", "string", b"text"))

    assert result.error.message.startswith("unable to decode incoming TypedData")


async def test_functions_of_other_triggers_run_as_ever(pool):
    result = await pool.invoke(Invocation("an id", "plain_activity", "string", b'"text"'))

    assert result.payload == b'"text"'
