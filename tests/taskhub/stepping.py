"""Playing the dispatchers by hand: lease one thing, commit what it is told to have decided."""

import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from funchost.clock import SYSTEM_CLOCK
from funchost.durable import events
from funchost.durable.actions import TaskAction
from funchost.durable.commit import ActivityTask, Commit
from funchost.durable.episode_commit import EpisodeCommit, Rules
from funchost.durable.instances import SdkProtocol, Status
from funchost.taskhub import ClientOperations, LeasedActivity, LeasedInstance, Selection, TaskHub

OpenHub = Callable[..., Awaitable[TaskHub]]
SECOND = 1_000_000

ALL = Selection(SdkProtocol.JSON1)

clock = SYSTEM_CLOCK.now


def client(hub: TaskHub, **options: Any) -> ClientOperations:
    """What a client of an app of SDK 1.x asks of the hub."""
    return hub.clients(SdkProtocol.JSON1, **options)


async def lease(hub: TaskHub, limit: int = 1) -> list[LeasedInstance]:
    """Lease instances that have something to do."""
    return await hub.work.lease_instances(ALL, limit)


async def lease_one(hub: TaskHub) -> LeasedInstance:
    (leased,) = await lease(hub)
    return leased


async def lease_activities(hub: TaskHub, limit: int = 1) -> list[LeasedActivity]:
    """Lease activities that wait."""
    return await hub.work.lease_activities(ALL, limit)


async def lease_activity(hub: TaskHub) -> LeasedActivity:
    (leased,) = await lease_activities(hub)
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
    await hub.work.commit_episode(leased, commit_of(leased, status, **changes))
    return leased


async def run_to(hub: TaskHub, instance_id: str, status: Status, output: str | None = None) -> None:
    """Start an instance and have its first episode leave it in this status."""
    await client(hub).start("work", instance_id, None)
    leased = await lease_one(hub)
    commit = commit_of(leased, status)
    commit.instance = replace(commit.instance, output=output)
    await hub.work.commit_episode(leased, commit)


async def schedule_activities(hub: TaskHub, instance_id: str, count: int) -> None:
    """Start an instance that calls activities 0 to count-1, each named after its number."""
    await client(hub).start("work", instance_id, None)
    leased = await lease_one(hub)
    commit = commit_of(leased, open_tasks=count)
    for number in range(count):
        commit.history.append(events.TaskScheduled(clock(), number, f"activity{number}"))
        execution_id = leased.instance.execution_id
        commit.activities.append(ActivityTask(instance_id, execution_id, number, f"activity{number}", "null"))
    await hub.work.commit_episode(leased, commit)


async def decide(
    hub: TaskHub, *actions: TaskAction, decided: Callable[[EpisodeCommit], None] = lambda episode: None
) -> LeasedInstance:
    """One episode of the only instance that has something to do: schedules these actions, and what is
    `decided` on top."""
    leased = await lease_one(hub)
    commit = commit_of(leased, open_tasks=len(actions))
    episode = EpisodeCommit(commit, Rules(), clock())
    for number, action in enumerate(actions):
        episode.schedule(number, action)
    decided(episode)
    await hub.work.commit_episode(leased, commit)
    return leased


def succeed(output: str | None = None) -> Callable[[EpisodeCommit], None]:
    """A decision for `decide`: end well, and tell the parent."""

    def end(episode: EpisodeCommit) -> None:
        episode.end(-1, Status.COMPLETED, output)
        episode.tell_parent_of_success(output)

    return end


def fail(reason: str) -> Callable[[EpisodeCommit], None]:
    """A decision for `decide`: fail, and tell the parent."""

    def end(episode: EpisodeCommit) -> None:
        episode.end(-1, Status.FAILED, reason)
        episode.tell_parent_of_failure(reason)

    return end


def activity_result(task_id: int, value: str = "1") -> events.Event:
    return events.TaskCompleted(clock(), task_id, value)


def query(folder: Path, sql: str, *parameters: object) -> list[Any]:
    """Look into the file behind the hub's back."""
    connection = sqlite3.connect(folder / "Hub.db")
    try:
        return connection.execute(sql, parameters).fetchall()
    finally:
        connection.close()
