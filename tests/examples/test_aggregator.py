"""Readings that add up."""

import asyncio

from tests.e2e.durable_host import eventually

EXAMPLE = "aggregator"


async def test_its_page_tells_the_truth(page):
    assert await page.run() == 5


async def test_no_reading_of_many_at_once_is_lost(host):
    async def send(number):
        assert (await host.post(f"/api/sensors/busy?celsius={number}")).status == 202

    await asyncio.gather(*(send(number) for number in range(100)))

    async def all_are_counted():
        return (await host.get("/api/sensors/busy")).json()["count"] == 100

    await eventually(all_are_counted)
    assert (await host.get("/api/sensors/busy")).json() == {"count": 100, "lowest": 0.0, "highest": 99.0}


async def test_each_sensor_has_a_state_of_its_own(host):
    await host.post("/api/sensors/north?celsius=1")
    await host.post("/api/sensors/south?celsius=30")

    async def both_are_there():
        return all([(await host.get(f"/api/sensors/{name}")).status == 200 for name in ("north", "south")])

    await eventually(both_are_there)
    assert (await host.get("/api/sensors/south")).json() == {"count": 1, "lowest": 30.0, "highest": 30.0}


async def test_a_sensor_that_is_reset_begins_anew(host):
    await host.post("/api/sensors/cellar?celsius=12")
    await host.delete("/api/sensors/cellar")

    async def is_empty():
        reply = await host.get("/api/sensors/cellar")
        return reply.status == 200 and reply.json() == {"count": 0}

    await eventually(is_empty)
