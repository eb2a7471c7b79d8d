"""HTTP functions over real sockets. Expectations: Azure Functions host, HTTP trigger and its Python
worker's HttpRequest."""

import asyncio
import gzip
import io
import json
import logging
from collections.abc import Mapping
from typing import Any

import aiohttp
import pytest
from multidict import CIMultiDict
from yarl import URL

from funchost.worker.invocations import (
    FunctionTimedOut,
    HttpReply,
    Invocation,
    InvocationError,
    InvocationResult,
    PoolStopped,
    WorkerLost,
)
from tests.http.conftest import Host, OpenHost
from tests.http.fakes import http_function, returned


def ok(_: Invocation) -> InvocationResult:
    return returned(b"fine")


async def seen_by_function(host: Host, path: str, method: str = "GET", **given: Any) -> Invocation:
    """The invocation that a request to a catch-all function becomes."""
    host.serve(ok, "everything", route="{*rest}")
    async with host.client.request(method, URL(host.app_url(path), encoded=True), **given) as response:
        assert response.status == 200
    return host.pool.invocations[-1]


async def test_a_function_is_found_by_route_and_answers(host: Host) -> None:
    host.serve(ok, "hello", route="greet/{name}", methods=("GET",))
    async with host.client.get(host.app_url("/API/Greet/Ada/")) as response:
        assert (response.status, await response.text()) == (200, "fine")
        assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert response.headers["Server"] == "Kestrel"
    call = host.pool.invocations[0].http
    assert call is not None
    assert call.params == {"name": "Ada"}


@pytest.mark.parametrize("method", ["POST", "HEAD", "OPTIONS", "PURGE"])
async def test_a_wrong_method_is_an_empty_404_never_a_405(host: Host, method: str) -> None:
    host.serve(ok, "hello", methods=("GET",))
    async with host.client.request(method, host.app_url("/api/hello")) as response:
        assert (response.status, await response.read()) == (404, b"")
        assert "Allow" not in response.headers


@pytest.mark.parametrize("method", ["GET", "OPTIONS", "PATCH", "PURGE"])
async def test_a_function_without_methods_takes_every_one(host: Host, method: str) -> None:
    host.serve(ok, "hello")
    async with host.client.request(method, host.app_url("/api/hello")) as response:
        assert response.status == 200


async def test_head_reaches_a_function_that_takes_it_and_sends_no_body(host: Host) -> None:
    host.serve(ok, "hello")
    async with host.client.head(host.app_url("/api/hello")) as response:
        assert (response.status, await response.read()) == (200, b"")
    assert host.pool.finished == ["hello"]


@pytest.mark.parametrize("unserved", [{"disabled": True}, {"error": "broken"}, {"trigger": "timerTrigger"}])
async def test_a_function_that_cannot_be_called_is_a_404(host: Host, unserved: dict[str, Any]) -> None:
    host.serve(ok, "hello", **unserved)
    async with host.client.get(host.app_url("/api/hello")) as response:
        assert (response.status, await response.read()) == (404, b"")


async def test_the_url_has_the_clients_host_and_an_encoded_path(host: Host) -> None:
    invocation = await seen_by_function(
        host, "/api/caf%C3%A9/a%2Fb/x%20y?q=%C3%A9&flag", headers={"Host": "localhost:1234"}
    )
    assert invocation.http is not None
    assert invocation.http.url == "http://localhost:1234/api/caf%C3%A9/a%2Fb/x%20y?q=%C3%A9&flag"
    assert invocation.http.params == {"rest": "café/a%2Fb/x y"}


async def test_the_query_joins_repeats_and_drops_empty_values(host: Host) -> None:
    invocation = await seen_by_function(host, "/api/x?a=1&a=2&A=3&empty=&flag&plus=a+b%2B&%C3%A9=%C3%BC")
    assert invocation.http is not None
    assert invocation.http.query == {"a": "1,2,3", "plus": "a b+", "é": "ü"}


async def test_headers_are_lower_case_and_repeats_are_joined(host: Host) -> None:
    headers = CIMultiDict([("X-Twice", "a"), ("X-Twice", "b"), ("X-Empty", "")])
    invocation = await seen_by_function(host, "/api/x", headers=headers)
    assert invocation.http is not None
    assert invocation.http.headers["x-twice"] == "a,b"
    assert invocation.http.headers["x-empty"] == ""
    assert not any(name != name.lower() for name in invocation.http.headers)


async def test_the_trace_headers_become_the_trace_context(host: Host) -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    invocation = await seen_by_function(host, "/api/x", headers={"traceparent": parent, "tracestate": "a=b"})
    assert invocation.trace == (parent, "a=b")


async def test_a_binary_body_arrives_byte_for_byte(host: Host) -> None:
    body = bytes(range(256)) * 5000
    assert (await seen_by_function(host, "/api/x", "POST", data=io.BytesIO(body))).payload == body


async def test_a_compressed_body_arrives_as_it_was_sent(host: Host) -> None:
    """The original never decompresses; the function sees the header and the bytes."""
    body = gzip.compress(b"hello")
    invocation = await seen_by_function(
        host, "/api/x", "POST", data=body, headers={"Content-Encoding": "gzip"}
    )
    assert invocation.payload == body


async def test_a_chunked_body_arrives_although_the_original_loses_it(host: Host) -> None:
    async def pieces() -> Any:
        yield b"one "
        yield b"two"

    assert (await seen_by_function(host, "/api/x", "POST", data=pieces())).payload == b"one two"


async def test_a_client_that_asks_before_sending_is_told_to_go_on(host: Host) -> None:
    invocation = await seen_by_function(host, "/api/x", "POST", data=b"big", expect100=True)
    assert invocation.payload == b"big"


async def test_a_body_beyond_the_limit_is_a_413_that_names_the_limit(open_host: OpenHost) -> None:
    host = await open_host(request_limit_bytes=10)
    host.serve(ok, "hello")

    async def pieces() -> Any:
        yield b"12345678901"

    for data in (b"12345678901", pieces()):
        async with host.client.post(host.app_url("/api/hello"), data=data) as response:
            assert response.status == 413
            assert "larger than 10 bytes" in (await response.json())["Message"]
    async with host.client.post(host.app_url("/api/hello"), data=b"1234567890") as response:
        assert response.status == 200
    assert len(host.pool.invocations) == 1


async def test_an_http_response_passes_untouched(host: Host) -> None:
    body = b'{"a":1}\x00\xff'
    headers = (
        ("content-type", "image/png"),
        ("set-cookie", "a=1"),
        ("set-cookie", "b=2"),
        ("server", "mine"),
    )
    host.serve(lambda _: returned(body, "http", http=HttpReply(418, headers)))
    async with host.client.get(host.app_url("/api/hello")) as response:
        assert (response.status, await response.read()) == (418, body)
        assert response.headers["Content-Type"] == "image/png"
        assert response.headers.getall("Set-Cookie") == ["a=1", "b=2"]
        assert response.headers["Server"] == "mine"


@pytest.mark.parametrize("name", ["Content-Length", "Transfer-Encoding", "Connection"])
async def test_a_framing_header_of_a_function_cannot_break_the_connection(host: Host, name: str) -> None:
    reply = HttpReply(200, ((name, "7"), ("content-type", "text/plain")))
    host.serve(lambda _: returned(b"body", "http", http=reply))
    for _ in range(2):
        async with host.client.get(host.app_url("/api/hello")) as response:
            assert await response.read() == b"body"


@pytest.mark.parametrize(
    "reply",
    [
        HttpReply(99, ()),
        HttpReply(101, ()),
        HttpReply(200, (("x", "a\r\nb: c"),)),
        HttpReply(200, (("x y", "a"),)),
    ],
)
async def test_a_response_that_is_not_http_is_a_500_and_told_in_the_log(
    host: Host, reply: HttpReply, caplog: pytest.LogCaptureFixture
) -> None:
    host.serve(lambda _: returned(b"body", "http", http=reply))
    async with host.client.get(host.app_url("/api/hello")) as response:
        assert (response.status, await response.read()) == (500, b"")
    assert "The response of function 'hello' cannot be sent" in caplog.text


def exception_told(caplog: pytest.LogCaptureFixture) -> str:
    """The exception that the last line of the log carries."""
    return str(caplog.records[-1].__dict__["exception"])


async def test_an_exception_is_an_empty_500(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    error = InvocationError("ValueError", "secret", "  File ...")
    host.serve(lambda _: returned(b"", "none", ok=False, error=error))
    async with host.client.get(host.app_url("/api/hello")) as response:
        assert (response.status, await response.read()) == (500, b"")
    assert "ValueError: secret" in exception_told(caplog)


async def test_a_lost_worker_is_an_empty_500_at_once(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    def die(_: Invocation) -> InvocationResult:
        raise WorkerLost(4711, "python exited with code 137 (0x89)")

    host.serve(die)
    async with host.client.get(host.app_url("/api/hello")) as response:
        assert (response.status, await response.read()) == (500, b"")
    assert "Executed 'Functions.hello' (Failed" in caplog.text
    assert "137" in exception_told(caplog)


async def test_a_function_that_runs_too_long_is_an_empty_500(
    host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    def run_too_long(invocation: Invocation) -> InvocationResult:
        raise FunctionTimedOut(invocation.function, "00:00:05", 4711)

    host.serve(run_too_long)
    async with host.client.get(host.app_url("/api/hello")) as response:
        assert (response.status, await response.read()) == (500, b"")
    assert "Executed 'Functions.hello' (Failed" in caplog.text
    told = "Timeout value of 00:00:05 was exceeded by function: Functions.hello"
    assert told in exception_told(caplog)


async def test_a_request_that_meets_stopping_workers_is_a_503(host: Host) -> None:
    def refuse(_: Invocation) -> InvocationResult:
        raise PoolStopped

    host.serve(refuse)
    async with host.client.get(host.app_url("/api/hello")) as response:
        assert (response.status, await response.text()) == (503, "Function host is not running.")


async def test_an_invocation_is_told_in_two_lines_with_one_id(
    host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    host.serve(ok)
    async with host.client.get(host.app_url("/api/hello")):
        pass
    id = host.pool.invocations[0].invocation_id
    first, second = [record.getMessage() for record in caplog.records if record.name == "Function.hello"]
    assert first == (
        "Executing 'Functions.hello' (Reason='This function was programmatically called via the host "
        f"APIs.', Id={id})"
    )
    assert second.startswith(f"Executed 'Functions.hello' (Succeeded, Id={id}, Duration=")


async def test_a_client_that_leaves_does_not_stop_the_function(
    host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    """Source: Python worker, no cancellation: the code goes on, and so does its bookkeeping."""
    caplog.set_level(logging.INFO)
    entered, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_: Invocation) -> InvocationResult:
        entered.set()
        await go_on.wait()
        return returned(b"late")

    host.serve(slow)
    request = asyncio.create_task(host.client.get(host.app_url("/api/hello")).__aenter__())
    await entered.wait()
    request.cancel()
    await asyncio.wait([request])
    go_on.set()
    async with asyncio.timeout(5):
        while "Executed 'Functions.hello' (Succeeded" not in caplog.text:
            await asyncio.sleep(0.01)
    assert host.pool.finished == ["hello"]


async def test_custom_headers_are_added_unless_the_function_has_them(open_host: OpenHost) -> None:
    host = await open_host(custom_headers={"X-Frame-Options": "DENY", "X-Own": "host"})
    reply = HttpReply(200, (("x-own", "function"),))
    host.serve(lambda _: returned(b"", "http", http=reply))
    async with host.client.get(host.app_url("/api/hello")) as response:
        assert response.headers["X-Frame-Options"] == "DENY"
        assert response.headers["X-Own"] == "function"
    async with host.client.get(host.app_url("/nowhere")) as response:
        assert response.headers["X-Own"] == "host"


async def test_the_first_function_by_name_wins_whatever_is_more_specific(host: Host) -> None:
    for name in ("a", "B"):
        host.pool.functions[name] = lambda invocation: returned(invocation.function.encode())
    host.ready([http_function("B", route="items/recent"), http_function("a", route="items/{id}")])
    async with host.client.get(host.app_url("/api/items/recent")) as response:
        assert await response.text() == "a"


async def test_an_empty_prefix_serves_functions_at_the_root(open_host: OpenHost) -> None:
    host = await open_host(route_prefix="")
    host.serve(ok, "app", route="/{*route}")
    for path in ("/", "/x/y"):
        async with host.client.get(host.app_url(path)) as response:
            assert await response.text() == "fine"


async def test_many_requests_at_once_are_all_answered(host: Host) -> None:
    async def slow(invocation: Invocation) -> InvocationResult:
        await asyncio.sleep(0)
        return returned(invocation.payload)

    host.serve(slow)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:

        async def ask(number: int) -> str:
            async with client.post(host.app_url("/api/hello"), data=str(number)) as response:
                return await response.text()

        answers = await asyncio.gather(*(ask(number) for number in range(200)))
    assert answers == [str(number) for number in range(200)]


async def raw_exchange(host: Host, request: bytes) -> tuple[bytes, Mapping[str, str], bytes]:
    """Send bytes, read to the end: status line, headers, body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", host.port)
    writer.write(request)
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    status_line, *lines = head.split(b"\r\n")
    headers = dict(line.decode().lower().split(": ", 1) for line in lines)
    return status_line, headers, body


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"nonsense\r\n\r\n",
        b"GET /api/hello HTTP/1.1\r\nHost: localhost\r\nbad header\r\n\r\n",
        b"POST /api/hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
    ],
)
async def test_a_broken_request_is_an_empty_400(host: Host, request_bytes: bytes) -> None:
    status_line, headers, body = await raw_exchange(host, request_bytes)
    assert status_line.split()[1] == b"400"
    assert body == b""
    assert "content-type" not in headers


async def test_an_oversized_header_is_a_431_in_json(host: Host) -> None:
    request = b"GET /api/hello HTTP/1.1\r\nHost: localhost\r\nX-Big: " + b"a" * 70_000 + b"\r\n\r\n"
    status_line, headers, body = await raw_exchange(host, request)
    assert status_line.split()[1] == b"431"
    assert headers["content-type"].startswith("application/json")
    assert "longer than 32768 bytes" in json.loads(body)["Message"]


async def test_a_handler_that_breaks_is_an_empty_500(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    def break_down(_: Invocation) -> InvocationResult:
        raise RuntimeError("pipe broken")

    host.serve(break_down)
    async with host.client.get(host.app_url("/api/hello"), headers={"Accept": "text/html"}) as response:
        assert (response.status, await response.read()) == (500, b"")
    assert "pipe broken" in caplog.text
