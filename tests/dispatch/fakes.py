"""A worker pool without processes: real SDK orchestrators and entities, and activities as plain functions."""

import asyncio
import inspect
import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, cast

from funchost.dispatch.durable_functions import ACTIVITY_TRIGGER, ENTITY_TRIGGER, ORCHESTRATION_TRIGGER
from funchost.worker.invocations import (
    FunctionInfo,
    FunctionTimedOut,
    Invocation,
    InvocationError,
    InvocationResult,
    WorkerLost,
)
from funchost.worker.pool import WorkerPool

PID = 4711
Function = Callable[[str], Any]
"""Takes the text of the trigger and returns the text of the result, or a coroutine of it."""


def info(name: str, trigger: str) -> FunctionInfo:
    return FunctionInfo(name, trigger, (), name, None, (), "anonymous", False, "function_app.py", name)


@dataclass
class FakePool:
    """Runs functions in this process and notes what runs side by side.

    `deaths` are the names of functions whose next calls the worker does not survive; `alone` are the names of
    those that were to have a process of their own.
    """

    orchestrators: dict[str, Function] = field(default_factory=dict)
    activities: dict[str, Function] = field(default_factory=dict)
    entities: dict[str, Function] = field(default_factory=dict)
    deaths: Counter[str] = field(default_factory=Counter)
    calls: list[tuple[str, str]] = field(default_factory=list)
    alone: list[str] = field(default_factory=list)
    can_run_alone: bool = True
    running: int = 0
    most_running: int = 0

    @property
    def functions(self) -> Iterable[FunctionInfo]:
        for trigger, functions in (
            (ORCHESTRATION_TRIGGER, self.orchestrators),
            (ACTIVITY_TRIGGER, self.activities),
            (ENTITY_TRIGGER, self.entities),
        ):
            yield from (info(name, trigger) for name in functions)

    @property
    def as_pool(self) -> WorkerPool:
        return cast(WorkerPool, self)

    async def invoke(self, invocation: Invocation) -> InvocationResult:
        """What WorkerPool.invoke does."""
        if invocation.alone:
            self.alone.append(invocation.function)
        text = invocation.payload.decode()
        self.calls.append((invocation.function, text))
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await asyncio.sleep(0)
            if self.deaths[invocation.function] > 0:
                self.deaths[invocation.function] -= 1
                raise WorkerLost(PID, "python exited with code 137 (0x89)")
            return await self._run(invocation.function, text)
        finally:
            self.running -= 1

    async def _run(self, name: str, text: str) -> InvocationResult:
        function = (self.orchestrators | self.activities | self.entities)[name]
        try:
            returned = function(text)
            value = await returned if inspect.isawaitable(returned) else returned
        except (WorkerLost, FunctionTimedOut):
            raise
        except Exception as error:
            failure = InvocationError(type(error).__name__, str(error), "  File ...")
            return InvocationResult(False, "none", b"", None, failure, PID)
        return InvocationResult(True, "string", value.encode(), None, None, PID)

    def count(self, name: str) -> int:
        """How often a function was called."""
        return sum(called == name for called, _ in self.calls)


def constant(value: object) -> Function:
    """An activity that returns this value."""
    return lambda text: json.dumps(value)
