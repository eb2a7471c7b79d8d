"""Deterministic crash points: the host dies before or after each of its commits, one by one.

Before: nothing of the commit is there. After: it is there, and nobody has heard of it. Whatever dies where,
the next host on the same hub brings everything to the same end.
"""

import asyncio
import json
from collections.abc import Callable, Generator
from datetime import timedelta
from typing import Any

import azure.durable_functions as df
import pytest

from funchost.durable.instances import Instance, Status
from funchost.durable.refusals import DurableError
from funchost.taskhub.database import Database
from tests.dispatch.conftest import Host, StartHost
from tests.dispatch.fakes import FakePool, constant

EXPECTED = {"everything": ["hello", "hello", ["hello"], "a", "b", "hello"], "again": "done"}


def everything(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    """One of each: an activity, two at once, a child, events, a timer, an entity."""
    said = yield context.call_activity("say", 0)
    both = yield context.task_all([context.call_activity("say", number) for number in range(2)])
    child = yield context.call_sub_orchestrator("child", None, "child-of-everything")
    first = yield context.wait_for_external_event("first")
    second = yield context.wait_for_external_event("second")
    yield context.create_timer(context.current_utc_datetime + timedelta(milliseconds=10))
    yield context.call_entity(df.EntityId("counter", "calls"), "add")
    return [said, both[1], child, first, second, (yield context.call_activity("say", 1))]


def child(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    return [(yield context.call_activity("say", 2))]


def again(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    left = context.get_input()
    if left == 0:
        return "done"
    yield context.call_activity("say", left)
    context.continue_as_new(left - 1)
    return None


def counter(context: df.DurableEntityContext) -> None:
    context.set_state(context.get_state(lambda: 0) + 1)


class Death:
    """Ends all writing of a host at one of its commits, counted from 1."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at = 0
        self.is_after = False
        self.commits = 0
        self.has_come = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        commit, announce = Database._commit, Database._announce

        def dying_commit(database: Database, transaction: Any, batch: Any) -> None:
            self.commits += 1
            if self._is_dead or (self.commits == self.at and not self.is_after):
                return self._die()
            commit(database, transaction, batch)
            if self.commits == self.at:
                self._die()

        def one_at_a_time(database: Database) -> Any:
            # So that every operation is a commit of its own.
            operation = database._operations.get()
            return ([], True) if operation is None else ([operation], False)

        def silent_when_dead(database: Database, batch: Any, work: int) -> None:
            if not self._is_dead:
                announce(database, batch, work)

        self._is_dead = False
        monkeypatch.setattr(Database, "_commit", dying_commit)
        monkeypatch.setattr(Database, "_take_batch", one_at_a_time)
        monkeypatch.setattr(Database, "_announce", silent_when_dead)

    def plan(self, at: int, is_after: bool) -> None:
        """Die at this commit from now on; 0 is never."""
        self.at, self.is_after, self.commits, self._is_dead = at, is_after, 0, False
        self.has_come.clear()

    def _die(self) -> None:
        self._is_dead = True
        self._loop.call_soon_threadsafe(self.has_come.set)


@pytest.fixture
async def death(monkeypatch: pytest.MonkeyPatch) -> Death:
    return Death(monkeypatch)


async def abandon(host: Host) -> None:
    """What remains of a host whose process was killed: nothing that writes, and a lock that is free."""
    host.stopped = True
    await asyncio.gather(host.instances.stop(0), host.activities.stop(0))
    watch = host.hub._watch
    assert watch._watch is not None
    assert watch._calls is not None
    assert watch._lock is not None
    watch._watch.cancel()
    watch._calls.close()
    watch._lock._file.close()
    await host.hub._database.close()


async def ask(host: Host, death: Death, order: Callable[[Host], Any]) -> bool:
    """Ask the host for something; whether it said yes. A refusal is a yes: it was done before."""
    order_task = asyncio.ensure_future(order(host))
    death_task = asyncio.ensure_future(death.has_come.wait())
    await asyncio.wait([order_task, death_task], return_when=asyncio.FIRST_COMPLETED)
    death_task.cancel()
    if not order_task.done():
        order_task.cancel()
        return False
    return order_task.exception() is None or isinstance(order_task.exception(), DurableError)


ORDERS: list[Callable[[Host], Any]] = [
    lambda host: host.app.start("everything", "everything", None),
    lambda host: host.app.start("again", "again", json.dumps("2")),
    lambda host: host.app.raise_event("everything", "second", '"b"'),
    lambda host: host.app.raise_event("everything", "first", '"a"'),
    lambda host: host.app.signal_entity("@counter@signals", "add", None),
]


async def ended(host: Host) -> list[Instance]:
    """The instances after their ends, and after the signal has run."""
    await host.status_until("@counter@signals", lambda entity: entity.entity_state is not None)
    return [await host.end_of(instance_id) for instance_id in EXPECTED]


async def work(host: Host, death: Death, orders: list[Callable[[Host], Any]]) -> bool:
    """Give the orders that were not acknowledged, and wait for the end; whether the host lived to see it."""
    while orders:
        if not await ask(host, death, orders[0]):
            return False
        orders.pop(0)
    return await ask(host, death, ended)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
async def test_whatever_commit_a_host_dies_at_the_next_one_comes_to_the_same_end(
    start_host: StartHost, death: Death, is_after: bool
) -> None:
    orchestrators = {each.__name__: df.Orchestrator.create(each) for each in (everything, child, again)}
    pool = FakePool(orchestrators, {"say": constant("hello")}, {"counter": df.Entity.create(counter)})
    point, survived = 0, False
    while not survived:
        point += 1
        orders = list(ORDERS)
        host = await start_host(pool=pool, folder=f"{point}")
        death.plan(point, is_after)
        survived = await work(host, death, orders)
        repeated = orders == ORDERS[-1:]
        if not survived:
            await abandon(host)
        death.plan(0, False)
        if not survived:
            host = await start_host(pool=pool, folder=f"{point}")
            assert await work(host, death, orders)

        for instance in await ended(host):
            assert instance.status is Status.COMPLETED, (point, instance)
            assert json.loads(instance.output or "") == EXPECTED[instance.instance_id], (point, instance)
        assert await host.app.entity_state("@counter@calls") == "1", point
        # A signal that was not acknowledged was sent once more.
        signals = await host.app.entity_state("@counter@signals")
        assert signals == "1" or (repeated and signals == "2"), point
        await host.stop()
    assert point > 50
