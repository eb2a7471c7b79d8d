"""What travels to the orchestrator. Expectations: durable extension, context JSON; SDK 1.7.0 reads it."""

import json

import pytest
from azure.durable_functions import DurableOrchestrationContext
from hypothesis import given
from hypothesis import strategies as st

from funchost.durable import events
from funchost.protocols.json1.replay_input import orchestration_context, sdk_event
from tests.durable.instances import NOON, new_instance

ANY = new_instance()


def test_the_context_has_the_keys_of_the_protocol() -> None:
    instance = new_instance(input='"{\\"a\\": 1}"')

    assert json.loads(orchestration_context(instance, ['{"EventType":12}'], 30_000)) == {
        "history": [{"EventType": 12}],
        "input": '{"a": 1}',
        "instanceId": "abc",
        "isReplaying": False,
        "parentInstanceId": None,
        "upperSchemaVersion": 1,
        "upperSchemaVersionNew": 2,
        "longRunningTimerIntervalDuration": "3.00:00:00",
        "maximumShortTimerDuration": "6.00:00:00",
        "defaultHttpAsyncRequestSleepTimeMillseconds": 30_000,
    }


@given(st.text(min_size=1), st.text() | st.none())
def test_any_id_and_input_reach_the_sdk_unchanged(instance_id: str, value: str | None) -> None:
    stored = None if value is None else json.dumps(json.dumps(value))
    instance = new_instance(instance_id=instance_id, input=stored, parent_instance_id="p")
    history = [sdk_event(events.OrchestratorStarted(NOON), instance, played=False) or ""]

    context = DurableOrchestrationContext.from_json(orchestration_context(instance, history, 1).decode())

    assert (context.instance_id, context.get_input(), context.parent_instance_id) == (instance_id, value, "p")


def test_events_that_replay_does_not_depend_on_stay_at_home() -> None:
    away: list[events.Event] = [
        events.OrchestratorStarted(NOON),
        events.ExecutionStarted(NOON, "o"),
        events.TaskCompleted(NOON, 0, "1"),
        events.TaskFailed(NOON, 0, "x"),
        events.SubOrchestrationCompleted(NOON, 0, "1"),
        events.SubOrchestrationFailed(NOON, 0, "x"),
        events.TimerFired(NOON, 0, NOON),
        events.EventRaised(NOON, "Go", "1"),
        events.EventSent(NOON, 0, "@e@k", "op", '{"id":"r"}', "r"),
    ]
    home: list[events.Event] = [
        events.OrchestratorCompleted(NOON),
        events.TaskScheduled(NOON, 0, "A"),
        events.SubOrchestrationCreated(NOON, 0, "S", "kid"),
        events.TimerCreated(NOON, 0, NOON),
        events.EventSent(NOON, 0, "@e@k", "op", "{}"),
        events.ExternalEventAwaited(NOON, "Go"),
        events.TimerCancelled(NOON, 0),
        events.ExecutionSuspended(NOON, "x"),
        events.GenericEvent(NOON, "x"),
    ]

    assert [event for event in away + home if sdk_event(event, ANY, played=True) is not None] == away


@pytest.mark.parametrize("played", [True, False])
def test_an_event_has_the_keys_of_the_protocol_and_a_short_time(played: bool) -> None:
    text = sdk_event(events.TaskCompleted(NOON, 7, '"a"'), ANY, played=played)

    assert json.loads(text or "") == {
        "EventType": 5,
        "EventId": -1,
        "IsPlayed": played,
        "Timestamp": "20240501T120000.000000Z",
        "TaskScheduledId": 7,
        "Result": '"a"',
    }


def test_the_start_tells_who_called_a_sub_orchestration() -> None:
    child = new_instance(parent_instance_id="p", parent_execution_id="e0", parent_task_id=3)

    event = events.ExecutionStarted(NOON, "o", "1.0", events.Parent("caller", "2.0"))

    started = json.loads(sdk_event(event, child, played=False) or "")

    assert started["OrchestrationInstance"] == {"InstanceId": "abc", "ExecutionId": "e1"}
    assert started["ParentInstance"] == {
        "Name": "caller",
        "OrchestrationInstance": {"InstanceId": "p", "ExecutionId": "e0"},
        "TaskScheduleId": 3,
        "Version": "2.0",
    }
