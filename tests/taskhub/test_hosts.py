"""Hosts that die, hang or sleep: who takes their work over, and when."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from funchost.durable.instances import Status
from funchost.taskhub import LeaseLost, TaskHub, Work
from funchost.taskhub.host_watch import HostLock, host_is_dead
from tests.clocks import QuickClock
from tests.taskhub.conftest import StartProcess
from tests.taskhub.stepping import (
    OpenHub,
    activity_result,
    client,
    commit_of,
    lease,
    lease_activities,
    lease_activity,
    lease_one,
    query,
    run_to,
    schedule_activities,
)

HOUR_SECONDS = 3600


@pytest.fixture
def quick() -> QuickClock:
    """Hosts on this clock look for each other every 20 ms."""
    return QuickClock()


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.01)


def holders(folder: Path) -> set[str]:
    rows = query(folder, "SELECT leased_by FROM mailboxes UNION ALL SELECT leased_by FROM activities")
    return {holder for (holder,) in rows if holder is not None}


def hosts(folder: Path) -> set[str]:
    return {host_id for (host_id,) in query(folder, "SELECT host_id FROM hosts")}


async def test_a_lock_tells_that_its_process_lives(tmp_path: Path) -> None:
    lock = HostLock(tmp_path, "me")
    assert not host_is_dead(tmp_path, "me")
    lock.release()
    assert host_is_dead(tmp_path, "me")
    assert list(tmp_path.iterdir()) == []
    assert host_is_dead(tmp_path, "nobody")


async def test_the_work_of_a_killed_host_is_taken_over_at_once(
    open_hub: OpenHub, folder: Path, start_process: StartProcess, quick: QuickClock
) -> None:
    hub = await open_hub(clock=quick)
    await schedule_activities(hub, "caller", 1)
    await client(hub).start("work", "one", None)
    process = await start_process("hold")
    assert await process.line() == "one activity0"
    assert await lease(hub) == []
    assert await lease_activities(hub, 9) == []
    process.send_signal(signal.SIGKILL)
    await process.wait()

    async def free() -> bool:
        return holders(folder) == set()

    await until(free, seconds=5)
    assert (await lease_one(hub)).instance.instance_id == "one"
    assert (await lease_activity(hub)).task.name == "activity0"
    assert hosts(folder) == {hub.host_id}
    assert [each.name for each in (folder / "Hub.hosts").iterdir()] == [f"{hub.host_id}.lock"]


async def test_a_host_that_starts_takes_over_what_dead_hosts_left(
    folder: Path, start_process: StartProcess
) -> None:
    first = await TaskHub.open(folder, "Hub")
    await client(first).start("work", "one", None)
    await first.close()
    process = await start_process("hold")
    assert await process.line() == "one"
    process.send_signal(signal.SIGKILL)
    await process.wait()
    second = await TaskHub.open(folder, "Hub")
    assert (await lease_one(second)).instance.instance_id == "one"
    await second.close()


async def test_the_work_of_a_stopped_host_is_taken_over_when_its_time_has_passed(
    open_hub: OpenHub, folder: Path, start_process: StartProcess, quick: QuickClock
) -> None:
    hub = await open_hub(clock=quick)
    await client(hub).start("work", "one", None)
    process = await start_process("hold")
    assert await process.line() == "one"
    process.send_signal(signal.SIGSTOP)
    await asyncio.sleep(0.1)
    assert holders(folder) != set()
    quick.passed_seconds = 31

    async def free() -> bool:
        return holders(folder) == set()

    await until(free)
    assert (await lease_one(hub)).instance.instance_id == "one"


async def test_hosts_that_slept_together_do_not_take_each_other_for_dead(
    open_hub: OpenHub, folder: Path, quick: QuickClock
) -> None:
    one, other = await open_hub(clock=quick), await open_hub(clock=quick)
    await client(one).start("work", "one", None)
    await client(one).start("work", "two", None)
    leased = [await lease_one(one), await lease_one(other)]
    quick.passed_seconds = HOUR_SECONDS

    async def both_have_beaten() -> bool:
        rows = query(folder, "SELECT min(alive_until) FROM hosts")
        return bool(rows[0][0] > quick.monotonic() * 1_000_000)

    await until(both_have_beaten)
    await asyncio.sleep(0.1)
    assert hosts(folder) == holders(folder) == {one.host_id, other.host_id}
    await one.work.commit_episode(leased[0], commit_of(leased[0]))
    await other.work.commit_episode(leased[1], commit_of(leased[1]))


async def test_a_host_that_was_taken_for_dead_comes_back_and_hears_that_its_work_is_gone(
    open_hub: OpenHub, folder: Path, quick: QuickClock
) -> None:
    hung, other = await open_hub(clock=quick), await open_hub(clock=quick)
    await schedule_activities(hung, "caller", 1)
    await client(hung).start("work", "one", None)
    stale, activity = await lease_one(hung), await lease_activity(hung)
    await other._watch._take_over(hung.host_id)
    current = await lease_one(other)
    with pytest.raises(LeaseLost):
        await hung.work.commit_episode(stale, commit_of(stale))
    with pytest.raises(LeaseLost):
        await hung.work.finish_activity(activity, activity_result(0))
    await other.work.commit_episode(current, commit_of(current))

    async def is_back() -> bool:
        return hung.host_id in hosts(folder)

    await until(is_back)


async def test_a_host_can_give_back_all_it_has_leased_and_live_on(open_hub: OpenHub, folder: Path) -> None:
    one, other = await open_hub(), await open_hub()
    await schedule_activities(one, "caller", 1)
    await client(one).start("work", "one", None)
    await lease_one(one)
    activity = await lease_activity(one)
    await one.free_leases()
    assert holders(folder) == set()
    assert hosts(folder) == {one.host_id, other.host_id}
    assert (await lease_one(other)).instance.instance_id == "one"
    assert (await lease_activity(other)).task == activity.task


async def test_a_host_that_was_taken_for_dead_leases_nothing_before_it_is_registered_again(
    open_hub: OpenHub, folder: Path, quick: QuickClock
) -> None:
    hung, other = await open_hub(), await open_hub()
    await schedule_activities(hung, "caller", 1)
    await client(hung).start("work", "one", None)
    await other._watch._take_over(hung.host_id)

    assert await lease(hung, 9) == []
    assert await lease_activities(hung, 9) == []
    assert not await hung.timers.lease("every_hour")
    assert holders(folder) == set()

    await hung._watch._beat()
    assert (await lease_one(hung)).instance.instance_id == "one"
    assert (await lease_activity(hung)).task.name == "activity0"
    assert await hung.timers.lease("every_hour")


async def test_trouble_with_the_file_does_not_end_the_watch(
    open_hub: OpenHub, monkeypatch: pytest.MonkeyPatch, quick: QuickClock
) -> None:
    hub = await open_hub(clock=quick)
    troubles = []

    async def fail() -> None:
        troubles.append(1)
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(hub._watch, "_beat", fail)
        patch.setattr(hub._watch, "_look_for_others", fail)

        async def has_failed_often() -> bool:
            return len(troubles) > 10

        await until(has_failed_often)
    assert hub._watch._watch is not None
    assert not hub._watch._watch.done()


async def test_a_commit_wakes_the_dispatchers_of_every_host(open_hub: OpenHub) -> None:
    one = await open_hub()
    other = await open_hub()
    await one._watch._look_for_others()
    heard: dict[str, asyncio.Event] = {}
    for name, hub in (("one", one), ("other", other)):
        heard[name] = asyncio.Event()
        hub.wake_ups.subscribe(Work.EPISODES, heard[name].set)
    await client(one).start("work", "one", None)
    async with asyncio.timeout(0.8):
        await heard["one"].wait()
        await heard["other"].wait()


async def test_an_activity_wakes_the_activity_dispatchers(hub: TaskHub) -> None:
    heard = asyncio.Event()
    hub.wake_ups.subscribe(Work.ACTIVITIES, heard.set)
    await run_to(hub, "other", Status.COMPLETED)
    assert not heard.is_set()
    await schedule_activities(hub, "one", 1)
    await asyncio.wait_for(heard.wait(), 5)
