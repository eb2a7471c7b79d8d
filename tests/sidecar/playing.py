"""Playing the dispatchers by hand, and what a call is refused with."""

import asyncio
from dataclasses import replace
from typing import Any

import grpc
import pytest

from funchost.durable.commit import Commit
from funchost.durable.instances import Instance, SdkProtocol, Status
from funchost.taskhub import Selection, TaskHub

NOW = 1_700_000_000_000_000


async def lease(hub: TaskHub) -> Any:
    """The only instance that has something to do."""
    leased = await hub.work.lease_instances(Selection(SdkProtocol.GRPC2), 1)
    return leased[0] if leased else None


async def episode(
    hub: TaskHub, status: Status = Status.RUNNING, *, history: list[Any] | None = None, **changes: Any
) -> Instance:
    """One episode that takes every message and leaves the instance like this."""
    leased = await lease(hub)
    assert leased is not None, "no instance has anything to do"
    completed_at = NOW if status.is_final else None
    instance: Instance = replace(leased.instance, status=status, completed_at=completed_at, **changes)
    events = [message.event for message in leased.messages]
    commit = Commit(instance, consumed=[message.message_id for message in leased.messages], history=events)
    commit.history += history or []
    await hub.work.commit_episode(leased, commit)
    return instance


async def waiting_events(hub: TaskHub) -> list[Any]:
    """The events that the only instance with something to do is about to take."""
    leased = await lease(hub)
    return [] if leased is None else [message.event for message in leased.messages]


async def condition(holds):
    """Wait until this holds."""
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.01)


def refusal(code: grpc.StatusCode, text: str):
    """The error that a call is expected to end with."""
    return pytest.raises(grpc.RpcError, check=lambda error: error.code() is code and text in error.details())


def not_found():
    """The refusal of a call about the instance `nobody`."""
    text = "ArgumentException: No instance with ID 'nobody' was found."
    return refusal(grpc.StatusCode.NOT_FOUND, text)
