"""A small mixture of work that makes a hub do every kind of commit, for either generation of the SDK.

Each order can be given once more when nobody knows what became of it: the outcome is the same.
"""

import json
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import azure.durable_functions as df

from funchost.durable.commit import ActivityTask, Postponed
from funchost.durable.episode_commit import Rules
from funchost.durable.events import Event, TaskCompleted
from funchost.durable.instances import InstanceFilter, Status
from funchost.durable.protocol import SdkRules
from funchost.taskhub.timer_records import TimerStatus
from tests.dispatch.conftest import Host
from tests.dispatch.fakes import FakePool, Function, constant
from tests.generations import HAS_SDK_2

Steps = Generator[Any, Any, Any]
Order = Callable[[Host], Awaitable[object]]


@dataclass
class CrashPool(FakePool):
    """`fragile` fails until it `is_mended`; the first call of `deadly` kills its worker."""

    is_mended: bool = False


def everything(context: df.DurableOrchestrationContext) -> Steps:
    """One of each: activities, a child, events, a timer, an entity that is called and one that is told."""
    said = yield context.task_all([context.call_activity("say", number) for number in range(2)])
    child = yield context.call_sub_orchestrator("child", None, "child-of-everything")
    first = yield context.wait_for_external_event("first")
    second = yield context.wait_for_external_event("second")
    context.signal_entity(df.EntityId("counter", "within"), "add")
    yield context.create_timer(context.current_utc_datetime + timedelta(milliseconds=10))
    yield context.call_entity(df.EntityId("counter", "calls"), "add")
    return [said, child, first, second, (yield context.call_activity("deadly", None))]


def child(context: df.DurableOrchestrationContext) -> Steps:
    return (yield context.call_activity("say", 2))


def again(context: df.DurableOrchestrationContext) -> Steps:
    left = context.get_input()
    if left == 0:
        return "done"
    yield context.call_activity("say", left)
    context.continue_as_new(left - 1)
    return None


def held(context: df.DurableOrchestrationContext) -> Steps:
    return (yield context.wait_for_external_event("go"))


def broken(context: df.DurableOrchestrationContext) -> Steps:
    return (yield context.call_activity("fragile", None))


def ask(context: df.DurableOrchestrationContext) -> Steps:
    answer = yield context.call_http("GET", "http://example.test/")
    return answer["content"]


def counter(context: df.DurableEntityContext) -> None:
    context.set_state(context.get_state(lambda: 0) + 1)


def _encoded(value: Any) -> str:
    """An input as a client of this SDK sends it."""
    return json.dumps(value) if HAS_SDK_2 else json.dumps(json.dumps(value))


def new_rules() -> SdkRules:
    """The rules of the SDK that is installed."""
    if HAS_SDK_2:
        from funchost.protocols.grpc2.grpc2_rules import Grpc2Rules

        return Grpc2Rules(Rules())
    from funchost.protocols.json1.rules import Json1Rules

    return Json1Rules(Rules())


def new_pool(*, is_mended: bool = False) -> CrashPool:
    """The functions of the app, in a process that has just started."""
    pool = CrashPool(_orchestrators(), {}, _entities(), is_mended=is_mended)

    def fragile(text: str) -> str:
        if not pool.is_mended:
            raise ValueError("not yet")
        return '"whole"'

    pool.activities = {"say": constant("hello"), "deadly": constant("alive"), "fragile": fragile}
    pool.deaths["deadly"] = 1
    pool.deaths["held"] = 1
    return pool


def _orchestrators() -> dict[str, Function]:
    functions = [everything, child, again, held, broken, ask][: 5 if HAS_SDK_2 else 6]
    if not HAS_SDK_2:
        return {each.__name__: df.Orchestrator.create(each) for each in functions}
    app = df.DFApp()
    for each in functions:
        app.orchestration_trigger(context_name="context")(each)
    return _of_sdk_2(app)


def _entities() -> dict[str, Function]:
    if not HAS_SDK_2:
        return {"counter": df.Entity.create(counter)}
    app = df.DFApp()
    app.entity_trigger(context_name="context")(counter)
    return _of_sdk_2(app)


def _of_sdk_2(app: Any) -> dict[str, Function]:
    """The functions of an app as a worker calls them: base64 in, base64 out."""

    def as_function(built: Any) -> Function:
        trigger, call = built.get_trigger().name, built.get_user_function()
        return lambda text: call(**{trigger: text})

    names = {"counter", "everything", "child", "again", "held", "broken"}
    built = {each.get_function_name(): each for each in app.get_functions()}
    return {name: as_function(built[name]) for name in names & built.keys()}


async def late_web(task: ActivityTask) -> Event | Postponed:
    """A web server that says 202 first."""
    if task.input != "later":
        return Postponed("later", 0)
    return TaskCompleted(0, task.task_id, json.dumps({"statusCode": 200, "headers": {}, "content": "there"}))


def starts(name: str, input: Any = None) -> Order:
    """Start the orchestration under an ID of the same name."""

    async def order(host: Host) -> None:
        await host.app.start(name, name, _encoded(input))

    return order


@dataclass(frozen=True, slots=True)
class Raise:
    """Raise an event."""

    instance_id: str
    name: str
    value: str

    async def __call__(self, host: Host) -> None:
        await host.app.raise_event(self.instance_id, self.name, json.dumps(self.value))


async def suspend(host: Host) -> None:
    await host.app.suspend("held", "wait")
    await host.status_until("held", lambda held: held.status is Status.SUSPENDED)


async def resume(host: Host) -> None:
    await host.app.resume("held", "go on")
    await host.status_until("held", lambda held: held.status is not Status.SUSPENDED)


async def rewind(host: Host) -> None:
    await host.end_of("broken")
    assert isinstance(host.pool, CrashPool)
    host.pool.is_mended = True
    await host.app.rewind("broken", "mended")


async def purge_child(host: Host) -> None:
    if await host.app.get("child-of-everything") is not None:
        await host.end_of("everything")
        await host.app.purge("child-of-everything")


async def purge_terminated(host: Host) -> None:
    if await host.app.get("doomed") is not None:
        await host.end_of("doomed")
        await host.app.purge_where(InstanceFilter(statuses=frozenset({Status.TERMINATED})))


async def restart(host: Host) -> None:
    await host.end_of("again")
    await host.app.restart("again", new_id=False)


async def fire_timer(host: Host) -> None:
    await host.hub.timers.lease("tick")
    await host.hub.timers.record("tick", TimerStatus(1, 2, 3))


async def run_app_anew(host: Host) -> None:
    """What a restart of the app does with the hub."""
    for dispatcher in (host.instances, host.activities):
        await dispatcher.stop(0)
    await host.hub.free_leases()
    for dispatcher in (host.instances, host.activities):
        dispatcher.resume()
        dispatcher.start()


ORDERS: list[Order] = [
    starts("everything"),
    starts("again", 2),
    starts("held"),
    lambda host: host.app.start("held", "doomed", None),
    starts("broken"),
    *([] if HAS_SDK_2 else [starts("ask")]),
    run_app_anew,
    Raise("everything", "second", "b"),
    Raise("everything", "first", "a"),
    suspend,
    resume,
    Raise("held", "go", "went"),
    lambda host: host.app.terminate("doomed", "enough"),
    rewind,
    fire_timer,
    restart,
    purge_child,
    purge_terminated,
    lambda host: host.app.remove_empty_entities(),
    lambda host: host.app.release_orphaned_locks(),
    lambda host: host.app.signal_entity("@counter@signals", "add", None),
]
REWIND = ORDERS.index(rewind)
SIGNAL = len(ORDERS) - 1
# What the orders of these numbers raise.
EVENTS = {number: (order.name,) for number, order in enumerate(ORDERS) if isinstance(order, Raise)}

OUTPUTS = {
    "everything": [["hello", "hello"], "hello", "a", "b", "alive"],
    "again": "done",
    "held": "went",
    "broken": "whole",
    **({} if HAS_SDK_2 else {"ask": "there"}),
}
PURGED = ("doomed", "child-of-everything")


async def check(host: Host, acknowledged: int) -> None:
    """Wait for the outcome of a host that was given all orders, and see that it is the right one.

    So many orders were acknowledged before; the next may have been given twice.
    """
    for instance_id, output in OUTPUTS.items():
        instance = await host.end_of(instance_id)
        assert instance.status is Status.COMPLETED, instance
        assert json.loads(instance.output or "") == output, instance
    assert [await host.app.get(each) for each in PURGED] == [None, None]
    for key in ("calls", "within", "signals"):
        await host.status_until(f"@counter@{key}", lambda entity: entity.entity_state is not None)
        state = await host.app.entity_state(f"@counter@{key}")
        assert state == "1" or (key == "signals" and acknowledged == SIGNAL and state == "2"), (key, state)
    assert replace(await _timer(host), updated=3) == TimerStatus(1, 2, 3)


async def _timer(host: Host) -> TimerStatus:
    status = await host.hub.timers.status("tick")
    assert status is not None
    return status
