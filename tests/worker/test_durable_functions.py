"""Activities, orchestrators, entities and timers in a real worker. Source: azure.functions."""

import json
import logging

import pytest

from tests.generations import sdk_1_only

TIME = "2026-01-02T03:04:05.678901Z"
EVENT = {"EventId": -1, "IsPlayed": False, "Timestamp": TIME}
STARTED = [
    {**EVENT, "EventType": 12},
    {**EVENT, "EventType": 0, "Name": "o", "Input": None, "Version": ""},
]


def orchestrator_context(*events):
    return json.dumps(
        {
            "history": [*STARTED, *events],
            "input": None,
            "instanceId": "abc",
            "isReplaying": False,
            "parentInstanceId": None,
            "upperSchemaVersion": 1,
            "upperSchemaVersionNew": 2,
        }
    )


@pytest.mark.parametrize(("value", "twice"), [(21, 42), ("ab", "abab"), ([1], [1, 1])])
async def test_an_activity_gets_its_input_and_returns_json(caller, value, twice):
    assert await caller.activity("double", value) == twice


async def test_an_activity_s_input_that_is_no_json_is_text(caller):
    result = await caller.invoke("double", "Tokyo")

    assert (result.datum, result.payload) == ("json", b'"TokyoTokyo"')


async def test_an_async_activity_runs_as_well(caller):
    assert await caller.activity("renamed", {"a": None}) == {"a": None}


async def test_an_activity_that_returns_nothing_returns_null(caller):
    assert await caller.activity("block", 0.0) is not None
    assert await caller.activity("talk", "x") is None


@sdk_1_only
async def test_an_orchestrator_s_state_arrives_as_the_sdk_wrote_it(caller):
    result = await caller.invoke("chain", orchestrator_context())

    state = json.loads(result.payload)
    assert result.datum == "json"
    assert state["isDone"] is False
    assert state["actions"] == [[{"actionType": 0, "functionName": "double", "input": "21"}]]
    assert result.payload.decode() == json.dumps(state)


@sdk_1_only
async def test_a_replayed_orchestrator_returns_its_output(caller):
    scheduled = {**EVENT, "EventType": 4, "EventId": 0, "Name": "double"}
    completed = {**EVENT, "EventType": 5, "TaskScheduledId": 0, "Result": "42"}

    result = await caller.invoke("chain", orchestrator_context(scheduled, completed))

    state = json.loads(result.payload)
    assert (state["isDone"], state["output"]) == (True, 42)


@sdk_1_only
async def test_a_failed_orchestrator_s_state_arrives_whole_in_the_message(caller):
    scheduled = {**EVENT, "EventType": 4, "EventId": 0, "Name": "double"}
    completed = {**EVENT, "EventType": 5, "TaskScheduledId": 0, "Result": "42"}

    result = await caller.invoke("failing", orchestrator_context(scheduled, completed))

    message, state = result.error.message.split("\n\n$OutOfProcData$:")
    assert message == "no good"
    assert json.loads(state)["error"] == "no good"
    assert "x" * 100_000 in state
    assert 'raise ValueError("no good")' in result.error.stack
    assert "OutOfProcData" not in result.error.stack


@sdk_1_only
async def test_an_entity_runs_its_batch(caller):
    batch = {
        "self": {"name": "counter", "key": "k"},
        "exists": False,
        "state": None,
        "batch": [{"name": "add", "input": '"3"', "isSignal": False} for _ in range(2)],
    }

    result = await caller.invoke("counter", json.dumps(batch))

    state = json.loads(result.payload)
    assert [json.loads(entry["result"]) for entry in state["results"]] == [3, 6]
    assert json.loads(state["entityState"]) == 6


async def test_a_timer_function_gets_its_request(caller, caplog):
    caplog.set_level(logging.INFO)
    result = await caller.invoke("tick", '{"IsPastDue": true, "Schedule": {"AdjustForDST": true}}', "json")

    assert (result.ok, result.datum) == (True, "none")
    assert "past due: True" in caplog.messages


async def test_a_value_that_nothing_takes_is_an_error(caller):
    result = await caller.invoke("talkative_tick", "{}", "json")

    assert result.error.type == "RuntimeError"
    assert result.error.message == (
        "function 'talkative_tick' without a $return binding returned a non-None value"
    )
