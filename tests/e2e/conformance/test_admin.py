"""Admin endpoints. Source: Azure Functions host: admin API; manually run a non-HTTP function."""

from tests.e2e.durable_host import eventually, new_id


async def test_a_ping_is_answered_without_a_body(host):
    reply = await host.get("/admin/host/ping")

    assert (reply.status, reply.body) == (200, b"")


async def test_the_host_says_that_it_runs(host):
    status = (await host.get("/admin/host/status")).json()

    assert status["state"] == "Running"
    assert status["id"]
    assert status["version"]


async def test_functions_are_listed_with_their_urls_and_bindings(host):
    items = {item["name"]: item for item in (await host.get("/admin/functions")).json()}

    assert items["only_get"]["invoke_url_template"].endswith("/api/only/get")
    assert items["double"]["invoke_url_template"] is None
    assert items["double"]["config"]["bindings"][0]["type"] == "activityTrigger"
    assert items["double"]["language"] == "python"


async def test_one_function_is_described(host):
    assert (await host.get("/admin/functions/double")).json()["name"] == "double"


async def test_a_function_that_does_not_exist_is_404(host):
    assert (await host.get("/admin/functions/nobody")).status == 404


async def test_an_activity_is_run_by_hand(host):
    key = new_id()

    reply = await host.post("/admin/functions/count", json={"input": key})

    async def has_run():
        return (await host.get(f"/api/tally/{key}")).json() == 1

    assert reply.status == 202
    await eventually(has_run, 10)


async def test_the_landing_page_is_html(host):
    reply = await host.get("/")

    assert reply.status == 200
    assert reply.headers["Content-Type"].startswith("text/html")
