"""Streamed functions over real sockets. Expectations: Azure Functions host, DefaultHttpProxyService; YARP.

The function is its worker's end of the stream, played by the test.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from funchost.http import connections, request
from funchost.http.key_file import KeyFile
from funchost.settings import Cors, RequestLimits
from funchost.worker.invocations import Invocation, InvocationResult, PoolStopped, WorkerLost
from funchost.worker.streams import PIECE_BYTES, Stream, StreamBroken
from tests.http.conftest import Host, OpenHost
from tests.http.fakes import returned, streaming

# What the buffers of both kernels and of both servers hold together is far less.
MUCH = 64 * 1024 * 1024


Connect = Callable[[Host], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Opens plain connections, and closes them after the test."""
    writers: list[asyncio.StreamWriter] = []

    async def open_connection(host: Host) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", host.port)
        writers.append(writer)
        return reader, writer

    yield open_connection
    for writer in writers:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def read_all(stream: Stream) -> bytes:
    body, more = b"", True
    while more:
        piece, more = await stream.read()
        body += piece
    return body


async def echo(stream: Stream, _: Invocation) -> None:
    """Answer with the body, when all of it has come."""
    stream.start(200, [("content-type", "text/plain")])
    await stream.write(await read_all(stream), more=False)


async def hello(stream: Stream, _: Invocation) -> None:
    stream.start(200, [("server", "uvicorn"), ("content-length", "5")])
    await stream.write(b"hello", more=False)


async def at_rest(value: Callable[[], int]) -> int:
    """The value once it has not changed for a while."""
    same, before = 0, -1
    async with asyncio.timeout(20):
        while same < 10:
            same = same + 1 if value() == before else 0
            before = value()
            await asyncio.sleep(0.02)
    return before


@pytest.fixture
def serve(host: Host) -> Callable[..., None]:
    def add(behave: Any, **described: Any) -> None:
        host.serve(streaming(behave), is_streamed=True, **described)

    return add


async def test_a_response_comes_with_status_headers_and_body(host: Host, serve: Any) -> None:
    async def behave(stream: Stream, _: Invocation) -> None:
        stream.start(201, [("server", "uvicorn"), ("x-a", "1"), ("x-a", "2"), ("content-length", "5")])
        await stream.write(b"hello", more=False)

    serve(behave)
    async with host.client.get(host.app_url("/api/hello")) as response:
        assert (response.status, await response.read()) == (201, b"hello")
        assert response.headers.getall("x-a") == ["1", "2"]
        assert (response.headers["Server"], response.headers["Content-Length"]) == ("uvicorn", "5")


async def test_pieces_reach_the_client_one_by_one_as_they_are_made(host: Host, serve: Any) -> None:
    goes = asyncio.Semaphore(0)

    async def behave(stream: Stream, _: Invocation) -> None:
        stream.start(200, [("content-type", "text/event-stream")])
        for number in range(3):
            await goes.acquire()
            await stream.write(f"data: {number}\n\n".encode())
        await stream.write(b"", more=False)

    serve(behave)
    async with host.client.get(host.app_url("/api/hello")) as response:
        for number in range(3):
            goes.release()
            assert await response.content.readany() == f"data: {number}\n\n".encode()
        assert await response.content.readany() == b""


async def test_a_client_that_does_not_read_holds_the_function(host: Host, serve: Any) -> None:
    made = 0

    async def behave(stream: Stream, _: Invocation) -> None:
        nonlocal made
        stream.start(200, [])
        while made < MUCH:
            await stream.write(b"x" * PIECE_BYTES)
            made += PIECE_BYTES
        await stream.write(b"", more=False)

    serve(behave)
    async with host.client.get(host.app_url("/api/hello")) as response:
        assert 0 < await at_rest(lambda: made) < MUCH // 4

        read = 0
        async for chunk in response.content.iter_any():
            read += len(chunk)
        assert read == made == MUCH


async def test_a_client_that_does_not_read_for_too_long_is_cut_off(
    host: Host, serve: Any, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_PIECE_SECONDS", 0.05)
    told = asyncio.Event()

    async def behave(stream: Stream, _: Invocation) -> None:
        stream.start(200, [])
        while not stream.is_closed:
            await stream.write(b"x" * PIECE_BYTES)
        told.set()

    serve(behave)
    _, writer = await connect(host)
    writer.write(b"GET /api/hello HTTP/1.1\r\nHost: localhost\r\n\r\n")
    async with asyncio.timeout(20):
        await told.wait()


async def test_a_client_that_sends_nothing_for_too_long_is_a_408(
    host: Host, serve: Any, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request, "_BODY_SECONDS", 0.05)

    async def behave(stream: Stream, _: Invocation) -> None:
        with pytest.raises(StreamBroken):
            await read_all(stream)

    serve(behave)
    reader, writer = await connect(host)
    writer.write(b"POST /api/hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nhalf")
    async with asyncio.timeout(5):
        assert (await reader.readline()).startswith(b"HTTP/1.1 408 ")


async def test_a_function_that_does_not_read_holds_the_client(host: Host, serve: Any) -> None:
    sent, may_read = 0, asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < MUCH:
            yield b"x" * PIECE_BYTES
            sent += PIECE_BYTES

    async def behave(stream: Stream, _: Invocation) -> None:
        await may_read.wait()
        read, more = 0, True
        while more:
            piece, more = await stream.read()
            read += len(piece)
        stream.start(200, [])
        await stream.write(str(read).encode(), more=False)

    serve(behave)
    url = host.app_url("/api/hello")
    posting = asyncio.create_task(host.client.post(url, data=body()))
    assert 0 < await at_rest(lambda: sent) < MUCH // 4

    may_read.set()
    async with await posting as response:
        assert int(await response.text()) == MUCH


@pytest.mark.parametrize("limited", [True, False])
async def test_a_body_arrives_with_and_without_a_length(host: Host, serve: Any, limited: bool) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"x" * 100_000
        yield b"y" * 100_000

    serve(echo)
    data = b"x" * 100_000 + b"y" * 100_000
    async with host.client.post(host.app_url("/api/hello"), data=data if limited else chunks()) as response:
        assert await response.read() == data


async def test_a_client_that_asks_first_is_told_to_go_on(host: Host, serve: Any) -> None:
    serve(echo)
    async with host.client.post(host.app_url("/api/hello"), data=b"asked", expect100=True) as response:
        assert (response.status, await response.read()) == (200, b"asked")


async def test_the_function_sees_the_lines_of_the_head_but_those_of_the_connection(
    host: Host, serve: Any
) -> None:
    serve(hello, route="greet/{name}")
    headers = [
        *(("X-A", "1"), ("X-A", "ü"), ("Connection", "keep-alive"), ("TE", "trailers"), ("Cookie", "c=1")),
        ("x-ms-invocation-id", "mine"),
    ]
    async with host.client.get(host.app_url("/api/greet/Ada%20B?q=1"), headers=headers) as response:
        assert response.status == 200

    (invocation,) = host.pool.invocations
    assert invocation.datum == "stream"
    call = invocation.streamed
    assert call is not None
    assert (call.method, call.params) == ("GET", {"name": "Ada B"})
    assert call.url == f"http://localhost:{host.port}/api/greet/Ada%20B?q=1"
    kept = [line for line in call.headers if line[0] not in ("accept", "accept-encoding", "user-agent")]
    assert kept == [
        *(("host", f"localhost:{host.port}"), ("x-a", "1")),
        *(("x-a", "ü".encode().decode("latin-1")), ("cookie", "c=1")),
    ]


async def test_what_the_port_adds_to_every_response_is_on_streamed_ones(open_host: OpenHost) -> None:
    host = await open_host(cors=Cors(("http://page.example",)), custom_headers={"X-Custom": "yes"})
    host.serve(streaming(hello), is_streamed=True)

    origin = {"Origin": "http://page.example"}
    async with host.client.get(host.app_url("/api/hello"), headers=origin) as response:
        assert await response.read() == b"hello"
        assert response.headers["Access-Control-Allow-Origin"] == "http://page.example"
        assert response.headers["X-Custom"] == "yes"


async def test_the_guard_and_the_keys_stand_before_streamed_functions(
    open_host: OpenHost, tmp_path: Any
) -> None:
    host = await open_host(keys=KeyFile(tmp_path / "data"), enable_auth=True)
    host.serve(streaming(hello), is_streamed=True)

    foreign = {"Origin": "http://evil.example"}
    async with host.client.get(host.app_url("/api/hello"), headers=foreign) as response:
        assert response.status == 403
    async with host.client.get(host.app_url("/api/hello")) as response:
        assert response.status == 401
    assert host.pool.invocations == []


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
async def test_a_response_that_has_no_body_gets_none(
    host: Host, serve: Any, method: str, status: int
) -> None:
    async def behave(stream: Stream, _: Invocation) -> None:
        stream.start(status, [("x-a", "1")])
        await stream.write(b"nobody gets this", more=False)

    serve(behave)
    for _ in range(2):
        async with host.client.request(method, host.app_url("/api/hello")) as response:
            assert (response.status, await response.read()) == (status, b"")
            assert response.headers["X-A"] == "1"


async def test_the_connection_serves_the_next_request_after_a_stream(
    host: Host, serve: Any, connect: Connect
) -> None:
    serve(echo)
    reader, writer = await connect(host)
    request = b"POST /api/hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc"
    for _ in range(3):
        writer.write(request)
        async with asyncio.timeout(5):
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 OK\r\n")
            assert await reader.readuntil(b"0\r\n\r\n") == b"3\r\nabc\r\n0\r\n\r\n"


async def test_a_response_before_the_end_of_the_body_reaches_the_client(
    host: Host, serve: Any, connect: Connect
) -> None:
    serve(hello)
    reader, writer = await connect(host)
    writer.write(b"POST /api/hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nhalf")
    async with asyncio.timeout(5):
        assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200 OK\r\n")


async def test_an_old_client_gets_the_body_up_to_the_end_of_the_connection(
    host: Host, serve: Any, connect: Connect
) -> None:
    async def behave(stream: Stream, _: Invocation) -> None:
        stream.start(200, [])
        await stream.write(b"hello", more=False)

    serve(behave)
    reader, writer = await connect(host)
    writer.write(b"GET /api/hello HTTP/1.0\r\n\r\n")
    async with asyncio.timeout(5):
        answer = await reader.read()
    assert answer.endswith(b"\r\n\r\nhello")
    call = host.pool.invocations[0].streamed
    assert call is not None
    assert call.headers == (("host", f"localhost:{host.port}"),)


async def leaves(host: Host, serve: Any, connect: Connect, answers_first: bool) -> bool:
    """Whether a function learns that its client has left."""
    started, told = asyncio.Event(), asyncio.Event()

    async def behave(stream: Stream, _: Invocation) -> None:
        if answers_first:
            stream.start(200, [])
            await stream.write(b"begun")
        await stream.read()
        started.set()
        with pytest.raises(StreamBroken):
            await stream.read()
        told.set()

    serve(behave)
    _, writer = await connect(host)
    writer.write(b"GET /api/hello HTTP/1.1\r\nHost: localhost\r\n\r\n")
    async with asyncio.timeout(5):
        await started.wait()
        writer.close()
        await told.wait()
    return told.is_set()


@pytest.mark.parametrize("answers_first", [True, False])
async def test_a_function_learns_that_its_client_has_left(
    host: Host, serve: Any, connect: Connect, answers_first: bool
) -> None:
    assert await leaves(host, serve, connect, answers_first)


async def test_a_body_that_breaks_off_is_told_to_the_function(
    host: Host, serve: Any, connect: Connect
) -> None:
    broken = asyncio.Event()

    async def behave(stream: Stream, _: Invocation) -> None:
        with pytest.raises(StreamBroken):
            await read_all(stream)
        broken.set()

    serve(behave)
    _, writer = await connect(host)
    writer.write(b"POST /api/hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nhalf")
    await writer.drain()
    writer.close()
    async with asyncio.timeout(5):
        await broken.wait()


async def test_a_body_that_is_announced_as_too_large_reaches_no_function(open_host: OpenHost) -> None:
    host = await open_host(request_limit_bytes=1000)
    host.serve(streaming(echo), is_streamed=True)

    async with host.client.post(host.app_url("/api/hello"), data=b"x" * 1001) as response:
        assert response.status == 413
    assert host.pool.invocations == []


async def test_a_body_that_turns_out_too_large_is_a_413_and_broken_off_for_the_function(
    open_host: OpenHost,
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b"x" * 100

    async def behave(stream: Stream, _: Invocation) -> None:
        with pytest.raises(StreamBroken):
            await read_all(stream)

    host = await open_host(request_limit_bytes=1000)
    host.serve(streaming(behave), is_streamed=True)

    async with host.client.post(host.app_url("/api/hello"), data=chunks()) as response:
        assert (response.status, "larger than 1000 bytes" in await response.text()) == (413, True)


@pytest.mark.parametrize(
    ("error", "status"), [(WorkerLost(1, "killed"), 500), (PoolStopped(), 503), (None, 500)]
)
async def test_a_call_that_ends_without_a_response(host: Host, error: Exception | None, status: int) -> None:
    async def fail(_: Invocation) -> InvocationResult:
        if error is not None:
            raise error
        return returned(b"", "stream")

    host.serve(fail, is_streamed=True)
    async with host.client.get(host.app_url("/api/hello")) as response:
        assert response.status == status


async def test_a_response_that_breaks_off_closes_the_connection(host: Host, serve: Any) -> None:
    async def behave(stream: Stream, _: Invocation) -> None:
        stream.start(200, [])
        await stream.write(b"begun")
        raise WorkerLost(1, "killed")

    serve(behave)
    async with host.client.get(host.app_url("/api/hello")) as response:
        assert response.status == 200
        assert await response.content.readany() == b"begun"
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.content.readany()


async def test_a_response_shorter_than_it_says_closes_the_connection(host: Host, serve: Any) -> None:
    async def behave(stream: Stream, _: Invocation) -> None:
        stream.start(200, [("content-length", "10")])
        await stream.write(b"begun")

    serve(behave)
    async with host.client.get(host.app_url("/api/hello")) as response:
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()


@pytest.mark.parametrize(
    ("status", "header"), [(99, ("x", "1")), (200, ("x", "line\r\nbreak")), (200, ("", "1"))]
)
async def test_a_head_that_cannot_be_sent_is_a_500_and_a_line_in_the_log(
    host: Host, serve: Any, caplog: pytest.LogCaptureFixture, status: int, header: tuple[str, str]
) -> None:
    broken = asyncio.Event()

    async def behave(stream: Stream, _: Invocation) -> None:
        stream.start(status, [header])
        await stream.write(b"x" * PIECE_BYTES * 10)
        assert stream.is_closed
        broken.set()

    serve(behave)
    async with host.client.get(host.app_url("/api/hello")) as response:
        assert (response.status, await response.read()) == (500, b"")
    async with asyncio.timeout(5):
        await broken.wait()
    (line,) = [record.message for record in caplog.records if record.levelno == logging.ERROR]
    assert line.startswith("The response of function 'hello' cannot be sent: ")


@pytest.mark.parametrize("length", [[], [("content-length", "5")]])
async def test_a_response_without_a_content_type_stays_without(
    host: Host, serve: Any, length: list[tuple[str, str]]
) -> None:
    async def behave(stream: Stream, _: Invocation) -> None:
        stream.start(200, length)
        await stream.write(b"hello", more=False)

    serve(behave)
    async with host.client.get(host.app_url("/api/hello")) as response:
        assert await response.read() == b"hello"
        assert "Content-Type" not in response.headers


async def test_what_frames_the_message_is_the_server_s(host: Host, serve: Any) -> None:
    async def behave(stream: Stream, _: Invocation) -> None:
        stream.start(200, [("Transfer-Encoding", "gzip"), ("Connection", "close"), ("Date", "now")])
        await stream.write(b"hello", more=False)

    serve(behave)
    async with host.client.get(host.app_url("/api/hello")) as response:
        assert await response.read() == b"hello"
        assert response.headers["Transfer-Encoding"] == "chunked"
        assert response.headers["Date"] != "now"
        assert "Connection" not in response.headers


async def test_a_stream_keeps_its_place_in_the_queue_to_its_end_but_not_for_background_tasks(
    open_host: OpenHost,
) -> None:
    ends, background = asyncio.Event(), asyncio.Event()

    async def behave(stream: Stream, _: Invocation) -> None:
        stream.start(200, [])
        await stream.write(b"begun")
        await ends.wait()
        await stream.write(b"", more=False)
        await background.wait()

    host = await open_host(request_limits=RequestLimits(max_concurrent=1, max_outstanding=1))
    host.serve(streaming(behave), is_streamed=True)

    async with host.client.get(host.app_url("/api/hello")) as first:
        assert await first.content.readany() == b"begun"
        async with host.client.get(host.app_url("/api/hello")) as second:
            assert second.status == 429
        ends.set()
        assert await first.content.readany() == b""
    async with host.client.get(host.app_url("/api/hello")) as third:
        assert await third.read() == b"begun"
    assert host.pool.finished == []
    background.set()


async def test_a_stop_waits_for_streams_and_then_breaks_them_off(host: Host, serve: Any) -> None:
    told = asyncio.Event()

    async def behave(stream: Stream, _: Invocation) -> None:
        stream.start(200, [])
        while not stream.is_closed:
            await stream.write(b"tick")
            await asyncio.sleep(0.01)
        told.set()

    serve(behave)
    async with host.client.get(host.app_url("/api/hello")) as response:
        stopping = asyncio.create_task(host.front.stop(0.3))
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()
        await stopping
    async with asyncio.timeout(5):
        await told.wait()
