"""Endpoints about keys. Expectations: Azure Functions host, KeysController."""

from pathlib import Path
from typing import Any

import pytest

from funchost.http.key_file import KeyFile
from tests.http.conftest import Host, OpenHost
from tests.http.fakes import http_function


@pytest.fixture
async def guarded(open_host: OpenHost, tmp_path: Path) -> Host:
    (tmp_path / "keys.json").write_text('{"masterKey": "master"}')
    host = await open_host(keys=KeyFile(tmp_path))
    host.ready([http_function("Hello")])
    return host


async def ask(host: Host, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    headers = {"x-functions-key": "master"}
    url = host.app_url(f"/admin/{path}")
    async with host.client.request(method, url, json=body, headers=headers) as response:
        return response.status, await response.json() if await response.read() else None


async def test_a_function_s_keys_begin_with_a_default_one(guarded: Host) -> None:
    status, shown = await ask(guarded, "GET", "functions/hello/keys")
    (key,) = shown["keys"]
    assert (status, key["name"]) == (200, "default")
    headers = {"x-functions-key": key["value"]}
    async with guarded.client.get(guarded.app_url("/api/Hello"), headers=headers) as response:
        assert response.status != 401


@pytest.mark.parametrize(
    "path", ["functions/hello/keys", "host/functionkeys", "host/keys", "host/systemkeys"]
)
async def test_a_key_is_made_shown_changed_and_removed(guarded: Host, path: str) -> None:
    assert (await ask(guarded, "GET", f"{path}/Phone"))[0] == 404
    status, made = await ask(guarded, "POST", f"{path}/Phone")
    assert (status, made["name"], len(made["value"]) > 40) == (201, "Phone", True)
    assert await ask(guarded, "GET", f"{path}/Phone") == (200, made)
    status, changed = await ask(guarded, "PUT", f"{path}/Phone", {"name": "Phone", "value": "v"})
    assert (status, changed["value"]) == (200, "v")
    assert (await ask(guarded, "DELETE", f"{path}/Phone"))[0] == 204
    assert (await ask(guarded, "DELETE", f"{path}/Phone"))[0] == 404


@pytest.mark.parametrize("body", [None, {}, {"value": ""}, {"value": 1}, {"value": "\ud800"}, []])
async def test_a_key_without_a_value_is_refused(guarded: Host, body: object) -> None:
    status, refusal = await ask(guarded, "PUT", "host/keys/phone", body)
    assert (status, "Send" in refusal["Message"]) == (400, True)


async def test_keys_of_a_function_that_is_not_there_are_a_404(guarded: Host) -> None:
    assert (await ask(guarded, "GET", "functions/nobody/keys"))[0] == 404


async def test_without_auth_there_are_no_keys_to_show(host: Host) -> None:
    host.ready([http_function("hello")])
    for path in ("functions/hello/keys", "host/keys", "host/systemkeys"):
        assert (await ask(host, "GET", path))[0] == 404
