"""Durable HTTP calls. Source: Durable Functions: HTTP features, call_http."""

import base64
import json
import re

import pytest

from tests.e2e.durable_host import new_id
from tests.e2e.hosting import free_port


async def call(host, path, **more):
    return await host.output("http_call", {"url": f"{host.base_url}{path}", **more})


async def test_a_get_gives_status_headers_and_content(host):
    answer = await call(host, "/api/async")

    assert (answer["statusCode"], answer["content"]) == (200, "from a coroutine")
    assert "Date" in answer["headers"]


async def test_content_headers_are_left_out_of_the_answer_or_not(host, sdk):
    headers = {name.lower() for name in (await call(host, "/api/async"))["headers"]}

    assert {"content-type", "content-length"} & headers == sdk.http_content_headers


async def test_a_post_sends_its_content_as_json_and_its_headers(host):
    answer = await call(
        host,
        "/api/echo",
        method="POST",
        content={"a": 1},
        headers={"Content-Type": "application/json", "X-Mine": "yes"},
    )

    seen = json.loads(answer["content"])
    assert seen["method"] == "POST"
    assert json.loads(base64.b64decode(seen["body"])) == {"a": 1}
    assert seen["headers"]["x-mine"] == "yes"
    assert seen["headers"]["content-type"].startswith("application/json")


@pytest.mark.parametrize("status", [404, 418, 500])
async def test_an_error_status_is_a_result_and_not_a_failure(host, status):
    answer = await call(host, "/api/respond", method="POST", content={"status": status, "body": "no"})

    assert (answer["statusCode"], answer["content"]) == (status, "no")


async def test_a_refused_connection_fails_the_call(host, sdk):
    text = await host.failure("http_call", {"url": f"http://127.0.0.1:{free_port()}/"})

    assert re.match(sdk.uncaught_failure("http_call", ""), text)


async def test_the_call_is_a_built_in_function_in_the_history(host, sdk):
    instance_id = await host.start("http_call", {"url": f"{host.base_url}/api/async"})
    await host.ended(instance_id)

    events = await host.history(instance_id)

    assert events[1]["FunctionName"] == sdk.http_function_name


@pytest.mark.funchost_only
async def test_an_answer_of_202_is_followed_to_its_end(host):
    answer = await call(host, f"/api/job/{new_id()}/3")

    assert (answer["statusCode"], answer["content"]) == (200, "job is done")
