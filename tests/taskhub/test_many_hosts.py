"""Many hosts on one file: nothing is done twice, nothing that was acknowledged is lost."""

import asyncio
import signal
from collections import Counter
from pathlib import Path

from funchost.durable.events import Event, TaskCompleted
from funchost.durable.instances import Instance, InstanceFilter
from funchost.taskhub import TaskHub
from tests.taskhub.conftest import StartProcess
from tests.taskhub.stepping import (
    OpenHub,
    activity_result,
    client,
    commit_of,
    lease,
    lease_activities,
    query,
    schedule_activities,
)


def task_of(event: Event) -> int:
    assert isinstance(event, TaskCompleted)
    return event.task_id


async def test_every_instance_is_leased_by_exactly_one_of_many_hosts(open_hub: OpenHub) -> None:
    hubs = [await open_hub() for _ in range(4)]
    names = {f"i{number}" for number in range(60)}
    await asyncio.gather(*(client(hubs[n % 4]).start("work", name, None) for n, name in enumerate(names)))
    rounds = await asyncio.gather(*(lease(hub, 3) for hub in hubs for _ in range(20)))
    leased = Counter(item.instance.instance_id for items in rounds for item in items)
    assert leased == Counter(names)


async def test_every_activity_is_leased_by_exactly_one_of_many_hosts(open_hub: OpenHub) -> None:
    hubs = [await open_hub() for _ in range(4)]
    await schedule_activities(hubs[0], "one", 60)
    rounds = await asyncio.gather(*(lease_activities(hub, 3) for hub in hubs for _ in range(20)))
    leased = Counter(item.task.task_id for items in rounds for item in items)
    assert leased == Counter(range(60))


async def test_work_that_is_started_and_done_by_all_hosts_at_once_is_done_once(open_hub: OpenHub) -> None:
    hubs = [await open_hub() for _ in range(3)]
    for name in ("a", "b", "c"):
        await schedule_activities(hubs[0], name, 20)
    heard: Counter[tuple[str, int]] = Counter()

    async def work(hub: TaskHub) -> None:
        while sum(heard.values()) < 60:
            for activity in await lease_activities(hub, 2):
                await hub.work.finish_activity(activity, activity_result(activity.task.task_id))
            for item in await lease(hub, 2):
                await hub.work.commit_episode(item, commit_of(item))
                heard.update((item.instance.instance_id, task_of(m.event)) for m in item.messages)
            await asyncio.sleep(0)

    async with asyncio.timeout(20):
        await asyncio.gather(*(work(hub) for hub in hubs))
    assert heard == Counter((name, number) for name in ("a", "b", "c") for number in range(20))


async def test_processes_that_open_a_new_hub_together_all_get_it(
    folder: Path, start_process: StartProcess
) -> None:
    processes = [await start_process("start_one", "same") for _ in range(4)]
    said = [line for process in processes for line in await process.lines()]
    assert Counter(said) == {"started": 1, "refused": 199}
    assert query(folder, "SELECT count(*) FROM messages") == [(1,)]


async def test_processes_share_the_work_and_do_all_of_it_once(
    open_hub: OpenHub, start_process: StartProcess
) -> None:
    hub = await open_hub()
    await schedule_activities(hub, "caller", 60)
    await asyncio.gather(*(client(hub).start("work", f"i{number}", None) for number in range(40)))
    processes = [await start_process("drain") for _ in range(3)]
    said = [line.split() for process in processes for line in await process.lines()]
    activities = Counter(words[1] for words in said if words[0] == "activity")
    messages = Counter(m for words in said if words[0] == "episode" for m in words[2:])
    assert len(activities) == 60
    assert len(messages) == 100
    assert set(activities.values()) == set(messages.values()) == {1}
    assert len(await hub.work.events("caller")) == 61 + 60


async def test_what_was_acknowledged_survives_the_kill_of_its_process(
    folder: Path, start_process: StartProcess
) -> None:
    processes = [await start_process("storm", label) for label in ("a", "b")]
    acknowledged = [await process.line() for _ in range(300) for process in processes]
    for process in processes:
        process.send_signal(signal.SIGKILL)
    acknowledged += [line for process in processes for line in await process.lines()]
    hub = await TaskHub.open(folder, "Hub")
    found: dict[str, Instance] = {}
    token = None
    while True:
        page, token = await client(hub).find(InstanceFilter(), 1000, token)
        found |= {instance.instance_id: instance for instance in page}
        if token is None:
            break
    assert set(acknowledged) <= set(found)
    assert all(instance.input == f'"{name}"' for name, instance in found.items())
    leased = await lease(hub, len(found) + 1)
    assert {item.instance.instance_id for item in leased} == set(found)
    assert all(len(item.messages) == 1 for item in leased)
    await hub.close()
