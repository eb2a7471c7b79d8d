"""What a function sees of a request, and what a client sees of its answer.

Source: HTTP trigger and output: Python types, conversion of responses.
"""

import asyncio
import base64
import os

import aiohttp
import pytest


async def test_headers_come_with_lower_case_names_and_repeated_ones_joined(host):
    headers = [("X-One", "1"), ("X-Many", "a"), ("X-Many", "b"), ("X-Empty", "")]

    seen = (await host.get("/api/echo", headers=headers)).json()["headers"]

    assert seen["x-one"] == "1"
    assert [part.strip() for part in seen["x-many"].split(",")] == ["a", "b"]
    assert seen["x-empty"] == ""


@pytest.mark.parametrize(
    ("query", "params"),
    [
        ("a=1&b=%C3%BC%20x", {"a": "1", "b": "ü x"}),
        ("a=1+2", {"a": "1 2"}),
        ("a=1&a=2", {"a": "1,2"}),
        ("a=&b=1", {"b": "1"}),
        ("Case=1", {"Case": "1"}),
        ("a=x%26y%3Dz", {"a": "x&y=z"}),
    ],
)
async def test_query_parameters_are_decoded_repeats_are_joined_and_empty_ones_dropped(host, query, params):
    reply = await host.get(f"/api/echo?{query}")

    assert reply.json()["params"] == params


async def test_the_url_has_the_host_that_the_client_asked_for(host):
    reply = await host.get("/api/echo?a=%20b", headers={"Host": "localhost:1234"})

    assert reply.json()["url"] == "http://localhost:1234/api/echo?a=%20b"


async def test_a_function_sees_the_bytes_of_the_body(host):
    body = bytes(range(256))

    reply = await host.post("/api/echo", data=body)

    assert base64.b64decode(reply.json()["body"]) == body


async def test_a_body_of_a_megabyte_goes_there_and_back_unchanged(host):
    body = os.urandom(1_000_000)

    reply = await host.post("/api/mirror", data=body)

    assert reply.body == body
    assert reply.headers["Content-Type"] == "application/octet-stream"


async def test_a_json_body_is_read_as_json(host):
    reply = await host.post("/api/json", json={"a": [1, "ü"]})

    assert reply.json() == {"json": {"a": [1, "ü"]}}


@pytest.mark.parametrize("body", [b"", b"{", b"\xff"])
async def test_a_body_that_is_not_json_raises_value_error_in_the_function(host, body):
    reply = await host.post("/api/json", data=body)

    assert (reply.status, reply.json()) == (400, {"error": "HTTP request does not contain valid JSON data"})


async def test_a_multipart_form_has_fields_and_files(host):
    form = aiohttp.FormData()
    form.add_field("name", "value")
    form.add_field("file", b"content", filename="a.txt", content_type="text/plain")

    reply = await host.post("/api/form", data=form)

    assert reply.json() == {"form": {"name": "value"}, "files": {"file": "content"}}


async def test_a_urlencoded_form_has_fields(host):
    reply = await host.post("/api/form", data={"a": "1 2", "b": "ü"})

    assert reply.json() == {"form": {"a": "1 2", "b": "ü"}, "files": {}}


async def test_an_asynchronous_function_answers(host):
    assert (await host.get("/api/async")).text == "from a coroutine"


async def test_status_headers_and_body_of_a_response_reach_the_client(host):
    wanted = {"status": 418, "headers": {"X-Mine": "yes", "Content-Type": "text/css"}, "body": "a{}"}

    reply = await host.post("/api/respond", json=wanted)

    assert (reply.status, reply.text) == (418, "a{}")
    assert reply.headers["X-Mine"] == "yes"
    assert reply.headers["Content-Type"].startswith("text/css")


async def test_a_response_is_plain_text_in_utf_8_by_default(host):
    reply = await host.post("/api/respond", json={"body": "żółć"})

    assert reply.text == "żółć"
    assert reply.headers["Content-Type"].lower().replace(" ", "") == "text/plain;charset=utf-8"


@pytest.mark.parametrize("status", [204, 304])
async def test_statuses_that_forbid_a_body_have_none(host, status):
    reply = await host.post("/api/respond", json={"status": status})

    assert (reply.status, reply.body) == (status, b"")


async def test_every_cookie_of_a_response_is_kept(host):
    reply = await host.get("/api/cookies")

    names = [cookie.split("=")[0] for cookie in reply.headers.getall("Set-Cookie")]
    assert sorted(names) == ["a", "b"]


@pytest.mark.parametrize(
    ("returned", "body"),
    [
        ("just text", "just text"),
        ('"abc"', "abc"),
        ("true", "True"),
        ("null", ""),
        ('{"a":1}', '{\r\n  "a": 1\r\n}'),
    ],
)
async def test_a_returned_str_is_read_as_json_when_it_is_json(host, returned, body):
    reply = await host.post("/api/text", data=returned.encode())

    assert reply.status == 200
    assert reply.text.replace("\r\n", "\n") == body.replace("\r\n", "\n")


async def test_a_returned_str_that_describes_a_response_becomes_that_response(host):
    returned = b'{"body": "made", "statusCode": 201, "headers": {"X-Mine": "yes"}}'

    reply = await host.post("/api/text", data=returned)

    assert (reply.status, reply.text, reply.headers["X-Mine"]) == (201, "made", "yes")


@pytest.mark.parametrize("path", ["raise", "nothing", "object"])
async def test_an_exception_or_a_value_that_is_no_response_is_500_without_a_body(host, path):
    reply = await host.get(f"/api/{path}")

    assert (reply.status, reply.body) == (500, b"")


async def test_the_invocation_context_names_the_function_and_the_invocation(host):
    first, second = [(await host.get("/api/about")).json() for _ in range(2)]

    assert first["function"] == "about_invocation"
    assert len(first["invocation"]) == 36
    assert first["invocation"] != second["invocation"]


async def test_values_of_local_settings_are_in_the_environment_of_functions(host):
    reply = await host.get("/api/setting/CONFORMANCE_SETTING")

    assert reply.json() == {"value": "set by local.settings.json"}


async def test_a_name_in_percent_signs_in_a_binding_is_an_app_setting(host):
    assert (await host.get("/api/hub-of-client")).json() == "Conformance"


async def test_requests_run_side_by_side(host):
    begin = asyncio.get_running_loop().time()

    replies = await asyncio.gather(*(host.get("/api/block/0.3") for _ in range(10)))

    assert {reply.status for reply in replies} == {200}
    assert asyncio.get_running_loop().time() - begin < 10 * 0.3 / 2
