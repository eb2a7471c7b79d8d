"""How a host stops. Source: funchost start: Ctrl+C and SIGTERM."""

import asyncio
import signal
import socket
import time

import pytest

from tests.e2e import hosting
from tests.e2e.durable_host import connect


@pytest.mark.parametrize("instances", ["1", "2"])
@pytest.mark.parametrize("how", ["SIGTERM", "Ctrl+C"])
def test_a_stop_ends_with_code_0_and_leaves_nothing_behind(start_host, how, instances):
    host = start_host("--instances", instances, FUNCTIONS_WORKER_PROCESS_COUNT="2")
    processes = host.processes()

    host.interrupt() if how == "Ctrl+C" else host.signal(signal.SIGTERM)

    assert host.wait(5) == 0
    hosting.until(lambda: not hosting.alive(processes), 2, lambda: str(hosting.alive(processes)))
    with socket.create_server(("127.0.0.1", host.port)):
        pass


async def test_a_stop_waits_for_the_activity_that_runs(start_host, runs, first_run):
    host = start_host()
    async with connect(host.base_url) as client:
        instance_id = await client.start("steps", [{"key": "a", "first": 1}])
        await first_run("a")

    host.signal(signal.SIGTERM)
    assert host.wait() == 0
    host.start()

    async with connect(host.base_url) as client:
        assert (await client.ended(instance_id))["output"] == [1]
    assert len(runs("a")) == 1


async def test_a_stop_waits_for_the_request_that_runs(start_host, first_run):
    host = start_host()
    async with connect(host.base_url) as client:
        request = asyncio.create_task(client.get("/api/hold/request/1"))
        await first_run("request")

        host.signal(signal.SIGTERM)

        assert (await request).text == "held"
    assert host.wait() == 0


async def test_a_stop_takes_no_new_work(start_host, runs, first_run):
    host = start_host()
    async with connect(host.base_url) as client:
        instance_id = await client.start("steps", [{"key": "a", "first": 1}, {"key": "b"}])
        await first_run("a")

    host.signal(signal.SIGTERM)
    host.wait()

    assert runs("b") == []
    host.start()
    async with connect(host.base_url) as client:
        assert (await client.ended(instance_id))["output"] == [1, 1]


@pytest.mark.parametrize("instances", ["1", "2"])
async def test_a_second_ctrl_c_stops_at_once(start_host, instances, first_run):
    host = start_host("--instances", instances, "--verbose")
    async with connect(host.base_url) as client:
        await client.start("steps", [{"key": "a", "first": 60}])
        await first_run("a")
    processes = host.processes()

    host.interrupt()
    hosting.until(lambda: "Stopping" in host.log, 5, lambda: host.log)
    began = time.monotonic()
    host.interrupt()

    assert host.wait(3) != 0
    hosting.until(lambda: not hosting.alive(processes), 2, lambda: str(hosting.alive(processes)))
    assert time.monotonic() - began < 3


async def test_a_stop_does_not_wait_for_ever(start_host, first_run):
    host = start_host()
    async with connect(host.base_url) as client:
        await client.start("steps", [{"key": "a", "first": 60}])
        await first_run("a")

    host.signal(signal.SIGTERM)

    assert host.wait(20) == 0


@pytest.mark.parametrize(
    ("seconds", "how"), [(0, "SIGTERM"), (0.1, "Ctrl+C"), (0.2, "SIGTERM"), (0.3, "Ctrl+C")]
)
def test_a_stop_at_any_moment_of_the_start_ends_with_code_0(make_host, seconds, how):
    host = make_host()
    host.launch()
    hosting.until(lambda: host.log.strip(), 5, lambda: "no output")
    time.sleep(seconds)
    processes = host.processes()

    host.interrupt() if how == "Ctrl+C" else host.signal(signal.SIGTERM)

    assert host.wait(10) == 0
    hosting.until(lambda: not hosting.alive(processes), 2, lambda: str(hosting.alive(processes)))
