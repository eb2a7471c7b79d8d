"""One socket and its connections: long answers, clients that do not read, clients that send slowly."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web

from funchost.http import connections
from funchost.http.connections import Listener

LONG = bytes(range(256)) * 40_000
Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    """Answers `/long` with a long body and all else with its path."""

    async def answer(request: web.BaseRequest) -> web.Response:
        return web.Response(body=LONG if request.path == "/long" else request.path.encode())

    started = Listener(answer)
    yield started
    await started.stop(0)


@pytest.fixture
async def connect(listener: Listener) -> AsyncIterator[Connect]:
    """Opens connections to the listener."""
    listening = socket.create_server(("127.0.0.1", 0))
    host, port = listening.getsockname()
    await listener.start(listening)
    writers: list[asyncio.StreamWriter] = []

    async def open_connection() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(host, port, limit=1024)
        writers.append(writer)
        return reader, writer

    yield open_connection
    for writer in writers:
        writer.close()


async def head(reader: asyncio.StreamReader) -> str:
    return (await reader.readuntil(b"\r\n\r\n")).decode()


async def test_a_long_answer_arrives_whole_and_the_connection_goes_on(connect: Connect) -> None:
    reader, writer = await connect()
    writer.write(b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n")
    assert f"Content-Length: {len(LONG)}" in await head(reader)
    assert await reader.readexactly(len(LONG)) == LONG

    writer.write(b"GET /next HTTP/1.1\r\nHost: x\r\n\r\n")
    assert "200 OK" in await head(reader)
    assert await reader.readexactly(5) == b"/next"


async def test_a_head_request_for_it_has_no_body(connect: Connect) -> None:
    reader, writer = await connect()
    writer.write(b"HEAD /long HTTP/1.1\r\nHost: x\r\n\r\nGET /a HTTP/1.1\r\nHost: x\r\n\r\n")
    assert f"Content-Length: {len(LONG)}" in await head(reader)
    assert "Content-Length: 2" in await head(reader)


async def test_a_client_that_does_not_read_is_cut_off(
    connect: Connect, listener: Listener, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(connections, "_PIECE_SECONDS", 0.05)
    _, writer = await connect()
    writer.write(b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n")
    await writer.drain()

    await listener.stop(20)

    assert "still running" not in caplog.text


@pytest.mark.parametrize("sent", [b"", b"GET /a HTTP/1.1\r\nHost:"])
async def test_a_head_that_does_not_come_closes_the_connection(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(connections, "_HEAD_SECONDS", 0.05)
    reader, writer = await connect()
    writer.write(sent)
    assert await asyncio.wait_for(reader.read(), 20) == b""


async def test_the_head_of_a_second_request_has_its_time_too(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_HEAD_SECONDS", 0.05)
    reader, writer = await connect()
    writer.write(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
    await head(reader)
    assert await reader.readexactly(2) == b"/a"
    writer.write(b"GET /b HT")
    assert await asyncio.wait_for(reader.read(), 20) == b""


async def test_a_shortage_of_descriptors_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    loop, trouble = asyncio.get_running_loop(), connections.AcceptTrouble()
    shortage = {"message": "socket.accept() out of system resource", "exception": OSError(24, "Too many")}
    for _ in range(1000):
        trouble(loop, shortage)

    (record,) = caplog.records
    assert "ulimit -n" in record.getMessage()


async def test_other_trouble_of_the_event_loop_is_told_as_ever(caplog: pytest.LogCaptureFixture) -> None:
    connections.AcceptTrouble()(asyncio.get_running_loop(), {"message": "something else"})

    assert "something else" in caplog.text
