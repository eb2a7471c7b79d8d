"""Keys at the door of the public port. Expectations: Azure Functions host, authorization levels and keys."""

import json
from pathlib import Path

import pytest

from funchost.http.key_file import KeyFile
from funchost.settings import Cors
from tests.http.conftest import Host, OpenHost
from tests.http.fakes import http_function, instance, returned


@pytest.fixture
def keys(tmp_path: Path) -> KeyFile:
    document = {
        "masterKey": "master",
        "functionKeys": {"default": "host"},
        "systemKeys": {"durabletask_extension": "durable"},
        "functions": {"hello": {"default": "hello's"}, "other": {"default": "other's"}},
    }
    (tmp_path / "keys.json").write_text(json.dumps(document))
    return KeyFile(tmp_path)


@pytest.fixture
async def guarded(open_host: OpenHost, keys: KeyFile) -> Host:
    """A host that asks for keys, with a function of each level."""
    host = await open_host(keys=keys, enable_auth=True)
    levels = {"open": "anonymous", "hello": "FUNCTION", "private": "admin"}
    for name in levels:
        host.pool.functions[name] = lambda _: returned(b"fine")
    host.ready(
        [
            *(http_function(name, auth_level=level) for name, level in levels.items()),
            http_function("off", auth_level="anonymous", disabled=True),
        ]
    )
    host.pool.functions["off"] = lambda _: returned(b"fine")
    return host


async def status(host: Host, path: str, key: str | None = None, method: str = "GET") -> int:
    headers = {} if key is None else {"x-functions-key": key}
    async with host.client.request(method, host.app_url(path), headers=headers) as response:
        if response.status == 401:
            assert await response.read() == b""
        return response.status


@pytest.mark.parametrize(
    ("path", "keys_that_open"),
    [
        ("/api/open", {None, "wrong", "hello's", "other's", "host", "durable", "master"}),
        ("/api/hello", {"hello's", "host", "master"}),
        ("/api/private", {"master"}),
        ("/admin/host/status", {"master"}),
        ("/admin/functions", {"master"}),
        ("/admin/nowhere", set()),
        ("/admin/host/ping", {None, "wrong", "hello's", "other's", "host", "durable", "master"}),
        ("/runtime/webhooks/durabletask/instances", {"durable", "master"}),
    ],
)
async def test_each_door_opens_for_its_keys(
    guarded: Host, path: str, keys_that_open: set[str | None]
) -> None:
    every_key = [None, "wrong", "hello's", "other's", "host", "durable", "master"]
    statuses = {key: await status(guarded, path, key) for key in every_key}
    opened = {key for key, code in statuses.items() if code == 200}
    assert opened == keys_that_open
    refused = {code for key, code in statuses.items() if key not in opened}
    assert refused <= ({401, 404} if path == "/admin/nowhere" else {401})


async def test_a_key_may_come_in_the_query_and_the_header_wins(guarded: Host) -> None:
    assert await status(guarded, "/api/hello?code=host") == 200
    assert await status(guarded, "/api/hello?CODE=host") == 200
    assert await status(guarded, "/api/hello?code=wrong&code=host") == 401
    assert await status(guarded, "/api/hello?code=host", key="wrong") == 401
    assert await status(guarded, "/api/hello?code=wrong", key="host") == 200


async def test_what_is_not_there_is_a_404_before_any_key_is_asked_for(guarded: Host) -> None:
    assert await status(guarded, "/api/nobody") == 404
    assert await status(guarded, "/runtime/webhooks/other") == 404
    assert await status(guarded, "/") == 200


async def test_a_disabled_function_runs_for_the_administrator_only(guarded: Host) -> None:
    assert await status(guarded, "/api/off") == 404
    assert await status(guarded, "/api/off", "host") == 404
    assert await status(guarded, "/api/off", "master") == 200


async def test_without_keys_everything_is_open_but_disabled_functions_are_off(host: Host) -> None:
    host.pool.functions["hello"] = host.pool.functions["off"] = lambda _: returned(b"fine")
    host.ready([http_function("hello", auth_level="ADMIN"), http_function("off", disabled=True)])
    assert await status(host, "/api/hello") == 200
    assert await status(host, "/admin/host/status") == 200
    assert await status(host, "/api/off") == 404


async def test_urls_carry_the_system_key(guarded: Host) -> None:
    url = guarded.durable_url("orchestrators/hello_orchestrator?code=durable")
    async with guarded.client.post(url) as response:
        payload = await response.json()
    urls = [value for name, value in payload.items() if name != "id"]
    assert all("code=durable" in url for url in urls)
    async with guarded.client.get(payload["statusQueryGetUri"]) as response:
        assert response.status == 202


async def test_the_workers_need_no_key_on_their_own_port(guarded: Host) -> None:
    guarded.hub.put(instance("abc"))
    async with guarded.client.get(f"{guarded.front.rpc_base_url}instances/abc") as response:
        assert response.status == 202
    async with guarded.client.post(
        f"{guarded.front.rpc_base_url}orchestrators/hello_orchestrator"
    ) as response:
        assert "code=durable" in (await response.json())["statusQueryGetUri"]


async def test_a_key_that_is_changed_in_the_file_counts_from_then_on(guarded: Host, keys: KeyFile) -> None:
    keys.path.write_text(keys.path.read_text().replace('"host"', '"changed"'))
    assert await status(guarded, "/api/hello", "changed") == 200
    assert await status(guarded, "/api/hello", "host") == 401


async def test_a_browser_s_question_before_the_request_needs_no_key(
    open_host: OpenHost, keys: KeyFile
) -> None:
    host = await open_host(keys=keys, cors=Cors(("http://page.example",)))
    headers = {"Origin": "http://page.example", "Access-Control-Request-Method": "GET"}
    async with host.client.options(host.app_url("/api/hello"), headers=headers) as response:
        assert response.status == 204
