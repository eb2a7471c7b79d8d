"""Random orchestrations through the real SDK and the pure rules, against a direct interpreter.

The order of arrival is random, messages come twice, and what hosts remember is lost between any two steps.
The model hub checks at every step that no task counts twice, that the same history gives the same
decision, and that a ledger folded from the history is the one that was kept. The SDK warns of a completion
whose task it has not met; pytest makes that an error.
"""

import random
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import azure.durable_functions as df
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from funchost.durable import events
from funchost.durable.episode_commit import Rules
from funchost.durable.instances import Status
from funchost.durable.text import dump_json
from funchost.protocols.json1.rules import Json1Rules
from tests.protocols.json1.running import Json1Hub, activity, entity, open_tasks, orchestrator
from tests.protocols.model_hub import SECOND

Step = list[Any]
RAISED = [f"value {number}" for number in range(12)]
"""What is raised under each event's name, in this order."""


class Flaky(Exception):
    """An activity that fails on purpose."""


def double(value: int, attempt: int) -> int:
    return value * 2


def flaky(plan: list[int], attempt: int) -> str:
    failures, value = plan
    if attempt <= failures:
        raise Flaky(f"attempt {attempt}")
    return f"{value} on attempt {attempt}"


def counter(context: df.DurableEntityContext) -> None:
    context.set_state(context.get_state(lambda: 0) + context.get_input())
    context.set_result(context.get_state())


def interpret(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    """The orchestrator: does the steps of its input one after the other."""
    plan = context.get_input()
    results: list[Any] = plan["results"]
    for position, step in enumerate(plan["steps"]):
        if step[0] == "again":
            context.continue_as_new({"steps": plan["steps"][position + 1 :], "results": results})
            return None
        try:
            results.append((yield from do(context, step)))
        except Exception as error:
            results.append(first_line(error))
        if step[0] == "fail":
            raise ValueError(step[1])
    return results


def do(context: df.DurableOrchestrationContext, step: Step) -> Generator[Any, Any, Any]:
    match step:
        case ["all", leaves]:
            return (yield context.task_all([task(context, leaf) for leaf in leaves]))
        case ["any", leaves]:
            tasks = [task(context, leaf) for leaf in leaves]
            yield context.task_any(tasks)
            return (yield context.task_all(tasks))
        case ["race", value]:
            timer = context.create_timer(context.current_utc_datetime + timedelta(hours=1))
            work = context.call_activity("double", value)
            winner = yield context.task_any([timer, work])
            timer.cancel()
            return winner.result
        case ["status", value]:
            context.set_custom_status(value)
            return None
        case ["fail", _]:
            return None
        case _:
            return (yield task(context, step))


def task(context: df.DurableOrchestrationContext, leaf: Step) -> Any:
    match leaf:
        case ["act", value]:
            return context.call_activity("double", value)
        case ["retry", failures, attempts, value]:
            options = df.RetryOptions(2000, attempts)
            return context.call_activity_with_retry("flaky", options, [failures, value])
        case ["timer", seconds]:
            return context.create_timer(context.current_utc_datetime + timedelta(seconds=seconds))
        case ["event", name]:
            return context.wait_for_external_event(name)
        case ["sub", steps]:
            return context.call_sub_orchestrator("interpret", {"steps": steps, "results": []})
        case ["sub retry", attempts, steps]:
            options = df.RetryOptions(2000, attempts)
            given = {"steps": steps, "results": []}
            return context.call_sub_orchestrator_with_retry("interpret", options, given)
        case ["entity", key, value]:
            return context.call_entity(df.EntityId("counter", key), "add", value)
    raise AssertionError(leaf)


def first_line(error: Exception) -> str:
    """What every caught failure of an activity or a sub-orchestration begins with."""
    return str(error).partition("\n")[0].strip()


@dataclass
class Direct:
    """What the steps mean, without any hub."""

    raised: dict[str, Iterator[str]] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)

    def run(self, steps: list[Step]) -> tuple[Status, Any]:
        results: list[Any] = []
        for step in steps:
            if step[0] == "fail":
                return Status.FAILED, f"Orchestrator function 'interpret' failed: {step[1]}"
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
                    raise Flaky(f"Activity function 'flaky' failed:  Flaky: attempt {attempts}")
                return f"{value} on attempt {failures + 1}"
            case ["event", name]:
                return next(self.raised.setdefault(name, iter(RAISED)))
            case ["sub", inner] | ["sub retry", _, inner]:
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
SUB = st.tuples(st.just("sub"), INNER)
FAILED_SUB = st.tuples(st.just("sub retry"), st.integers(1, 2), INNER.map(lambda i: [*i, ("fail", "inner")]))
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
    st.tuples(st.just("event"), st.sampled_from(["Go", "Stop"])),
    st.tuples(st.just("entity"), st.sampled_from(["a", "B"]), SMALL),
    st.tuples(st.just("status"), SMALL),
    st.just(("again",)),
)
STEPS = st.tuples(
    st.lists(STEP, min_size=1, max_size=5), st.booleans().map(lambda fails: [("fail", "outer")] * fails)
).map(lambda parts: [*parts[0], *parts[1]])


def new_hub(duplicate_chance: float, dice: random.Random) -> Json1Hub:
    return Json1Hub(
        Json1Rules(Rules(max_entity_batch=3)),
        orchestrators={"interpret": orchestrator(interpret)},
        activities={"double": activity(double), "flaky": activity(flaky)},
        entity_functions={"counter": entity(counter)},
        duplicate=lambda: dice.random() < duplicate_chance,
    )


def wreak(hub: Json1Hub, dice: random.Random, raised: list[tuple[str, str]]) -> None:
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
                hub.send(events.EventRaised(hub.now, name, f'"{value}"'))
            case "time" if due is not None and (near or not hub.ready() + hub.waiting_activities):
                hub.now = due
            case "pause" if root.instance.status is Status.SUSPENDED:
                hub.send(events.ExecutionResumed(hub.now, "go on"))
            case "pause" if pauses and count > 3:
                pauses = False
                hub.send(events.ExecutionSuspended(hub.now, "wait"))
    raise AssertionError("the orchestration does not come to its end")


@given(steps=STEPS, seed=st.integers(0, 2**32))
@settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow])
def test_an_orchestration_ends_as_its_code_says_whatever_happens_on_the_way(
    steps: list[Step], seed: int
) -> None:
    dice = random.Random(seed)
    hub = new_hub(duplicate_chance=0.2, dice=dice)
    root = hub.start("interpret", {"steps": steps, "results": []})
    raised = [(name, value) for value in RAISED for name in ("Go", "Stop")]

    wreak(hub, dice, raised)

    status, result = Direct().run(steps)
    expected = dump_json(result) if status is Status.COMPLETED else result
    assert (root.instance.status, root.instance.output) == (status, expected)
    assert open_tasks(root) == set()
