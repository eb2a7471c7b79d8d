"""A host process of its own for the tests: python -m tests.taskhub.hub_process FOLDER COMMAND [ARGUMENT].

It prints one line for each thing that is done, after it is done, so that whoever kills it knows what counts.
"""

import asyncio
import sys
from pathlib import Path

from funchost.durable.refusals import InstanceExists
from funchost.taskhub import TaskHub
from tests.taskhub.stepping import activity_result, client, commit_of, lease, lease_activities


def say(*words: object) -> None:
    print(*words, flush=True)


async def hold(hub: TaskHub, _: str) -> None:
    """Lease whatever there is and work on it for ever."""
    instances = await lease(hub, 10)
    activities = await lease_activities(hub, 10)
    say(*(item.instance.instance_id for item in instances), *(item.task.name for item in activities))
    await asyncio.Event().wait()


async def storm(hub: TaskHub, label: str) -> None:
    """Start instances one after the other and side by side until somebody ends it."""

    async def start_many(lane: int) -> None:
        for number in range(1_000_000):
            instance_id = f"{label}-{lane}-{number}"
            await client(hub).start("work", instance_id, f'"{instance_id}"')
            say(instance_id)

    await asyncio.gather(*(start_many(lane) for lane in range(5)))


async def start_one(hub: TaskHub, instance_id: str) -> None:
    """Try 50 times to start the same instance."""
    for _ in range(50):
        try:
            await client(hub).start("work", instance_id, None)
            say("started")
        except InstanceExists:
            say("refused")


async def drain(hub: TaskHub, _: str) -> None:
    """Run every episode and every activity until nothing is left."""
    idle = 0
    while idle < 20:
        instances = await lease(hub, 3)
        activities = await lease_activities(hub, 3)
        for item in instances:
            await hub.work.commit_episode(item, commit_of(item))
            say("episode", item.instance.instance_id, *(m.message_id for m in item.messages))
        for activity in activities:
            await hub.work.finish_activity(activity, activity_result(activity.task.task_id))
            say("activity", activity.activity_id)
        idle = 0 if instances or activities else idle + 1
        await asyncio.sleep(0.005 if idle else 0)


COMMANDS = {"hold": hold, "storm": storm, "start_one": start_one, "drain": drain}


async def main(folder: str, command: str, argument: str = "") -> None:
    hub = await TaskHub.open(Path(folder), "Hub")
    await COMMANDS[command](hub, argument)
    await hub.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
