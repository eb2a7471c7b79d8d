"""What travels to the orchestrator. Expectations: durable extension, context JSON; SDK 1.7.0 reads it."""

import json

from azure.durable_functions import DurableOrchestrationContext
from funchost.durable.context import orchestration_context, read_by_sdk
from hypothesis import given
from hypothesis import strategies as st

from funchost.durable import events
from tests.durable.instances import NOON, new_instance


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

    history = [events.orchestrator_started(NOON).text]

    context = DurableOrchestrationContext.from_json(orchestration_context(instance, history, 1).decode())

    assert (context.instance_id, context.get_input(), context.parent_instance_id) == (instance_id, value, "p")


def test_events_that_replay_does_not_depend_on_stay_at_home() -> None:
    away = [
        events.orchestrator_started(NOON),
        events.execution_started(NOON, name="o", version="", instance_id="abc", execution_id="e1"),
        events.task_completed(NOON, 0, "1"),
        events.task_failed(NOON, 0, "x", None),
        events.sub_orchestration_completed(NOON, 0, "1"),
        events.sub_orchestration_failed(NOON, 0, "x", None),
        events.timer_fired(NOON, 0, NOON),
        events.event_raised(NOON, "Go", "1"),
        events.event_sent(NOON, 0, "@e@k", '{"id":"r"}', "r"),
    ]
    home = [
        events.orchestrator_completed(NOON),
        events.task_scheduled(NOON, 0, "A"),
        events.sub_orchestration_created(NOON, 0, "S", "kid", "", None),
        events.timer_created(NOON, 0, NOON),
        events.event_sent(NOON, 0, "@e@k", "{}", None),
        events.external_event_awaited(NOON, "Go"),
        events.timer_cancelled(NOON, 0),
        events.execution_suspended(NOON, "x"),
        events.generic_event(NOON, "x"),
    ]

    assert all(map(read_by_sdk, away))
    assert not any(map(read_by_sdk, home))
