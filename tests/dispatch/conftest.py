"""Both dispatchers over a task hub on a real file and a pool without processes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from funchost.clock import SYSTEM_CLOCK, Clock
from funchost.dispatch.activity_dispatcher import ActivityDispatcher, BuiltInActivity
from funchost.dispatch.durable_functions import DurableFunctions
from funchost.dispatch.instance_dispatcher import InstanceDispatcher, Versioning
from funchost.durable.commit import ActivityTask, Postponed
from funchost.durable.episode_commit import Rules
from funchost.durable.events import Event, TaskFailed
from funchost.durable.instances import Instance, SdkProtocol
from funchost.durable.protocol import SdkRules
from funchost.protocols.json1.answer import HTTP_ACTIVITY
from funchost.protocols.json1.rules import Json1Rules
from funchost.taskhub import ClientOperations, Selection, TaskHub, Work
from funchost.tracking import Tracking
from tests.dispatch import orchestrators
from tests.dispatch.fakes import FakePool, constant
from tests.dispatch.number_queue import NumberQueue

MANY_ATTEMPTS = 100


async def no_network(task: ActivityTask) -> Event | Postponed:
    return TaskFailed(0, task.task_id, "there is no network here")


@dataclass
class Host:
    """One host instance without HTTP and without processes."""

    hub: TaskHub
    app: ClientOperations
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
                instance = await self.app.get(instance_id)
                if instance is not None and condition(instance):
                    return instance
                await asyncio.sleep(0.005)

    async def end_of(self, instance_id: str) -> Instance:
        """The instance after its end."""
        return await self.status_until(instance_id, lambda instance: instance.status.is_final)

    async def run(self, name: str, instance_id: str = "one", input: str | None = None) -> Instance:
        """Start an orchestration and see it to its end."""
        await self.app.start(name, instance_id, input)
        return await self.end_of(instance_id)


ALL = Selection(SdkProtocol.JSON1)
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
        http: BuiltInActivity = no_network,
        versioning: Versioning = NO_VERSION,
        pool: FakePool = pool,
        attempts: int = MANY_ATTEMPTS,
        clock: Clock = SYSTEM_CLOCK,
        folder: str = "data",
        rules: SdkRules | None = None,
        tracking: Tracking | None = None,
    ) -> Host:
        tracking = tracking or Tracking("Hub")
        hub = await TaskHub.open(tmp_path / folder, "Hub", clock=clock)
        functions = DurableFunctions(pool.functions)
        rules = rules or Json1Rules(Rules(max_entity_batch=entity_batch))
        common = (hub, pool.as_pool, functions, rules, Selection(rules.protocol))
        host = Host(
            hub,
            hub.clients(rules.protocol, tracking),
            pool,
            InstanceDispatcher(*common, versioning, instances, attempts, tracking, clock),
            ActivityDispatcher(*common, {HTTP_ACTIVITY: http}, activities, attempts, tracking, clock),
        )
        hub.wake_ups.subscribe(Work.EPISODES, host.instances.wake)
        hub.wake_ups.subscribe(Work.ACTIVITIES, host.activities.wake)
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
