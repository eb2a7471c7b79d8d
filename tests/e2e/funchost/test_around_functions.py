"""Time limit, disabled and unsupported functions, CORS, headers, restart on change.

Source: Azure Functions: host.json, app settings, Core Tools.
"""

import asyncio
import shutil

import pytest

from tests.e2e import hosting
from tests.e2e.durable_host import connect, eventually
from tests.e2e.hosting import HostProcess

FEATURES = hosting.APPS / "features"
PAGE = "http://localhost:3000"


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("features")
    arguments = ("--cors", "https://portal.example")
    with hosting.running(HostProcess(FEATURES, folder, *arguments, RUNS_FOLDER=str(folder))) as host:
        yield host


@pytest.fixture
async def client(shared):
    async with connect(shared.base_url) as client:
        yield client


async def test_a_disabled_function_is_404_and_is_named_at_the_start(client, shared):
    assert (await client.get("/api/disabled")).status == 404
    assert "Function is_disabled is disabled." in shared.log


async def test_a_trigger_that_the_host_does_not_have_is_named_and_the_others_run(client, shared):
    assert (await client.get("/api/say")).status == 200
    assert "'from_queue'" in shared.log
    assert "queueTrigger" in shared.log


async def test_custom_headers_are_on_every_answer_of_a_function(client):
    assert (await client.get("/api/say")).headers["X-Everywhere"] == "yes"


async def test_a_preflight_of_an_allowed_origin_is_answered(client):
    headers = {"Origin": "https://portal.example", "Access-Control-Request-Method": "POST"}

    reply = await client.request("OPTIONS", "/api/say", headers=headers)

    assert reply.status == 204
    assert reply.headers["Access-Control-Allow-Origin"] == "https://portal.example"


async def test_an_allowed_origin_may_read_the_answer(client):
    reply = await client.get("/api/say", headers={"Origin": "https://portal.example"})

    assert (reply.status, reply.headers["Access-Control-Allow-Origin"]) == (200, "https://portal.example")


async def test_a_function_over_the_time_limit_is_500_and_its_worker_is_replaced(start_host):
    host = start_host(app=FEATURES, AzureFunctionsJobHost__functionTimeout="00:00:01")
    async with connect(host.base_url) as client:
        before = (await client.get("/api/who")).json()

        reply = await asyncio.wait_for(client.get("/api/hang"), 10)

        async def is_replaced():
            again = await client.get("/api/who")
            return again.status == 200 and again.json() != before

        assert (reply.status, reply.body) == (500, b"")
        await eventually(is_replaced)
    assert "Timeout value of 00:00:01 exceeded by function 'Functions.hang'" in host.log


async def test_a_change_of_the_sources_restarts_the_app(start_host, tmp_path):
    app = shutil.copytree(FEATURES, tmp_path / "app")
    host = start_host("--watch", app=app)
    script = app / "function_app.py"

    script.write_text(script.read_text().replace("first edition", "second edition"))

    async with connect(host.base_url) as client:

        async def is_new():
            return (await client.get("/api/say")).text == "second edition"

        await eventually(is_new)


async def test_an_app_that_is_broken_by_a_change_comes_back_when_it_is_mended(start_host, tmp_path):
    app = shutil.copytree(FEATURES, tmp_path / "app")
    host = start_host("--watch", app=app)
    script = app / "function_app.py"
    text = script.read_text()

    script.write_text("raise ValueError('broken by hand')\n")
    hosting.until(lambda: "broken by hand" in host.log, 10, lambda: host.log)
    script.write_text(text)

    async with connect(host.base_url) as client:

        async def is_back():
            return (await client.get("/api/say")).status == 200

        await eventually(is_back)
