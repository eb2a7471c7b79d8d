"""app_offline.htm. Expectations: Azure Functions host, offline state."""

import json

import pytest

from tests.http.conftest import Host, OpenHost
from tests.http.fakes import returned


@pytest.mark.parametrize("path", ["/", "/api/hello", "/runtime/webhooks/durabletask/instances"])
async def test_while_the_file_is_there_every_request_gets_it(host: Host, path: str) -> None:
    host.serve(lambda _: returned(b"fine"))
    page = host.settings.script_root / "app_offline.htm"
    page.write_text("<p>back at noon</p>")
    async with host.client.get(host.app_url(path)) as response:
        assert (response.status, await response.text()) == (503, "<p>back at noon</p>")
        assert response.headers["Content-Type"] == "text/html"
    async with host.client.get(host.app_url("/admin/host/status")) as response:
        assert (await response.json())["state"] == "Offline"
    page.unlink()
    async with host.client.get(host.app_url("/api/hello")) as response:
        assert await response.text() == "fine"


async def test_the_state_can_be_changed_from_outside(host: Host) -> None:
    page = host.settings.script_root / "app_offline.htm"
    assert await _put_state(host, "Running") == 200
    assert await _put_state(host, "offline") == 202
    assert page.exists()
    assert await _put_state(host, "offline") == 200
    assert await _put_state(host, "running") == 202
    assert not page.exists()
    assert host.control.orders == ["restart", "restart"]


@pytest.mark.parametrize("state", ["stopped", 1, None, {}])
async def test_no_other_state_can_be_asked_for(host: Host, state: object) -> None:
    assert await _put_state(host, state) == 400
    assert host.control.orders == []


async def test_a_host_that_failed_is_not_made_to_run_by_saying_so(open_host: OpenHost) -> None:
    host = await open_host(ready=False)
    host.front.fail("broken")
    assert await _put_state(host, "running") == 400


async def _put_state(host: Host, state: object) -> int:
    async with host.client.put(host.app_url("/admin/host/state"), data=json.dumps(state)) as response:
        return response.status
