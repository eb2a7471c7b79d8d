"""The host dies, and starts again over the same task hub: nothing that was acknowledged is lost.

Source: Durable Functions: reliability of orchestrations.
"""

import asyncio
import random
import signal
import time

import aiohttp
import pytest

from tests.e2e import hosting
from tests.e2e.durable_host import connect, new_id

ROUNDS = 6


async def test_an_instance_continues_where_it_was_when_the_host_died_in_a_step(start_host, first_run):
    host = start_host()
    async with connect(host.base_url) as client:
        instance_id = await client.start("steps", [{"key": "a"}, {"key": "b", "first": 60}, {"key": "c"}])
        await first_run("b")

    host.kill_everything()
    host.start()

    async with connect(host.base_url) as client:
        assert (await client.ended(instance_id))["output"] == [1, 2, 1]


async def test_an_instance_that_waits_for_an_event_still_waits_after_a_crash(start_host):
    host = start_host()
    async with connect(host.base_url) as client:
        instance_id = await client.start("events", 2)
        await client.raise_event(instance_id, "add", 1)

    host.kill_everything()
    host.start()

    async with connect(host.base_url) as client:
        await client.raise_event(instance_id, "add", 2)
        assert (await client.ended(instance_id))["output"] == [1, 2]


async def test_a_timer_that_became_due_while_the_host_was_dead_fires_at_the_start(start_host):
    host = start_host()
    async with connect(host.base_url) as client:
        instance_id = await client.start("timer", 0.5)
        await client.running(instance_id)
    due = time.time() + 0.5

    host.kill_everything()
    hosting.until(lambda: time.time() > due, 5, lambda: "The timer is not due yet.")
    host.start()

    async with connect(host.base_url) as client:
        assert (await client.ended(instance_id))["output"] == "fired"


async def test_a_suspended_instance_stays_suspended_over_a_crash(start_host):
    host = start_host()
    async with connect(host.base_url) as client:
        instance_id = await client.start("events", 1)
        await client.operate(instance_id, "suspend")
        await client.status_when(instance_id, lambda status: status["runtimeStatus"] == "Suspended")

    host.kill_everything()
    host.start()

    async with connect(host.base_url) as client:
        assert (await client.instance(instance_id)).json()["runtimeStatus"] == "Suspended"


async def test_no_worker_outlives_its_host(start_host):
    host = start_host(FUNCTIONS_WORKER_PROCESS_COUNT="2")
    workers = host.processes()
    assert len(workers) >= 2

    host.signal(signal.SIGKILL)

    hosting.until(lambda: not hosting.alive(workers), 5, lambda: str(hosting.alive(workers)))


@pytest.mark.timeout(120)
async def test_every_acknowledged_start_and_event_survives_kills_at_any_moment(make_host):
    """Starts and events rain on the host until it is killed; after the last start all are there."""
    host = make_host()
    host.start()
    collector = new_id()
    async with connect(host.base_url) as client:
        await client.start("generations", [], collector)
    acknowledged: dict[str, list[str]] = {"starts": [], "events": []}
    for _ in range(ROUNDS):
        await rain(host, collector, acknowledged)
        host.start()

    async with connect(host.base_url, limit=60) as client:
        await client.raise_event(collector, "add", None)
        ended = [await client.ended(instance_id) for instance_id in acknowledged["starts"]]
        collected = (await client.ended(collector))["output"]

    assert len(acknowledged["starts"]) > ROUNDS
    assert {status["runtimeStatus"] for status in ended} == {"Completed"}
    assert set(acknowledged["events"]) <= set(collected)
    assert len(collected) == len(set(collected))


async def rain(host, collector, acknowledged):
    """Send starts and events until the host is killed, at a random moment; note what it accepted."""

    async def pour(client, kind):
        while True:
            name = new_id()
            try:
                if kind == "starts":
                    await client.start("steps", [{"key": name}], name)
                else:
                    await client.raise_event(collector, "add", name)
            except (aiohttp.ClientError, TimeoutError):
                return
            acknowledged[kind].append(name)
            await asyncio.sleep(0.005)

    async with connect(host.base_url) as client:
        pouring = [asyncio.create_task(pour(client, kind)) for kind in ("starts", "starts", "events")]
        await asyncio.sleep(random.uniform(0.02, 0.4))
        host.kill_everything()
        await asyncio.gather(*pouring)


async def test_a_fan_out_survives_kills_at_any_moment(make_host):
    host = make_host()
    host.start()
    tasks = [{"key": f"t{number}", "first": 0.02, "seconds": 0.02} for number in range(60)]
    async with connect(host.base_url) as client:
        instance_id = await client.start("steps_at_once", tasks)

    for _ in range(3):
        await asyncio.sleep(random.uniform(0, 0.1))
        host.kill_everything()
        host.start()

    async with connect(host.base_url) as client:
        assert len((await client.ended(instance_id))["output"]) == 60
        kinds = [event["EventType"] for event in await client.history(instance_id)]
        assert kinds.count("TaskCompleted") == 60


def test_a_new_data_folder_is_readable_by_its_owner_only(start_host, tmp_path):
    start_host()

    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
