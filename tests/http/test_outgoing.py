"""The host's own HTTP client against servers that answer oddly: an answer for the orchestrator or a failure
with a reason, never an exception."""

import asyncio
import gzip
import json
import threading
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funchost.durable.commit import ActivityTask, Postponed
from funchost.durable.events import Event, TaskCompleted, TaskFailed
from funchost.durable.text import storable
from funchost.http import outgoing
from funchost.http.outgoing import HttpCalls
from funchost.protocols.json1.http_calls import HttpCallFailed
from tests.clocks import ManualClock

LIMIT = 100_000

Serve = Callable[..., Awaitable[str]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts a server that sends these bytes to everybody and notes the heads it gets; gives its URL."""
    servers: list[asyncio.Server] = []

    async def start(answer: bytes | bytearray, heads: list[bytes] | None = None) -> str:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = await reader.readuntil(b"\r\n\r\n")
            if heads is not None:
                heads.append(head)
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


def content(ended: Event | Postponed) -> str:
    """The content that the orchestrator gets."""
    assert isinstance(ended, TaskCompleted)
    text: str = json.loads(ended.result or "")["content"]
    return text


@pytest.mark.parametrize(
    "charset",
    ["utf-8", "nope", "base64", "zlib", "undefined", "idna", "", "'", '"utf-8', "utf-8;x", "\u00fc" * 20],
)
async def test_content_in_an_odd_charset_reaches_the_orchestrator(serve: Serve, charset: str) -> None:
    head = b"200 OK\r\nContent-Type: text/plain; charset=" + charset.encode()
    ended = await call(uri=await serve(answer(head)))
    assert content(ended) == "hello"


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZIP", "deflate"])
async def test_packed_content_is_unpacked(serve: Serve, encoding: str) -> None:
    text = "é" * 20_000
    packed = zlib.compress(text.encode()) if encoding == "deflate" else gzip.compress(text.encode())
    head = b"200 OK\r\nContent-Encoding: " + encoding.encode()
    ended = await call(uri=await serve(answer(head, packed)))
    assert content(ended) == text


async def test_content_that_servers_pack_in_their_own_way_is_unpacked(serve: Serve) -> None:
    bare = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = bare.compress(b"hello") + bare.flush()
    ended = await call(uri=await serve(answer(b"200 OK\r\nContent-Encoding: deflate", packed)))
    assert content(ended) == "hello"
    packed = gzip.compress(b"hel") + gzip.compress(b"lo") + bytes(5)
    ended = await call(uri=await serve(answer(b"200 OK\r\nContent-Encoding: gzip", packed)))
    assert content(ended) == "hello"


@pytest.mark.parametrize("encoding", ["br", "gzip, gzip", "identity", "nope"])
async def test_content_packed_otherwise_stays_as_it_is(serve: Serve, encoding: str) -> None:
    ended = await call(uri=await serve(answer(b"200 OK\r\nContent-Encoding: " + encoding.encode())))
    assert content(ended) == "hello"


@pytest.mark.parametrize(
    ("encoding", "body", "reason"),
    [
        (b"gzip", b"no gzip at all", "incorrect header"),
        (b"gzip", gzip.compress(bytes(5000))[:-8], "breaks off"),
        (b"deflate", zlib.compress(bytes(5000))[:-1], "breaks off"),
        (b"gzip", gzip.compress(b"a") * 200, "more than 100 members"),
    ],
)
async def test_content_that_is_not_packed_as_it_says_fails_the_call(
    serve: Serve, encoding: bytes, body: bytes, reason: str
) -> None:
    ended = await call(uri=await serve(answer(b"200 OK\r\nContent-Encoding: " + encoding, body)))
    assert isinstance(ended, TaskFailed)
    assert reason in ended.reason


async def test_a_request_asks_for_packed_content_only_when_the_app_does(serve: Serve) -> None:
    """Source: .NET HttpClient, AutomaticDecompression; the original leaves it off."""
    heads: list[bytes] = []
    url = await serve(answer(b"200 OK"), heads)
    await call(uri=url)
    await call(uri=url, headers={"Accept-Encoding": "gzip"})
    assert [b"Accept-Encoding" in head for head in heads] == [False, True]


@pytest.mark.parametrize("size", [10, 90_000])
async def test_long_and_packed_content_is_read_beside_the_event_loop(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(outgoing, "_LONG_BYTES", 1000)
    text, threads = outgoing._text, []

    def noted(*arguments: Any) -> str:
        threads.append(threading.current_thread())
        return text(*arguments)

    monkeypatch.setattr(outgoing, "_text", noted)
    await call(uri=await serve(answer(b"200 OK", bytes(size))))
    await call(uri=await serve(answer(b"200 OK\r\nContent-Encoding: gzip", gzip.compress(bytes(size)))))
    assert [thread is threading.main_thread() for thread in threads] == [size == 10, False]


@given(
    members=st.lists(st.binary(max_size=2000), min_size=1, max_size=5),
    encoding=st.sampled_from(["gzip", "x-gzip", "deflate"]),
    cut=st.integers(0, 30),
)
def test_packed_bytes_come_out_whole_or_not_at_all(members: list[bytes], encoding: str, cut: int) -> None:
    if encoding == "deflate":
        whole = b"".join(members)
        packed = zlib.compress(whole)
    else:
        whole = b"".join(members)
        packed = b"".join(map(gzip.compress, members))
    packed = packed[: len(packed) - cut]
    try:
        text = outgoing._text(packed, encoding, "latin-1", len(whole))
    except (HttpCallFailed, zlib.error):
        assert cut
    else:
        # Cut where a member ends, the rest is whole.
        assert whole.startswith(text.encode("latin-1"))
        assert cut or len(text) == len(whole)


@given(st.binary(max_size=300), st.sampled_from(["gzip", "deflate", "", "br"]), st.text(max_size=10))
def test_any_bytes_become_text_or_a_reason(content: bytes, encoding: str, charset: str) -> None:
    with suppress(HttpCallFailed, zlib.error):
        storable(outgoing._text(content, encoding, charset, LIMIT)).encode()


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


NAMES = st.sampled_from(
    [b"Location", b"Retry-After", b"Content-Type", b"Content-Encoding", b"X", b"Set-Cookie"]
)
VALUES = st.one_of(
    st.binary(max_size=30).filter(lambda value: not set(value) & set(b"\r\n\0")),
    st.integers().map(lambda number: str(number).encode()),
    st.sampled_from(
        [b"9" * 400, b"1e999", "²".encode(), b"Thu, 01 Jan 99999 00:00:00 GMT", b"http://[", b"//:x"]
    ),
)


async def test_an_answer_with_any_headers_ends_the_call_or_puts_it_off(serve: Serve) -> None:
    said = bytearray()
    url = await serve(said)
    loop = asyncio.get_running_loop()

    @given(
        status=st.sampled_from([b"200", b"202", b"204", b"301", b"500"]),
        headers=st.lists(st.tuples(NAMES, VALUES), max_size=4),
    )
    def check(status: bytes, headers: list[tuple[bytes, bytes]]) -> None:
        lines = b"".join(b"\r\n" + name + b": " + value for name, value in headers)
        said[:] = answer(status + b" X" + lines)
        ended = asyncio.run_coroutine_threadsafe(call(uri=url), loop).result(60)
        if isinstance(ended, Postponed):
            ended.input.encode()
            assert ended.not_before >= ManualClock().now()
        elif isinstance(ended, TaskFailed):
            assert ended.reason
            f"{ended.reason}{ended.details}".encode()
        else:
            content(ended).encode()

    await asyncio.to_thread(check)
