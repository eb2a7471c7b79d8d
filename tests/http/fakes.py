"""A task hub in memory and a worker pool of plain functions, for tests of the HTTP room alone."""

import asyncio
import dataclasses
import itertools
from collections.abc import Awaitable, Callable
from typing import Any

from funchost.durable.events import Event
from funchost.durable.identity import check_instance_id
from funchost.durable.instances import Instance, InstanceFilter, Status
from funchost.durable.refusals import (
    InstanceEnded,
    InstanceExists,
    InstanceNotFound,
    WrongState,
)
from funchost.taskhub.client_operations import Purged
from funchost.worker.invocations import FunctionInfo, Invocation, InvocationResult
from funchost.worker.streams import Stream

NOON = 1_714_557_600_123_456  # 2024-05-01T10:00:00.123456Z


def instance(instance_id: str = "abc", **changes: Any) -> Instance:
    """An instance with plain values, but for the given ones."""
    plain = Instance(
        instance_id=instance_id,
        execution_id="e1",
        name="hello_orchestrator",
        version="",
        status=Status.RUNNING,
        input=None,
        output=None,
        custom_status=None,
        created_at=NOON,
        updated_at=NOON,
        completed_at=None,
    )
    return dataclasses.replace(plain, **changes)


class FakeControl:
    """Notes the orders for the host instance."""

    def __init__(self) -> None:
        self.orders: list[str] = []
        self.is_draining = False
        self.in_flight = 0
        self.worker_pids = [41, 42]

    def order(self, order: str) -> None:
        self.orders.append(order)


class FakeHub:
    """Holds instances in a dict and notes what it was told to do."""

    def __init__(self) -> None:
        self.instances: dict[str, Instance] = {}
        self.histories: dict[str, list[Event]] = {}
        self.told: list[tuple[Any, ...]] = []
        self.filters: list[InstanceFilter] = []
        self._numbers = itertools.count()

    def put(self, *instances: Instance) -> None:
        self.instances.update({each.instance_id: each for each in instances})

    async def start(
        self, name: str, instance_id: str | None, input: str | None, version: str | None = None
    ) -> Instance:
        if instance_id is None:
            instance_id = f"{next(self._numbers):032x}"
        check_instance_id(instance_id)
        there = self.instances.get(instance_id)
        if there is not None and not there.status.is_final:
            raise InstanceExists(instance_id, there.status)
        started = instance(instance_id, name=name, input=input, status=Status.PENDING, version=version or "")
        self.put(started)
        return started

    async def get(self, instance_id: str) -> Instance | None:
        return self.instances.get(instance_id)

    async def history(self, instance_id: str) -> list[Event]:
        return self.histories.get(instance_id, [])

    async def find(
        self, filter: InstanceFilter, limit: int, after: str | None = None
    ) -> tuple[list[Instance], str | None]:
        self.filters.append(filter)
        ids = sorted(id for id in self.instances if id.startswith(filter.prefix) and id > (after or ""))
        page = [self.instances[id] for id in ids[:limit]]
        return page, ids[limit - 1] if len(ids) > limit else None

    async def raise_event(self, instance_id: str, name: str, input: str) -> None:
        self._alive(instance_id)
        self.told.append(("raise_event", instance_id, name, input))

    async def terminate(self, instance_id: str, reason: str) -> None:
        self._alive(instance_id)
        self.told.append(("terminate", instance_id, reason))

    async def suspend(self, instance_id: str, reason: str) -> None:
        if self._alive(instance_id).status is Status.SUSPENDED:
            raise WrongState(
                f"Cannot suspend the orchestration instance {instance_id} because instance is in the "
                "Suspended state."
            )
        self.told.append(("suspend", instance_id, reason))

    async def resume(self, instance_id: str, reason: str) -> None:
        self._alive(instance_id)
        self.told.append(("resume", instance_id, reason))

    async def purge(self, instance_id: str) -> bool:
        there = self.instances.get(instance_id)
        if there is not None and not there.status.is_final:
            raise WrongState(f"The instance '{instance_id}' is {there.status}. Terminate it first.")
        return self.instances.pop(instance_id, None) is not None

    async def purge_where(self, filter: InstanceFilter) -> Purged:
        self.filters.append(filter)
        return Purged(len(self.instances))

    async def rewind(self, instance_id: str, reason: str) -> None:
        there = self.instances.get(instance_id)
        if there is None:
            raise InstanceNotFound(instance_id)
        if there.status.is_final and there.status is not Status.FAILED:
            raise InstanceEnded(instance_id, there.status)
        self.told.append(("rewind", instance_id, reason))

    async def restart(self, instance_id: str, new_id: bool) -> Instance:
        there = self.instances.get(instance_id)
        if there is None:
            raise InstanceNotFound(instance_id)
        return await self.start(there.name, None if new_id else instance_id, there.input)

    async def signal_entity(self, entity_id: str, operation: str, input: str | None) -> None:
        self.told.append(("signal", entity_id, operation, input))

    async def entity_state(self, entity_id: str) -> str | None:
        there = self.instances.get(entity_id)
        return None if there is None else there.entity_state

    def _alive(self, instance_id: str) -> Instance:
        there = self.instances.get(instance_id)
        if there is None:
            raise InstanceNotFound(instance_id)
        if there.status.is_final:
            raise InstanceEnded(instance_id, there.status)
        return there


class FakePool:
    """Answers an invocation with whatever the function under its name returns or raises."""

    def __init__(self) -> None:
        self.functions: dict[str, Callable[[Invocation], Any]] = {}
        self.invocations: list[Invocation] = []
        self.finished: list[str] = []

    async def invoke(self, invocation: Invocation) -> InvocationResult:
        self.invocations.append(invocation)
        answer = self.functions[invocation.function](invocation)
        if asyncio.iscoroutine(answer):
            answer = await answer
        self.finished.append(invocation.function)
        assert isinstance(answer, InvocationResult)
        return answer


def returned(payload: bytes, datum: str = "string", **changes: Any) -> InvocationResult:
    """The result of a function that returned."""
    plain = InvocationResult(ok=True, datum=datum, payload=payload, http=None, error=None, worker=4711)
    return dataclasses.replace(plain, **changes)


def streaming(behave: Callable[[Stream, Invocation], Awaitable[None]]) -> Callable[[Invocation], Any]:
    """A streamed function, from what it does with its own end of the stream."""

    async def run(invocation: Invocation) -> InvocationResult:
        assert invocation.streamed is not None
        here, there = invocation.streamed.stream, Stream()
        there.connect(1, here.frame_arrived)
        here.connect(1, there.frame_arrived)
        await behave(there, invocation)
        return returned(b"", "stream")

    return run


def http_function(name: str, **changes: Any) -> FunctionInfo:
    """An HTTP function as a worker reports it, at the route of its name."""
    plain = FunctionInfo(
        name=name,
        trigger="httpTrigger",
        bindings=({"type": "httpTrigger", "direction": "IN", "name": "req"},),
        durable_name=name,
        route=name,
        methods=(),
        auth_level="FUNCTION",
        is_async=False,
        script_file="function_app.py",
        entry_point=name,
    )
    return dataclasses.replace(plain, **changes)
