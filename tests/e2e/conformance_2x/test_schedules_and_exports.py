"""What SDK 2.x builds from entities and orchestrations: scheduled tasks, and the export of histories.

Source: durabletask: scheduled, extensions.history_export.
"""

import asyncio

from tests.e2e.durable_host import eventually, new_id


async def test_a_schedule_starts_its_orchestration_until_it_is_paused_and_deleted(host):
    name, given = f"schedule-{new_id()}", new_id()

    async def runs():
        items = await host.listing("runtimeStatus=Completed&top=1000")
        return sum(item["name"] == "give" and item["input"] == given for item in items)

    created = await host.post(f"/api/schedules/{name}", json={"name": "give", "input": given})
    await eventually(runs, 10)
    paused = await host.post(f"/api/schedules/{name}", json={"do": "pause"})
    so_many = await runs()
    # Longer than the interval, in which a schedule that still runs would start another one.
    await asyncio.sleep(1.2)
    still = await runs()
    deleted = await host.post(f"/api/schedules/{name}", json={"do": "delete"})

    assert (created.json(), paused.json(), deleted.json()) == ("ACTIVE", "PAUSED", None)
    assert still == so_many


async def test_histories_are_exported(host):
    container = f"export-{new_id()}"
    instance_id = await host.start("give", {"a": 1})
    await host.ended(instance_id)

    reply = await host.post(f"/api/exports/{container}")

    assert reply.json() == "COMPLETED"
    assert instance_id in (await host.get(f"/api/exports/{container}")).json()
