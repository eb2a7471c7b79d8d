"""Messages: who gets them, in which order, and when they are dropped."""

import asyncio
from pathlib import Path

import pytest

from funchost.durable import events
from funchost.durable.commit import Message
from funchost.durable.instances import Status
from funchost.taskhub import TaskHub
from tests.taskhub.stepping import (
    ALL,
    SECOND,
    client,
    clock,
    commit_of,
    lease,
    lease_one,
    query,
    run_to,
    step,
)

ENDED = [status for status in Status if status.is_final]


def event(name: str = "go") -> events.Event:
    return events.EventRaised(clock(), name, "1")


def message(to: str, name: str = "go", execution_id: str | None = None, delay: int = 0) -> Message:
    return Message(to, event(name), execution_id, clock() + delay)


async def names_waiting(hub: TaskHub) -> list[str | None]:
    return [getattr(each.event, "name", None) for each in (await lease_one(hub)).messages]


async def test_messages_are_taken_in_the_order_of_their_arrival(hub: TaskHub) -> None:
    await run_to(hub, "one", Status.RUNNING)
    names = [f"event{number}" for number in range(20)]
    for name in names:
        await client(hub).raise_event("one", name, "1")
    assert await names_waiting(hub) == names


async def test_a_message_from_another_instance_makes_its_receiver_ready(hub: TaskHub) -> None:
    await run_to(hub, "receiver", Status.RUNNING)
    await client(hub).start("work", "sender", None)
    await step(hub, messages=[message("receiver")])
    leased = await lease_one(hub)
    assert leased.instance.instance_id == "receiver"


@pytest.mark.parametrize("status", ENDED)
async def test_a_message_to_an_ended_instance_is_dropped(hub: TaskHub, folder: Path, status: Status) -> None:
    await run_to(hub, "receiver", status)
    await client(hub).start("work", "sender", None)
    await step(hub, messages=[message("receiver"), message("nobody")])
    assert await lease(hub) == []
    assert query(folder, "SELECT count(*) FROM messages") == [(0,)]


async def test_messages_that_wait_go_with_the_end_of_their_instance(hub: TaskHub, folder: Path) -> None:
    await client(hub).start("work", "one", None)
    leased = await lease_one(hub)
    await client(hub).raise_event("one", "late", "1")
    ended = commit_of(leased, Status.COMPLETED, consumed=[], messages=[message("one", delay=SECOND)])
    await hub.work.commit_episode(leased, ended)
    assert query(folder, "SELECT count(*) FROM messages") == [(0,)]
    assert query(folder, "SELECT count(*) FROM mailboxes") == [(0,)]


async def test_a_message_that_comes_during_an_episode_is_for_the_next_one(hub: TaskHub) -> None:
    await client(hub).start("work", "one", None)
    leased = await lease_one(hub)
    await client(hub).raise_event("one", "late", "1")
    assert await lease(hub) == []
    await hub.work.commit_episode(leased, commit_of(leased))
    assert await names_waiting(hub) == ["late"]


async def test_a_message_that_was_left_starts_no_episode_by_itself(hub: TaskHub) -> None:
    await run_to(hub, "one", Status.RUNNING)
    await client(hub).raise_event("one", "early", "1")
    await step(hub, consumed=[])
    assert await lease(hub) == []
    await client(hub).raise_event("one", "second", "1")
    assert await names_waiting(hub) == ["early", "second"]


async def test_a_message_that_can_be_taken_at_once_starts_the_next_episode(hub: TaskHub) -> None:
    await run_to(hub, "one", Status.RUNNING)
    await client(hub).raise_event("one", "early", "1")
    await step(hub, consumed=[], more_to_take=True)
    assert await names_waiting(hub) == ["early"]


async def test_a_timer_is_taken_when_it_is_due_and_not_before(hub: TaskHub) -> None:
    await client(hub).start("work", "one", None)
    leased = await lease_one(hub)
    due = clock() + SECOND // 5
    fired = Message("one", events.TimerFired(due, 3, due), leased.instance.execution_id, due)
    await hub.work.commit_episode(leased, commit_of(leased, messages=[fired]))
    assert await lease(hub) == []
    assert await hub.work.next_instance_at(ALL) == due
    await asyncio.sleep((due - clock()) / SECOND)
    (taken,) = (await lease_one(hub)).messages
    assert taken.event == events.TimerFired(due, 3, due)


async def test_a_timer_that_an_episode_found_in_the_mailbox_undue_still_starts_one(hub: TaskHub) -> None:
    await client(hub).start("work", "one", None)
    leased = await lease_one(hub)
    due = clock() + 100 * SECOND
    fired = Message("one", events.TimerFired(due, 3, due), leased.instance.execution_id, due)
    await hub.work.commit_episode(leased, commit_of(leased, messages=[fired]))
    await client(hub).raise_event("one", "go", "1")
    await step(hub)
    assert await hub.work.next_instance_at(ALL) == due


async def test_a_cancelled_timer_never_fires(hub: TaskHub, folder: Path) -> None:
    await client(hub).start("work", "one", None)
    leased = await lease_one(hub)
    due = clock() + 100 * SECOND
    timers = [Message("one", events.TimerFired(due, n, due), None, due + n) for n in (3, 4)]
    await hub.work.commit_episode(leased, commit_of(leased, messages=timers))
    await client(hub).raise_event("one", "cancel", "1")
    await step(hub, cancelled_timers=[3])
    assert query(folder, "SELECT task_id FROM messages") == [(4,)]
    assert await hub.work.next_instance_at(ALL) == due + 4


async def test_a_message_keeps_the_execution_it_is_meant_for(hub: TaskHub) -> None:
    await run_to(hub, "receiver", Status.RUNNING)
    await client(hub).start("work", "sender", None)
    await step(hub, messages=[message("receiver", execution_id="older")])
    (received,) = (await lease_one(hub)).messages
    assert received.execution_id == "older"
