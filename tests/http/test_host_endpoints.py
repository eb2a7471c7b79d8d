"""Endpoints about the host itself. Expectations: Azure Functions host, HostController."""

from tests.http.conftest import Host, OpenHost


async def test_the_status_of_a_host_whose_app_failed_names_the_error(open_host: OpenHost) -> None:
    host = await open_host(ready=False)
    host.front.fail("ValueError: no good")
    async with host.client.get(host.app_url("/admin/host/status")) as response:
        status = await response.json()
    assert (status["state"], status["errors"]) == ("Error", ["ValueError: no good"])
    host.ready([])
    async with host.client.get(host.app_url("/admin/host/status")) as response:
        assert "errors" not in await response.json()


async def test_orders_are_passed_on(host: Host) -> None:
    for path, status in {"drain": 202, "resume": 200, "restart": 200}.items():
        async with host.client.post(host.app_url(f"/admin/host/{path}")) as response:
            assert response.status == status
    assert host.control.orders == ["drain", "resume", "restart"]


async def test_a_host_that_does_not_run_cannot_be_resumed(open_host: OpenHost) -> None:
    host = await open_host(ready=False)
    async with host.client.post(host.app_url("/admin/host/resume")) as response:
        assert (response.status, await response.read()) == (409, b"")


async def test_the_drain_is_completed_when_nothing_runs_any_more(host: Host) -> None:
    async def drain_status() -> dict[str, object]:
        async with host.client.get(host.app_url("/admin/host/drain/status")) as response:
            status: dict[str, object] = await response.json()
            return status

    host.control.in_flight = 2
    assert (await drain_status())["state"] == "Disabled"
    host.control.is_draining = True
    assert await drain_status() == {
        "state": "InProgress",
        "outstandingInvocations": 2,
        "outstandingRetries": 0,
    }
    host.control.in_flight = 0
    assert (await drain_status())["state"] == "Completed"


async def test_the_settings_in_force_are_shown_under_their_names_in_host_json(host: Host) -> None:
    async with host.client.get(host.app_url("/admin/host/config")) as response:
        config = await response.json()
    assert config["extensions"]["durableTask"]["hubName"] == "Hub"
    assert config["extensions"]["http"]["routePrefix"] == "api"
    assert config["extensions"]["http"]["maxConcurrentRequests"] == -1


async def test_the_worker_processes_are_listed(host: Host) -> None:
    async with host.client.get(host.app_url("/admin/host/processes")) as response:
        processes = (await response.json())["processes"]
    assert [each["processId"] for each in processes] == [41, 42]
