"""Many external events for an orchestrator that waits for one after the other: few episodes, and the same
result as with an episode for each.

The functions run through the SDK, which warns of an event that finds no wait; here it is offered such ones.
"""

import json
from typing import Any

import azure.durable_functions as df
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from funchost.durable import events
from funchost.durable.episode_commit import Rules
from funchost.durable.instances import Status
from funchost.protocols.json1 import rules
from funchost.protocols.json1.rules import Json1Rules
from tests.protocols.json1.running import (
    Context,
    HubOf,
    Json1Hub,
    Run,
    activity,
    entity,
    finish,
    orchestrator,
    output,
)

pytestmark = pytest.mark.filterwarnings("ignore:Potential duplicate Task completion")


def collect(context: Context) -> Run:
    """So many events, one after the other."""
    received = []
    for _ in range(context.get_input()):
        received.append((yield context.wait_for_external_event("Add")))
    return received


def raise_events(hub: Json1Hub, values: range, name: str = "Add") -> None:
    for value in values:
        hub.send(events.EventRaised(hub.now, name, json.dumps(value)))


def episodes(history: list[events.Event]) -> int:
    return sum(isinstance(event, events.OrchestratorStarted) for event in history)


def test_events_that_wait_are_taken_in_few_episodes(hub_of: HubOf) -> None:
    hub = hub_of(collect)
    row = hub.start("o", 100)
    raise_events(hub, range(100))
    hub.run_all()

    assert output(row) == list(range(100))
    assert episodes(row.history) < 20


def test_events_that_come_one_by_one_are_taken_one_by_one(hub_of: HubOf) -> None:
    hub = hub_of(collect)
    row = finish(hub, 5)
    for number in range(5):
        raise_events(hub, range(number, number + 1))
        hub.run_all()

    assert output(row) == list(range(5))
    assert episodes(row.history) == 6


def test_an_event_is_taken_as_its_waiter_spells_it(hub_of: HubOf) -> None:
    hub = hub_of(collect)
    row = hub.start("o", 10)
    raise_events(hub, range(10), "aDD")
    hub.run_all()

    assert output(row) == list(range(10))
    assert {event.name for event in row.history if isinstance(event, events.EventRaised)} == {"Add"}


def test_events_that_the_orchestrator_has_not_read_when_it_continues_as_new_are_there_for_the_next_one(
    hub_of: HubOf,
) -> None:
    def five_each(context: Context) -> Run:
        received = context.get_input()
        for _ in range(5):
            received.append((yield context.wait_for_external_event("Add")))
        if len(received) == 20:
            return received
        context.continue_as_new(received)

    hub = hub_of(five_each)
    row = hub.start("o", [])
    raise_events(hub, range(25))
    hub.run_all()

    assert output(row) == list(range(20))


def test_what_is_scheduled_after_an_event_is_found_in_the_next_replay(hub_of: HubOf) -> None:
    def ask_after_each(context: Context) -> Run:
        received = []
        for number in range(8):
            received.append((yield context.wait_for_external_event("Add")))
            if number == 5:
                received.append((yield context.call_entity(df.EntityId("echo", "one"), "say", 7)))
        return received

    hub = hub_of(ask_after_each)
    hub.entity_functions = {"echo": entity(lambda context: context.set_result(context.get_input()))}
    row = hub.start("o")
    raise_events(hub, range(8))
    hub.run_all()

    assert output(row) == [0, 1, 2, 3, 4, 5, 7, 6, 7]


STEP = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from(["Add", "Add", "Add", "add", "Stop"])),
    st.just(("work",)),
    st.tuples(st.just("all"), st.integers(1, 4)),
    st.tuples(st.just("any"), st.integers(1, 4)),
    st.tuples(st.just("race"), st.integers(1, 2)),
    st.just(("fail",)),
    st.just(("again",)),
)
RUN_OF_WAITS = st.integers(2, 9).map(lambda count: [("wait", "Add")] * count)
PROGRAM = st.lists(STEP.map(lambda step: [step]) | RUN_OF_WAITS, max_size=8).map(
    lambda parts: [step for part in parts for step in part]
)
BURST = st.lists(st.sampled_from(["Add", "Add", "Add", "Add", "ADD", "Stop"]), max_size=20)


def interpret(context: Context) -> Run:
    given = context.get_input()
    received: list[Any] = given["received"]
    for position, step in enumerate(given["steps"]):
        match step:
            case ["wait", name]:
                received.append((yield context.wait_for_external_event(name)))
            case ["work"]:
                received.append((yield context.call_activity("say", position)))
            case ["all", count]:
                waits = [context.wait_for_external_event("Add") for _ in range(count)]
                received.append((yield context.task_all(waits)))
            case ["any", count]:
                waits = [context.wait_for_external_event("Add") for _ in range(count)]
                received.append((yield context.task_any(waits)).result)
            case ["race", count]:
                waits = [context.wait_for_external_event("Add") for _ in range(count)]
                received.append(
                    (yield context.task_any([*waits, context.call_activity("say", "race")])).result
                )
            case ["fail"]:
                raise ValueError(f"failed after {received}")
            case ["again"]:
                context.continue_as_new({"steps": given["steps"][position + 1 :], "received": received})
                return None
    return received


def outcome(program: list[Any], bursts: list[list[str]]) -> tuple[Status, str | None, int]:
    hub = Json1Hub(
        Json1Rules(Rules()),
        {"o": orchestrator(interpret)},
        {"say": activity(lambda value, attempt: f"said {value}")},
    )
    row = hub.start("o", {"steps": program, "received": []})
    number = 0
    for burst in bursts:
        for name in burst:
            raise_events(hub, range(number, number + 1), name)
            number += 1
        hub.run_all()
    return row.instance.status, row.instance.output, len(row.mailbox)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PROGRAM, st.lists(BURST, min_size=1, max_size=3))
def test_whatever_is_offered_ahead_the_result_is_that_of_one_event_for_each_episode(
    monkeypatch: pytest.MonkeyPatch, program: list[Any], bursts: list[list[str]]
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(rules, "look_ahead", lambda intake, arrived, pace: [])
        expected = outcome(program, bursts)

    assert outcome(program, bursts) == expected
