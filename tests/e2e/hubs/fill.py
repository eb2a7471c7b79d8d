"""Fills the hub of a host that serves tests/e2e/apps/kept: python -m tests.e2e.hubs.fill URL FOLDER.

When it ends, every instance is where the tests of older hubs expect it, and FOLDER/statuses.json has what
the host showed of those that have ended.
"""

import asyncio
import json
import sys
from pathlib import Path

from tests.e2e.durable_host import WEBHOOKS, DurableHost, connect

ENDED = ("completed", "failed", "failed-parent", "failed-kid", "terminated", "replaced")
EVERYTHING = "?showInput=true&showHistory=true&showHistoryOutput=true"


async def end_some(client: DurableHost) -> None:
    await client.start("short_chain", "ü\U0001f600", "completed")
    await client.start("failing", None, "failed")
    await client.start("failing_parent", None, "failed-parent")
    await client.start("nap", None, "terminated")
    await client.running("terminated")
    await client.operate("terminated", "terminate?reason=enough")
    for number in range(2):
        await client.start("echo", number, "replaced")
        await client.ended("replaced")
    for name in ENDED:
        await client.ended(name)


async def leave_some_under_way(client: DurableHost) -> None:
    names = ("chain", "two_events", "nap", "race", "retry", "fan_out", "parent")
    for name in names:
        await client.start(name, {"of": name}, name)
    await client.start("two_events", None, "suspended")
    await client.start("count", 0, "count")
    for name in (*names, "suspended", "count"):
        await client.running(name)
    await client.raise_event("two_events", "Held", "came first")
    await client.raise_event("count", "Other", "for nobody")
    await client.operate("suspended", "suspend?reason=a%20break")
    await client.status_when("suspended", lambda status: status["runtimeStatus"] == "Suspended")
    await client.raise_event("suspended", "Go", 1)
    await client.raise_event("suspended", "Held", 2)


async def use_entities(client: DurableHost) -> None:
    async def signal(entity: str, operation: str, value: object = None) -> None:
        body = json.dumps(json.dumps(value))
        headers = {"Content-Type": "application/json"}
        await client.post(f"{WEBHOOKS}/entities/{entity}?op={operation}", data=body, headers=headers)

    await signal("counter/kept", "add", 5)
    await signal("counter/kept", "add", 3)
    await signal("counter/gone", "add", 1)
    await signal("counter/gone", "delete")
    await client.start("ask_entity", 4, "ask_entity")
    await client.running("ask_entity")
    await asyncio.sleep(1)
    await signal("slow/one", "add", 10)


async def main(url: str, folder: str) -> None:
    async with connect(url) as client:
        await end_some(client)
        await leave_some_under_way(client)
        await use_entities(client)
        # What is under way comes as far as it can.
        await asyncio.sleep(3)
        shown = {name: (await client.instance(name, EVERYTHING)).json() for name in ENDED}
    text = json.dumps(shown, indent=1, ensure_ascii=False, sort_keys=True)
    (Path(folder) / "statuses.json").write_text(text + "\n")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
