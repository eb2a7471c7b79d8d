"""Requests that no usual client sends: each is refused with a reason or served exactly, without a traceback.

Source: RFC 9112 (request targets, Host), Kestrel; JSON text as RFC 8259 has it.
"""

import asyncio
import json
import logging
from typing import Any

import pytest

from funchost.http import request as requests
from funchost.worker.invocations import Invocation, InvocationResult
from tests.http.conftest import Host
from tests.http.fakes import http_function, instance, returned

START = "/runtime/webhooks/durabletask/orchestrators/hello_orchestrator/abc"
DEEP = b"[" * 100_000 + b"]" * 100_000
NO_JSON = [
    b"NaN",
    b'{"a": Infinity}',
    b'{"a": [-Infinity]}',
    b"1e999",
    DEEP,
    b'{"a": ' * 50_000 + b"1" + b"}" * 50_000,
    b"9" * 5000,
    b"\xff",
    b'"\xed\xa0\x80"',
]
EXACT = [
    (b'{"a":"\\ud800"}', '{"a":"\\ud800"}'),
    (b'{ "\\udfff": "\\ud83d\\ude00" }', '{"\\udfff":"\\ud83d\\ude00"}'),
    (b'["a\\u0000b"]', '["a\\u0000b"]'),
    (b"[" * 200 + b"]" * 200, "[" * 200 + "]" * 200),
    (b"1e308", "1e+308"),
    (b"-0.0", "-0.0"),
]


def fine(_: Invocation) -> InvocationResult:
    return returned(b"fine")


async def exchange(host: Host, request: bytes) -> tuple[int, str]:
    """Send bytes on a connection of their own; the status and the body that come back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", host.port)
    writer.write(request)
    async with asyncio.timeout(5):
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    return int(head.split()[1]), body.decode()


@pytest.fixture(autouse=True)
def _no_traceback(caplog: pytest.LogCaptureFixture) -> Any:
    yield
    told = [*caplog.get_records("call"), *caplog.get_records("teardown")]
    assert [record.getMessage() for record in told if record.levelno >= logging.WARNING] == []


@pytest.mark.parametrize(
    ("target", "header", "status"),
    [
        ("http://localhost:7071/api/hello", "localhost:7071", 200),
        ("http://evil.example/api/hello", "localhost", 403),
        ("http://localhost/api/hello", "evil.example", 403),
        ("http://evil.example", "evil.example", 403),
        ("https://evil.example?a", "localhost", 403),
        ("/api/hello", "evil.example", 403),
    ],
)
async def test_the_name_in_an_absolute_target_is_checked_like_a_host_header(
    host: Host, target: str, header: str, status: int
) -> None:
    host.serve(fine)
    request = f"GET {target} HTTP/1.1\r\nHost: {header}\r\nConnection: close\r\n\r\n"
    answered, body = await exchange(host, request.encode())
    assert answered == status
    assert ("is not a name of this host" in body) == (status == 403)


async def test_the_name_in_an_absolute_target_is_the_one_in_the_url(host: Host) -> None:
    host.serve(fine)
    await exchange(
        host, b"GET http://127.0.0.1:9/api/hello?a=1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )
    call = host.pool.invocations[0].http
    assert call is not None
    assert call.url == "http://127.0.0.1:9/api/hello?a=1"


@pytest.mark.parametrize(
    "name",
    ["localhost/evil", "localhost?x", "localhost#x", "user@localhost", "local host", "localhost:x", "é"],
)
async def test_a_host_that_is_more_than_a_name_and_a_port_is_a_400(host: Host, name: str) -> None:
    request = f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode()
    status, body = await exchange(host, request)
    assert status == 400
    assert "is not a host" in body


async def test_two_hosts_are_a_400(host: Host) -> None:
    request = b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    assert (await exchange(host, request))[0] == 400


@pytest.mark.parametrize("line", ["GET /", "GET / HTTP/0.9", "GET / HTTP/2.0"])
async def test_other_versions_of_http_are_a_505(host: Host, line: str) -> None:
    request = f"{line}\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    status, body = await exchange(host, request)
    assert (status, "Send HTTP/1.1" in body) == (505, True)


async def test_http_1_0_without_a_host_is_served(host: Host) -> None:
    host.serve(fine)
    assert (await exchange(host, b"GET /api/hello HTTP/1.0\r\n\r\n"))[0] == 200


@pytest.mark.parametrize("path", ["/api/hello", START, "/admin/functions/hello"])
@pytest.mark.parametrize(
    "body", ["Content-Length: 100\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"]
)
async def test_a_client_that_leaves_within_its_body_is_forgotten_quietly(
    host: Host, path: str, body: str, caplog: pytest.LogCaptureFixture
) -> None:
    host.serve(fine)
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    _, writer = await asyncio.open_connection("127.0.0.1", host.port)
    writer.write((head + body).encode())
    await writer.drain()
    async with host.client.get(host.app_url("/admin/host/ping")) as response:
        assert response.status == 200
    writer.transport.abort()
    await host.front.stop(5)
    assert host.pool.invocations == []
    assert not host.hub.instances


async def test_a_body_that_stops_coming_is_a_408(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "_BODY_SECONDS", 0.05)
    host.serve(fine)
    reader, writer = await asyncio.open_connection("127.0.0.1", host.port)
    writer.write(b"POST /api/hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc")
    async with asyncio.timeout(5):
        status = await reader.readline()
        answered = await reader.readuntil(b"}")
    writer.close()
    await writer.wait_closed()
    assert status.split()[1] == b"408"
    assert b"Nothing more of the request body came" in answered
    assert host.pool.invocations == []


async def test_a_broken_chunk_is_a_400(host: Host) -> None:
    host.serve(fine)
    head = b"POST /api/hello HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert (await exchange(host, head + b"3\r\nabc\r\nzz\r\n"))[0] == 400
    assert host.pool.invocations == []


@pytest.mark.parametrize("body", NO_JSON)
async def test_a_start_with_what_is_no_json_is_a_400_with_the_reason(host: Host, body: bytes) -> None:
    async with host.client.post(host.app_url(START), data=body) as response:
        error = await response.json()
    assert response.status == 400
    assert error["Message"] == "Invalid JSON content"
    assert error["ExceptionMessage"]
    assert not host.hub.instances


@pytest.mark.parametrize(("body", "stored"), EXACT)
async def test_odd_json_is_stored_exactly(host: Host, body: bytes, stored: str) -> None:
    async with host.client.post(host.app_url(START), data=body) as response:
        assert response.status == 202
    kept = host.hub.instances["abc"].input
    assert kept == stored
    kept.encode()
    async with host.client.get(host.durable_url("instances/abc")) as response:
        assert json.loads(await response.read())["input"] == json.loads(body)


@pytest.mark.parametrize("depth", [900, 930, 960, 1000, 9900, 10_000])
async def test_json_near_the_interpreter_s_limit_of_nesting_is_kept_exactly_or_refused(
    host: Host, depth: int
) -> None:
    body = "[" * depth + "]" * depth
    async with host.client.post(host.app_url(START), data=body) as response:
        status = response.status
    if status == 202:
        assert host.hub.instances["abc"].input == body
        async with host.client.get(host.durable_url("instances/abc")) as response:
            assert (response.status, body in await response.text()) == (202, True)
    else:
        assert status == 400
        assert not host.hub.instances


@pytest.mark.parametrize("body", NO_JSON)
@pytest.mark.parametrize("path", ["instances/abc/raiseEvent/go", "entities/counter/k?op=add"])
async def test_an_event_or_a_signal_with_what_is_no_json_is_a_400(host: Host, path: str, body: bytes) -> None:
    host.hub.put(instance("abc"))
    headers = {"Content-Type": "application/json"}
    async with host.client.post(host.durable_url(path), data=body, headers=headers) as response:
        assert (response.status, (await response.json())["Message"]) == (400, "Invalid JSON content")
    assert host.hub.told == []


@pytest.mark.parametrize(("body", "stored"), EXACT)
async def test_odd_json_in_an_event_or_a_signal_is_passed_on_exactly(
    host: Host, body: bytes, stored: str
) -> None:
    host.hub.put(instance("abc"))
    headers = {"Content-Type": "application/json"}
    for path in ("instances/abc/raiseEvent/go", "entities/counter/k?op=add"):
        async with host.client.post(host.durable_url(path), data=body, headers=headers) as response:
            assert response.status == 202
    assert [each[-1] for each in host.hub.told] == [stored, stored]


@pytest.mark.parametrize("body", [b'{"input": NaN}', b'{"input": ' + DEEP + b"}", b'{"input": "\xff"}'])
async def test_a_run_by_hand_with_what_is_no_json_is_a_400(host: Host, body: bytes) -> None:
    host.ready([http_function("work", trigger="activityTrigger")])
    headers = {"Content-Type": "application/json"}
    url = host.app_url("/admin/functions/work")
    async with host.client.post(url, data=body, headers=headers) as response:
        assert response.status == 400
        assert "The body is no JSON" in (await response.json())["Message"]


async def test_a_run_by_hand_takes_half_a_character_in_its_escaped_form(host: Host) -> None:
    host.serve(fine, "work", trigger="activityTrigger")
    async with host.client.post(
        host.app_url("/admin/functions/work"),
        data=b'{"input": "\\ud800"}',
        headers={"Content-Type": "application/json"},
    ) as response:
        assert response.status == 202
    assert host.pool.invocations[0].payload == b"\\ud800"


@pytest.mark.parametrize("body", [DEEP, b"NaN", b"\xff"])
async def test_a_state_that_is_no_json_is_a_400(host: Host, body: bytes) -> None:
    async with host.client.put(host.app_url("/admin/host/state"), data=body) as response:
        assert response.status == 400


@pytest.mark.parametrize("path", ["/api/a%FFb", "/api/a%ED%A0%80", "/api/a%00b"])
async def test_a_path_that_is_no_utf_8_keeps_its_escapes(host: Host, path: str) -> None:
    host.serve(fine, "echo", route="{*rest}")
    request = (
        f"GET {path}?q=%FF&r=%ED%A0%80 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    )
    assert (await exchange(host, request))[0] == 200
    call = host.pool.invocations[0].http
    assert call is not None
    assert call.url == f"http://localhost{path}?q=%FF&r=%ED%A0%80"
    assert call.query == {"q": "%FF", "r": "%ED%A0%80"}
    (call.params["rest"] + call.url).encode()


@pytest.mark.parametrize("path", ["instances/a%FFb?reason=%FF", "entities/counter/%ED%A0%80"])
async def test_an_id_that_is_no_utf_8_is_looked_up_as_it_is_written(host: Host, path: str) -> None:
    request = (
        f"GET /runtime/webhooks/durabletask/{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )
    assert await exchange(host, request.encode()) == (404, "")


async def test_bytes_that_are_no_text_in_the_request_line_are_a_400(host: Host) -> None:
    request = b"GET /api/\xff?\xfe HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    assert (await exchange(host, request))[0] in (400, 404)


async def test_headers_that_are_no_utf_8_arrive_as_latin_1(host: Host) -> None:
    host.serve(fine)
    request = b"GET /api/hello HTTP/1.1\r\nHost: localhost\r\nX-Name: Z\xfcrich\r\nConnection: close\r\n\r\n"
    assert (await exchange(host, request))[0] == 200
    call = host.pool.invocations[0].http
    assert call is not None
    assert call.headers["x-name"] == "Zürich"


@pytest.mark.parametrize(
    "text",
    [
        "[" * 900 + "]" * 900,
        '{"body": "x", "statusCode": 1e999}',
        '{"body": "x", "cookies": [{"name": "\\ud800"}]}',
        '{"body": "\\ud800"}',
        "9" * 5000,
    ],
)
async def test_a_function_may_return_any_text(host: Host, text: str) -> None:
    host.serve(lambda _: returned(text.encode()))
    async with host.client.get(host.app_url("/api/hello")) as response:
        assert response.status == 200
        assert await response.read()
