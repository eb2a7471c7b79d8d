"""Playing the dispatchers by hand: lease one thing, commit what it is told to have decided."""

import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from funchost.durable import decision, events
from funchost.durable.answer import Answer
from funchost.durable.commit import ActivityTask, Commit
from funchost.durable.intake import take
from funchost.durable.ledger import Ledger
from funchost.durable.model import Status
from funchost.durable.scheduling import Rules
from funchost.taskhub import LeasedActivity, LeasedInstance, TaskHub
from funchost.taskhub.clock import clock

OpenHub = Callable[..., Awaitable[TaskHub]]
SECOND = 1_000_000


async def lease(hub: TaskHub, limit: int = 1) -> list[LeasedInstance]:
    """Lease instances for a dispatcher that remembers no history."""
    return await hub.lease_instances(limit, lambda instance, episode: False)


async def lease_one(hub: TaskHub) -> LeasedInstance:
    (leased,) = await lease(hub)
    return leased


async def lease_activity(hub: TaskHub) -> LeasedActivity:
    (leased,) = await hub.lease_activities(1)
    return leased


def commit_of(leased: LeasedInstance, status: Status = Status.RUNNING, **changes: Any) -> Commit:
    """A commit that takes every message, records their events and sets the status."""
    completed_at = clock() if status.is_final else None
    return Commit(
        replace(leased.instance, status=status, completed_at=completed_at),
        **{
            "consumed": [message.message_id for message in leased.messages],
            "history": [message.event for message in leased.messages],
            **changes,
        },
    )


async def step(hub: TaskHub, status: Status = Status.RUNNING, **changes: Any) -> LeasedInstance:
    """One episode of the only instance that has something to do."""
    leased = await lease_one(hub)
    await hub.commit_episode(leased, commit_of(leased, status, **changes))
    return leased


async def run_to(hub: TaskHub, instance_id: str, status: Status, output: str | None = None) -> None:
    """Start an instance and have its first episode leave it in this status."""
    await hub.start("work", instance_id, None)
    leased = await lease_one(hub)
    commit = commit_of(leased, status)
    commit.instance = replace(commit.instance, output=output)
    await hub.commit_episode(leased, commit)


async def schedule_activities(hub: TaskHub, instance_id: str, count: int) -> None:
    """Start an instance that calls activities 0 to count-1, each named after its number."""
    await hub.start("work", instance_id, None)
    leased = await lease_one(hub)
    commit = commit_of(leased, open_tasks=count)
    for number in range(count):
        commit.history.append(events.task_scheduled(clock(), number, f"activity{number}"))
        execution_id = leased.instance.execution_id
        commit.activities.append(ActivityTask(instance_id, execution_id, number, f"activity{number}", "null"))
    await hub.commit_episode(leased, commit)


async def decide(hub: TaskHub, answer: Answer) -> LeasedInstance:
    """One episode of the only instance that has something to do, as the engine decides it."""
    leased = await lease_one(hub)
    ledger = Ledger()
    ledger.extend(leased.history or ())
    now = clock()
    intake = take(leased.instance, ledger, leased.messages)
    opening = events.orchestrator_started(now)
    commit = decision.decide(leased.instance, ledger, intake, opening, answer, Rules(), now)
    await hub.commit_episode(leased, commit)
    return leased


def activity_result(task_id: int, value: str = "1") -> events.Event:
    return events.task_completed(clock(), task_id, value)


def query(folder: Path, sql: str, *parameters: object) -> list[Any]:
    """Look into the file behind the hub's back."""
    connection = sqlite3.connect(folder / "Hub.db")
    try:
        return connection.execute(sql, parameters).fetchall()
    finally:
        connection.close()
