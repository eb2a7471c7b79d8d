"""HTTP functions in a real worker. Source: azure.functions, HTTP converters."""

import pytest

from funchost.worker.invocations import HttpReply
from tests.generations import sdk_1_only


async def test_a_response_comes_with_status_headers_and_body(caller):
    result = await caller.http("hello", "post", headers={"User-Agent": "me"}, params={"name": "you"})

    assert result.ok
    assert result.datum == "http"
    assert result.payload == b"Hello you"
    assert result.http == HttpReply(
        201, (("X-Method", "POST"), ("X-Agent", "me"), ("content-type", "text/plain; charset=utf-8"))
    )
    assert result.worker == caller.pool.pids[0]


async def test_an_optional_route_parameter_that_is_absent_is_absent(caller):
    result = await caller.http("hello", headers={"user-agent": "me"}, query={"name": "query"})

    assert result.payload == b"Hello query"


@pytest.mark.parametrize("body", [b"", bytes(range(256)), b"x" * 3_000_000])
async def test_a_binary_body_goes_through_an_async_function_unchanged(caller, body):
    result = await caller.http("echo", "POST", body)

    assert result.payload == body
    assert result.http.headers == (("content-type", "application/octet-stream"),)


async def test_a_plain_string_is_handed_on_as_it_is(caller):
    result = await caller.http("plain")

    assert (result.datum, result.payload, result.http) == ("string", b'{"a":1}', None)


async def test_nothing_is_no_http_response(caller):
    result = await caller.http("nothing")

    assert not result.ok
    assert result.error.type == "TypeError"
    assert result.error.message == (
        'unable to encode outgoing TypedData: unsupported type "http" for Python type "NoneType"'
    )


async def test_every_cookie_is_a_header_of_its_own(caller):
    result = await caller.http("cookies")

    assert [header for header in result.http.headers if header[0] == "set-cookie"] == [
        ("set-cookie", "a=1; HttpOnly; Path=/"),
        ("set-cookie", "b=2; Max-Age=60"),
    ]


async def test_a_status_that_is_no_number_is_200(caller):
    assert (await caller.http("odd_status")).http.status == 200


async def test_a_response_in_an_output_parameter_is_the_response(caller):
    result = await caller.http("through_out")

    assert (result.datum, result.payload, result.http.status) == ("http", b"through out", 202)


async def test_the_context_tells_who_and_where_the_function_is(caller):
    result = await caller.http("context")

    invocation_id, name, directory, trace_parent, local, thread = result.payload.decode().split("|")
    assert invocation_id == local == "invocation-1"
    assert name == "context"
    assert directory.endswith("/apps/everyday")
    assert trace_parent == "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    assert thread == "worker-1_thread-1"


@sdk_1_only
async def test_a_durable_client_makes_the_check_status_response(caller):
    result = await caller.http("start")

    assert result.http.status == 202
    location = dict(result.http.headers)["Location"]
    assert location == "http://localhost:7071/instances/abc?taskHub=Hub&connection=Storage&code=k"


@sdk_1_only
async def test_a_durable_client_of_another_hub_names_that_hub(caller):
    result = await caller.http("other_hub")

    location = dict(result.http.headers)["Location"]
    assert (
        location == "http://localhost:7071/instances/abc?taskHub=other%20hub&connection=OtherStorage&code=k"
    )


@pytest.mark.parametrize("app", ["asgi", "wsgi"])
async def test_a_web_application_answers_through_the_sdk_s_middleware(start_pool, caller_of, app):
    caller = caller_of(await start_pool(app))
    (function,) = caller.pool.functions

    result = await caller.http(function.name, "POST", b"body", params={"route": "some/path"})

    assert function.route == "/{*route}"
    assert (result.http.status, result.payload) == (200, b"POST body")
