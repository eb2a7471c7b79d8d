"""The host's own endpoints. Expectations: Azure Functions host, admin API."""

import asyncio

import pytest

from funchost.worker.invocations import Invocation, InvocationResult
from tests.http.conftest import Host, OpenHost
from tests.http.fakes import http_function, returned


async def test_the_landing_page_says_that_the_host_runs_and_names_no_function(host: Host) -> None:
    host.serve(lambda _: returned(b""), "secret_function")
    async with host.client.get(host.app_url("/")) as response:
        page = await response.text()
    assert response.status == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "Your functions are running" in page
    assert "secret_function" not in page


async def test_the_landing_page_can_be_switched_off(open_host: OpenHost) -> None:
    host = await open_host(environment={"AzureWebJobsDisableHomepage": "true"})
    async with host.client.get(host.app_url("/")) as response:
        assert (response.status, await response.read()) == (204, b"")


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_ping_is_an_empty_200_that_nobody_caches(host: Host, method: str) -> None:
    async with host.client.request(method, host.app_url("/admin/host/ping")) as response:
        assert (response.status, await response.read()) == (200, b"")
        assert "no-store" in response.headers["Cache-Control"]


async def test_the_status_tells_state_version_and_a_stable_id(host: Host) -> None:
    async with host.client.get(host.app_url("/Admin/Host/Status/")) as response:
        status = await response.json()
    assert status["state"] == "Running"
    assert 0 < len(status["id"]) <= 32
    assert status["id"] == status["id"].lower()
    assert isinstance(status["processUptime"], int)


async def test_functions_are_listed_by_name_with_their_urls(host: Host) -> None:
    activity = http_function("Act", trigger="activityTrigger", route=None)
    host.ready([http_function("hello", route="Greet/{Name}"), activity])
    async with host.client.get(host.app_url("/admin/functions")) as response:
        listed = await response.json()
    assert [each["name"] for each in listed] == [
        *("Act", "counter", "fan_out_fan_in", "hello", "hello_orchestrator")
    ]
    first, second = listed[0], listed[3]
    base = host.app_url("")
    assert first["invoke_url_template"] is None
    assert second["invoke_url_template"] == f"{base}/api/greet/{{name}}"
    assert second["href"] == f"{base}/admin/functions/hello"
    assert second["config"]["bindings"][0]["type"] == "httpTrigger"
    assert list(second) == [
        "name",
        "script_root_path_href",
        "script_href",
        "config_href",
        "test_data_href",
        "href",
        "invoke_url_template",
        "language",
        "config",
        "files",
        "test_data",
        "isDisabled",
        "isDirect",
        "isProxy",
    ]


async def test_one_function_is_found_without_case(host: Host) -> None:
    host.ready([http_function("hello", error="broken")])
    async with host.client.get(host.app_url("/admin/functions/HELLO")) as response:
        assert (await response.json())["name"] == "hello"
    async with host.client.get(host.app_url("/admin/functions/hello/status")) as response:
        assert await response.json() == {"errors": ["broken"]}


@pytest.mark.parametrize("path", ["", "functions/nope", "functions/hello/nope", "host/keys", "nope"])
async def test_what_is_not_there_is_an_empty_404(host: Host, path: str) -> None:
    host.ready([http_function("hello")])
    async with host.client.get(host.app_url(f"/admin/{path}")) as response:
        assert (response.status, await response.read()) == (404, b"")


@pytest.mark.parametrize(
    ("trigger", "body", "datum", "payload"),
    [
        ("activityTrigger", {"input": "Tokyo"}, "string", b"Tokyo"),
        ("activityTrigger", {"input": {"a": 1}}, "string", b'{"a": 1}'),
        ("activityTrigger", {}, "string", b""),
        ("timerTrigger", {"input": ""}, "json", b"timer work"),
        ("timerTrigger", {"input": "ignored"}, "json", b"timer work"),
    ],
)
async def test_a_function_run_by_hand_is_accepted_before_it_ends(
    host: Host, trigger: str, body: dict[str, object], datum: str, payload: bytes
) -> None:
    entered, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_: Invocation) -> InvocationResult:
        entered.set()
        await go_on.wait()
        return returned(b"")

    host.serve(slow, "work", trigger=trigger)
    async with host.client.post(host.app_url("/admin/functions/work"), json=body) as response:
        assert (response.status, await response.read()) == (202, b"")
    await entered.wait()
    assert host.pool.finished == []
    go_on.set()
    assert (host.pool.invocations[0].datum, host.pool.invocations[0].payload) == (datum, payload)


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [("text/plain", b"x", 415), ("application/json", b"null", 400), ("application/json", b"{", 400)],
)
async def test_a_run_by_hand_needs_a_json_object(
    host: Host, content_type: str, body: bytes, status: int
) -> None:
    host.ready([http_function("work", trigger="activityTrigger")])
    headers = {"Content-Type": content_type}
    url = host.app_url("/admin/functions/work")
    async with host.client.post(url, data=body, headers=headers) as response:
        assert response.status == status
    assert host.pool.invocations == []
