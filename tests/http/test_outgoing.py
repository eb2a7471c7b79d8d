"""The host's own HTTP client against servers that answer oddly: an answer for the orchestrator or a failure
with a reason, never an exception."""

import asyncio
import gzip
import json
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from funchost.durable.commit import ActivityTask, Postponed
from funchost.durable.events import Event, TaskCompleted, TaskFailed
from funchost.http.outgoing import HttpCalls
from tests.clocks import ManualClock

LIMIT = 100_000

Serve = Callable[[bytes], Awaitable[str]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts a server that sends these bytes to everybody, and gives its URL."""
    servers: list[asyncio.Server] = []

    async def start(answer: bytes) -> str:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            writer.close()

        servers.append(await asyncio.start_server(handle, "127.0.0.1", 0))
        host, port = servers[-1].sockets[0].getsockname()
        return f"http://{host}:{port}/"

    yield start
    for server in servers:
        server.close()


async def call(**request: object) -> Event | Postponed:
    """What the activity of a durable HTTP call comes to."""
    task = ActivityTask("one", "e", 0, "BuiltIn::HttpActivity", json.dumps(request))
    return await HttpCalls(500, LIMIT, ManualClock())(task)


def answer(head: bytes, body: bytes = b"hello") -> bytes:
    return b"HTTP/1.1 " + head + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body


@pytest.mark.parametrize(
    "charset",
    ["utf-8", "nope", "base64", "zlib", "undefined", "idna", "", "'", '"utf-8', "utf-8;x", "\u00fc" * 20],
)
async def test_content_in_an_odd_charset_reaches_the_orchestrator(serve: Serve, charset: str) -> None:
    head = b"200 OK\r\nContent-Type: text/plain; charset=" + charset.encode()
    ended = await call(uri=await serve(answer(head)))
    assert isinstance(ended, TaskCompleted)
    assert json.loads(ended.result or "")["content"] == "hello"


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZIP", "deflate"])
async def test_packed_content_is_unpacked(serve: Serve, encoding: str) -> None:
    text = "é" * 20_000
    packed = zlib.compress(text.encode()) if encoding == "deflate" else gzip.compress(text.encode())
    head = b"200 OK\r\nContent-Encoding: " + encoding.encode()
    ended = await call(uri=await serve(answer(head, packed)))
    assert isinstance(ended, TaskCompleted)
    assert json.loads(ended.result or "")["content"] == text


@pytest.mark.parametrize("head", [b"200 OK", b"200 OK\r\nContent-Encoding: gzip"])
async def test_an_answer_above_the_limit_fails_the_call_and_takes_no_memory(
    serve: Serve, head: bytes
) -> None:
    body = gzip.compress(bytes(200_000_000), 9) if b"gzip" in head else bytes(LIMIT + 1)
    url = await serve(answer(head, body))
    tracemalloc.start()
    ended = await call(uri=url)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(ended, TaskFailed)
    assert "has more than 100000 bytes of content. FUNCHOST_HTTP_ANSWER_LIMIT" in ended.reason
    assert peak < 20 * LIMIT


async def test_content_that_is_not_packed_as_it_says_fails_the_call(serve: Serve) -> None:
    ended = await call(uri=await serve(answer(b"200 OK\r\nContent-Encoding: gzip", b"no gzip at all")))
    assert isinstance(ended, TaskFailed)


@pytest.mark.parametrize("charset", ["utf-7", "raw_unicode_escape", "utf-16", "latin-1"])
async def test_any_content_can_be_stored(serve: Serve, charset: str) -> None:
    head = b"200 OK\r\nContent-Type: text/plain; charset=" + charset.encode()
    ended = await call(uri=await serve(answer(head, b"\\ud800 +2AA- \xff\xfe\x00\xd8 \x00")))
    assert isinstance(ended, TaskCompleted)
    (ended.result or "").encode()


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"no HTTP\r\n\r\n",
        b"HTTP/1.1 99999 What\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://[\r\nContent-Length: 0\r\n\r\n",
    ],
)
async def test_an_answer_that_is_none_fails_the_call_with_a_reason(serve: Serve, said: bytes) -> None:
    ended = await call(uri=await serve(said))
    assert isinstance(ended, TaskFailed)
    assert ended.reason
    f"{ended.reason}{ended.details}".encode()


@pytest.mark.parametrize(
    "changes",
    [
        {"uri": ""},
        {"uri": "nowhere"},
        {"uri": "ftp://h/"},
        {"uri": "http://"},
        {"uri": "http://["},
        {"uri": "http://h:99999999/"},
        {"uri": "http://127.0.0.1:1/"},
        {"method": "BAD METHOD"},
        {"headers": {"A\nB": "1"}},
        {"headers": {"A": "1\r\nB: 2"}},
        {"headers": 5},
        {"content": [1]},
        {"content": "\ud800"},
    ],
)
async def test_a_request_that_cannot_be_made_fails_with_a_reason(
    serve: Serve, changes: dict[str, object]
) -> None:
    ended = await call(**({"method": "GET", "uri": await serve(answer(b"200 OK"))} | changes))
    assert isinstance(ended, TaskFailed)
    assert ended.reason
    f"{ended.reason}{ended.details}".encode()


async def test_a_202_is_asked_again_later_with_the_request_that_it_asks_for(serve: Serve) -> None:
    url = await serve(answer(b"202 Accepted\r\nLocation: status\r\nRetry-After: 7"))
    postponed = await call(uri=url)
    assert isinstance(postponed, Postponed)
    assert json.loads(postponed.input)["uri"] == f"{url}status"
    assert postponed.not_before == ManualClock().now() + 7_000_000
