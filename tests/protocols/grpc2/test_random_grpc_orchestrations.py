"""Random orchestrations through the real SDK 2.x and the rules of its protocol, against a direct interpreter.

The order of arrival is random, messages come twice, and what hosts remember is lost between any two steps.
The model hub checks at every step that no task ends more often than it was scheduled, and that the same
history gives the same request and the same decision.
"""

import json
import random
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import azure.durable_functions as df
from durabletask import entities, task
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from funchost.durable.events import ExecutionResumed, ExecutionSuspended
from funchost.durable.instances import Status
from tests.protocols.grpc2.sdk_app import new_hub
from tests.protocols.model_hub import SECOND, ModelHub

Step = list[Any]
RAISED = [f"value {number}" for number in range(12)]
"""What is raised under each event's name, in this order."""


class Flaky(Exception):
    """An activity that fails on purpose."""


def double(value: int) -> int:
    return value * 2


def flaky(plan: list[int], attempt: int) -> str:
    failures, value = plan
    if attempt <= failures:
        raise Flaky(f"attempt {attempt}")
    return f"{value} on attempt {attempt}"


def counter(context: df.DurableEntityContext) -> None:
    context.set_state(context.get_state(lambda: 0) + context.get_input())
    context.set_result(context.get_state())


def interpret(ctx: task.OrchestrationContext, plan: dict[str, Any]) -> Generator[Any, Any, Any]:
    """The orchestrator: does the steps of its input one after the other."""
    results: list[Any] = plan["results"]
    for position, step in enumerate(plan["steps"]):
        if step[0] == "again":
            rest = {"steps": plan["steps"][position + 1 :], "results": results}
            ctx.continue_as_new(rest, save_events=True)
            return None
        try:
            results.append((yield from do(ctx, step)))
        except task.TaskFailedError as error:
            results.append(error.details.message)
        if step[0] == "fail":
            raise ValueError(step[1])
    return results


def do(ctx: task.OrchestrationContext, step: Step) -> Generator[Any, Any, Any]:
    match step:
        case ["all", leaves]:
            return (yield task.when_all([task_for(ctx, leaf) for leaf in leaves]))
        case ["any", leaves]:
            tasks = [task_for(ctx, leaf) for leaf in leaves]
            yield task.when_any(tasks)
            return (yield task.when_all(tasks))
        case ["race", value]:
            timer = ctx.create_timer(timedelta(hours=1))
            work = ctx.call_activity("double", input=value)
            winner = yield task.when_any([timer, work])
            timer.cancel()
            return winner.get_result()
        case ["status", value]:
            ctx.set_custom_status(value)
            return None
        case ["fail", _]:
            return None
        case _:
            return (yield task_for(ctx, step))


def task_for(ctx: task.OrchestrationContext, leaf: Step) -> Any:
    match leaf:
        case ["act", value]:
            return ctx.call_activity("double", input=value)
        case ["retry", failures, attempts, value]:
            return ctx.call_activity("flaky", input=[failures, value], retry_policy=policy(attempts))
        case ["timer", seconds]:
            return ctx.create_timer(timedelta(seconds=seconds))
        case ["event", name]:
            return ctx.wait_for_external_event(name)
        case ["sub", attempts, steps]:
            # The SDK's own IDs begin anew with each execution, when an old child may still run.
            return ctx.call_sub_orchestrator(
                "interpret",
                input={"steps": steps, "results": []},
                instance_id=ctx.new_uuid(),
                retry_policy=policy(attempts) if attempts else None,
            )
        case ["entity", key, value]:
            return ctx.call_entity(entities.EntityInstanceId("counter", key), "add", input=value)
    raise AssertionError(leaf)


def policy(attempts: int) -> task.RetryPolicy:
    return task.RetryPolicy(first_retry_interval=timedelta(seconds=2), max_number_of_attempts=attempts)


@dataclass
class Direct:
    """What the steps mean, without any hub."""

    raised: dict[str, Iterator[str]] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)

    def run(self, steps: list[Step]) -> tuple[Status, Any]:
        results: list[Any] = []
        for step in steps:
            if step[0] == "fail":
                return Status.FAILED, step[1]
            if step[0] == "again":
                continue
            try:
                results.append(self.value(step))
            except Flaky as failure:
                results.append(str(failure))
        return Status.COMPLETED, results

    def value(self, step: Step) -> Any:
        match step:
            case ["all" | "any", leaves]:
                return [self.value(leaf) for leaf in leaves]
            case ["race" | "act", value]:
                return value * 2
            case ["retry", failures, attempts, value]:
                if failures >= attempts:
                    raise Flaky(f"attempt {attempts}")
                return f"{value} on attempt {failures + 1}"
            case ["event", name]:
                return next(self.raised.setdefault(name.casefold(), iter(RAISED)))
            case ["sub", _, inner]:
                status, output = Direct().run(inner)
                if status is Status.FAILED:
                    raise Flaky(output)
                return output
            case ["entity", key, value]:
                self.counters[key] = self.counters.get(key, 0) + value
                return self.counters[key]
            case ["timer", _] | ["status", _]:
                return None
        raise AssertionError(step)


SMALL = st.integers(0, 9)
ACTIVITY = st.tuples(st.just("act"), SMALL)
SUCCEEDS_AT_LAST = st.tuples(st.just("retry"), st.integers(0, 2), st.just(3), SMALL)
FAILS = st.integers(1, 2).map(lambda attempts: ("retry", attempts, attempts, 0))
TIMER = st.tuples(st.just("timer"), st.sampled_from([-5, 0, 1, 30]))
INNER = st.lists(ACTIVITY | SUCCEEDS_AT_LAST | TIMER | FAILS, max_size=2)
SUB = st.tuples(st.just("sub"), st.just(0), INNER)
FAILED_SUB = st.tuples(st.just("sub"), st.integers(0, 2), INNER.map(lambda i: [*i, ("fail", "inner")]))
LEAF = ACTIVITY | SUCCEEDS_AT_LAST | TIMER | SUB
LEAVES = st.lists(LEAF, min_size=1, max_size=4)
STEP = st.one_of(
    LEAF,
    FAILS,
    FAILED_SUB,
    st.tuples(st.just("all"), LEAVES),
    # One leaf that fails ends the wait at once; the others go on beside the next steps.
    st.tuples(LEAVES, FAILS).map(lambda both: ("all", [*both[0], both[1]])),
    st.tuples(st.just("any"), LEAVES),
    st.tuples(st.just("race"), SMALL),
    st.tuples(st.just("event"), st.sampled_from(["Go", "stop"])),
    st.tuples(st.just("entity"), st.sampled_from(["a", "B"]), SMALL),
    st.tuples(st.just("status"), SMALL),
    st.just(("again",)),
)
STEPS = st.tuples(
    st.lists(STEP, min_size=1, max_size=5), st.booleans().map(lambda fails: [("fail", "outer")] * fails)
).map(lambda parts: [*parts[0], *parts[1]])


def wreak(hub: ModelHub, dice: random.Random, raised: list[tuple[str, str]]) -> None:
    """Do random steps until the root has ended, with crashes, lost memories, and a pause by a client."""
    root = hub.rows["root"]
    pauses = dice.random() < 0.3
    for count in range(1_000):
        if root.instance.status.is_final:
            return
        crash = dice.random() < 0.15
        for row in hub.rows.values():
            if dice.random() < 0.1:
                row.replay = None
        near = (due := hub.next_due()) is not None and due - hub.now <= 60 * SECOND
        match dice.choice(["episode", "activity", "event", "time", "pause"]):
            case "episode" if ready := hub.ready():
                hub.run_episode(dice.choice(ready), crash=crash)
            case "activity" if hub.waiting_activities:
                hub.run_activity(dice.randrange(len(hub.waiting_activities)), crash=crash)
            case "event" if raised:
                name, value = raised.pop(0)
                hub.raise_event(name, f'"{value}"')
            case "time" if due is not None and (near or not hub.ready() + hub.waiting_activities):
                hub.now = due
            case "pause" if root.instance.status is Status.SUSPENDED:
                hub.send(ExecutionResumed(hub.now, "go on"))
            case "pause" if pauses and count > 3:
                pauses = False
                hub.send(ExecutionSuspended(hub.now, "wait"))
    raise AssertionError("the orchestration does not come to its end")


@given(steps=STEPS, seed=st.integers(0, 2**32))
@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
def test_an_orchestration_ends_as_its_code_says_whatever_happens_on_the_way(
    steps: list[Step], seed: int
) -> None:
    dice = random.Random(seed)
    hub = new_hub(interpret, activities=[double, flaky], entities=[counter])
    hub.duplicate = lambda: dice.random() < 0.2
    root = hub.start("interpret", json.dumps({"steps": steps, "results": []}))
    raised = [(name, value) for value in RAISED for name in ("Go", "Stop")]

    wreak(hub, dice, raised)

    status, result = Direct().run(json.loads(json.dumps(steps)))
    output = root.instance.output or ""
    assert root.instance.status is status, output
    if status is Status.COMPLETED:
        assert json.loads(output) == result
    else:
        assert output == f"builtins.ValueError: {result}"
