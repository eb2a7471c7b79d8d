"""Both dispatchers over a task hub on a real file and a pool without processes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from funchost.dispatch.activities import ActivityDispatcher, HttpSender
from funchost.dispatch.entities import EntityBatches
from funchost.dispatch.functions import DurableFunctions
from funchost.dispatch.instances import InstanceDispatcher
from funchost.dispatch.orchestrations import OrchestrationEpisodes, Versioning
from funchost.durable.exceptions import HttpCallFailed
from funchost.durable.http_calls import HttpCallRequest, HttpCallResponse
from funchost.durable.model import Instance
from funchost.durable.scheduling import Rules

from funchost.taskhub import TaskHub
from tests.dispatch import orchestrators
from tests.dispatch.fakes import FakePool, constant
from tests.dispatch.number_queue import NumberQueue

HTTP_POLL_MILLISECONDS = 50
ANY_VERSION = Versioning()


async def no_network(request: HttpCallRequest) -> HttpCallResponse:
    raise HttpCallFailed("there is no network here")


@dataclass
class Host:
    """One host instance without HTTP and without processes."""

    hub: TaskHub
    pool: FakePool
    instances: InstanceDispatcher
    activities: ActivityDispatcher
    stopped: bool = False

    async def stop(self, grace_seconds: float = 0) -> None:
        """What the end of a host does."""
        self.stopped = True
        await asyncio.gather(self.instances.stop(grace_seconds), self.activities.stop(grace_seconds))
        await self.hub.close()

    async def status_until(self, instance_id: str, condition: Callable[[Instance], bool]) -> Instance:
        """The instance as soon as it satisfies the condition."""
        async with asyncio.timeout(15):
            while True:
                instance = await self.hub.get(instance_id)
                if instance is not None and condition(instance):
                    return instance
                await asyncio.sleep(0.005)

    async def end_of(self, instance_id: str) -> Instance:
        """The instance after its end."""
        return await self.status_until(instance_id, lambda instance: instance.status.is_final)

    async def run(self, name: str, instance_id: str = "one", input: str | None = None) -> Instance:
        """Start an orchestration and see it to its end."""
        await self.hub.start(name, instance_id, input)
        return await self.end_of(instance_id)


NO_VERSION = Versioning()

StartHost = Callable[..., Awaitable[Host]]


@pytest.fixture
def pool() -> FakePool:
    return FakePool(dict(orchestrators.ALL), {"say": constant("hello")})


@pytest.fixture
async def start_host(tmp_path: Path, pool: FakePool) -> AsyncIterator[StartHost]:
    started: list[Host] = []

    async def start(
        instances: int = 10,
        activities: int = 10,
        entity_batch: int = 50,
        send: HttpSender = no_network,
        versioning: Versioning = NO_VERSION,
        pool: FakePool = pool,
    ) -> Host:
        hub = await TaskHub.open(tmp_path / "data", "Hub")
        functions = DurableFunctions(pool.functions)
        episodes = OrchestrationEpisodes(pool.as_pool, functions, Rules(), versioning, HTTP_POLL_MILLISECONDS)
        batches = EntityBatches(pool.as_pool, functions, entity_batch)
        host = Host(
            hub,
            pool,
            InstanceDispatcher(hub, episodes, batches, instances),
            ActivityDispatcher(hub, pool.as_pool, functions, send, activities, HTTP_POLL_MILLISECONDS),
        )
        hub.on_orchestrations, hub.on_activities = host.instances.wake, host.activities.wake
        host.instances.start()
        host.activities.start()
        started.append(host)
        return host

    yield start
    for host in started:
        if not host.stopped:
            await host.stop()


@pytest.fixture
async def queue() -> AsyncIterator[NumberQueue]:
    queue = NumberQueue(3)
    queue.start()
    await asyncio.sleep(0)
    yield queue
    await queue.stop(0)
