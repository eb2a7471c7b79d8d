"""Real task hubs, and workers that only note what they are given."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from funchost.taskhub import TaskHub
from funchost.worker.invocations import FunctionInfo, Invocation, InvocationError, InvocationResult
from tests.clocks import ManualClock

Until = Callable[[Callable[[], object]], Awaitable[None]]
NOON = 1_767_268_800_000_000  # 2026-01-01T12:00:00Z
OpenHub = Callable[[], Awaitable[TaskHub]]


class NotingPool:
    """Answers at once, unless it is told to hold; `outcome` may be an error to raise or to return."""

    def __init__(self) -> None:
        self.invocations: list[Invocation] = []
        self.running = 0
        self.most_running = 0
        self.free = asyncio.Event()
        self.free.set()
        self.outcome: Exception | InvocationError | None = None

    @property
    def payloads(self) -> list[dict[str, Any]]:
        """What the functions were given, in order."""
        return [json.loads(invocation.payload) for invocation in self.invocations]

    async def invoke(self, invocation: Invocation) -> InvocationResult:
        self.invocations.append(invocation)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await self.free.wait()
        finally:
            self.running -= 1
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return InvocationResult(self.outcome is None, "none", b"", None, self.outcome, 4711)


def timer_info(schedule: str, name: str = "tick", **trigger: Any) -> FunctionInfo:
    """A timer function as a worker reports it."""
    return FunctionInfo(
        name=name,
        trigger="timerTrigger",
        bindings=({"direction": "IN", "type": "timerTrigger", "name": "t", "schedule": schedule, **trigger},),
        durable_name=name,
        route=None,
        methods=(),
        auth_level="",
        is_async=False,
        script_file="function_app.py",
        entry_point=name,
    )


@pytest.fixture
def clock() -> ManualClock:
    """What timers go by; task hubs are on the clock of the machine."""
    return ManualClock(NOON)


@pytest.fixture
def pool() -> NotingPool:
    return NotingPool()


@pytest.fixture
def info() -> Callable[..., FunctionInfo]:
    return timer_info


@pytest.fixture
async def open_hub(tmp_path: Path) -> AsyncIterator[OpenHub]:
    """Opens the hub of this test, as one more host instance each time."""
    hubs: list[TaskHub] = []

    async def open_one() -> TaskHub:
        hub = await TaskHub.open(tmp_path, "Hub")
        hubs.append(hub)
        return hub

    yield open_one
    for hub in hubs:
        await hub.close()


@pytest.fixture
def until() -> Until:
    """Waits for a condition, with a limit."""

    async def wait(condition: Callable[[], object]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                await asyncio.sleep(0.01)

    return wait
