"""Several host instances over one port and one task hub. Source: funchost start --instances."""

import asyncio
import os
import signal

import pytest

from tests.e2e import hosting
from tests.e2e.durable_host import connect, eventually
from tests.e2e.hosting import HostProcess

THREE = {"i1", "i2", "i3"}
ARGUMENTS = ("--instances", "3")
TWO_ACTIVITIES = {"AzureFunctionsJobHost__extensions__durableTask__maxConcurrentActivityFunctions": "2"}


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    """Three instances that nobody kills."""
    folder = tmp_path_factory.mktemp("three")
    host = HostProcess(
        hosting.APPS / "crashes", folder, *ARGUMENTS, RUNS_FOLDER=str(folder), **TWO_ACTIVITIES
    )
    with hosting.running(host):
        yield host


@pytest.fixture
def mortal_three(start_host):
    """Three instances of one test's own."""
    return start_host(*ARGUMENTS, **TWO_ACTIVITIES)


async def test_requests_reach_every_instance(three):
    seen = set()

    async def all_seen():
        async with connect(three.base_url) as client:
            seen.add((await client.get("/api/who")).json()["instance"])
        return seen == THREE

    await eventually(all_seen)


async def test_work_that_is_started_through_one_is_run_by_all(three):
    async with connect(three.base_url) as client:
        assert set(await client.output("spread", [60, 0.05])) == THREE


async def test_the_limit_of_activities_bounds_each_instance(three):
    async with connect(three.base_url) as client:
        clock = asyncio.get_running_loop().time
        began = clock()
        await client.output("spread", [12, 0.4])

        # Three instances with two activities each: twelve of them take two turns.
        assert clock() - began >= 0.8


async def test_an_event_that_comes_through_any_instance_reaches_the_orchestrator(three):
    async with connect(three.base_url) as client:
        instance_id = await client.start("events", 9)

    async def send(number):
        async with connect(three.base_url) as client:
            await client.raise_event(instance_id, "add", number)

    await asyncio.gather(*(send(number) for number in range(9)))

    async with connect(three.base_url) as client:
        assert sorted((await client.ended(instance_id))["output"]) == list(range(9))


async def test_the_work_of_an_instance_that_dies_is_taken_over(mortal_three, runs):
    tasks = [{"key": f"t{number}", "first": 60} for number in range(6)]
    async with connect(mortal_three.base_url, limit=40) as client:
        instance_id = await client.start("steps_at_once", tasks)

        async def all_run():
            return all(runs(task["key"]) for task in tasks)

        await eventually(all_run)
        hosts = {run.host for task in tasks for run in runs(task["key"])}
        assert len(hosts) == 3

        for host in hosts:
            os.kill(host, signal.SIGKILL)

        assert (await client.ended(instance_id))["output"] == [2] * 6


async def test_an_instance_that_dies_is_replaced(mortal_three):
    async with connect(mortal_three.base_url) as client:
        told = (await client.get("/api/who")).json()
    os.kill(told["host"], signal.SIGKILL)

    async def is_back():
        async with connect(mortal_three.base_url) as client:
            again = (await client.get("/api/who")).json()
            return again["instance"] == told["instance"] and again["host"] != told["host"]

    await eventually(is_back)


def test_an_instance_that_is_killed_while_it_starts_is_replaced(make_host):
    host = make_host(*ARGUMENTS)
    host.launch()
    hosting.until(lambda: len(host.workers()) > 0, 10, lambda: host.log)

    os.kill(host.workers()[-1].ppid(), signal.SIGKILL)

    hosting.until(lambda: "with 3 host instances" in host.log, 15, lambda: host.log)
    assert host.exit_code is None


async def test_requests_are_answered_while_an_instance_is_dead(mortal_three):
    async with connect(mortal_three.base_url) as client:
        os.kill((await client.get("/api/who")).json()["host"], signal.SIGKILL)

    async def ask():
        async with connect(mortal_three.base_url) as client:
            return (await client.get("/api/who")).status

    assert set(await asyncio.gather(*(ask() for _ in range(30)))) == {200}
