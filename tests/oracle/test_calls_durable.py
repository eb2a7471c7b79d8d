"""Activities, orchestrators, entities and timers, call by call."""

import json
import re
import uuid
from dataclasses import replace

import pytest

from funchost.worker.invocations import Invocation

TIME = "2026-01-02T03:04:05.678901Z"
EVENT = {"EventId": -1, "IsPlayed": False, "Timestamp": TIME}
BEGIN = {**EVENT, "EventType": 12}
STARTED = {**EVENT, "EventType": 0, "Name": "o", "Input": None, "Version": ""}


def call(function, text, datum="string"):
    return Invocation(str(uuid.uuid4()), function, datum, text.encode())


def scheduled(number):
    return {**EVENT, "EventType": 4, "EventId": number, "Name": "take"}


def completed(number, result):
    return {**EVENT, "EventType": 5, "TaskScheduledId": number, "Result": json.dumps(result)}


def failed(number):
    return {**EVENT, "EventType": 6, "TaskScheduledId": number, "Reason": "reason", "Details": "details"}


def orchestrate(function, *events, given=None, **changes):
    context = {
        "history": [BEGIN, STARTED, *events],
        "input": given,
        "instanceId": "abc",
        "isReplaying": False,
        "parentInstanceId": None,
        "upperSchemaVersion": 1,
        "upperSchemaVersionNew": 2,
        "longRunningTimerIntervalDuration": "3.00:00:00",
        "maximumShortTimerDuration": "6.00:00:00",
    }
    return call(function, json.dumps({**context, **changes}))


def operate(*operations, state=None):
    batch = [{"name": name, "input": given, "isSignal": False} for name, given in operations]
    self = {"name": "tally", "key": "k"}
    return call(
        "tally", json.dumps({"self": self, "exists": state is not None, "state": state, "batch": batch})
    )


RETURNS = [
    *("none", "true", "int", "float", "nan", "text", "json text", "empty", "list", "tuple", "dict"),
    *("dict with numbers", "dict with tuples", "counter", "ordered", "money", "moneys"),
    *("bytes", "set", "datetime", "decimal", "unspeakable", "function"),
]


@pytest.mark.parametrize("function", ["give", "give_async", "give_annotated"])
@pytest.mark.parametrize("name", RETURNS)
async def test_a_returned_value_leaves_the_same(pair, function, name):
    original, ours = await pair.ask(call(function, json.dumps(name)))

    assert _nameless(ours) == _nameless(original)


MONEY = '{"__class__": "Money", "__module__": "durable", "__data__": "7"}'
ELSEWHERE = '{"__class__": "Money", "__module__": "elsewhere", "__data__": "7"}'


@pytest.mark.parametrize("function", ["take", "take_text", "take_bytes", "take_as_context"])
@pytest.mark.parametrize("datum", ["string", "json"])
@pytest.mark.parametrize(
    "text", ["1", "null", '"text ä"', "no json", "", '{"a": [1]}', MONEY, ELSEWHERE, f"[{MONEY}]", "NaN"]
)
async def test_an_input_arrives_the_same(pair, function, datum, text):
    original, ours = await pair.ask(call(function, text, datum))

    assert ours == original


@pytest.mark.parametrize("function", ["fail", "fail_async"])
async def test_an_activity_fails_the_same(pair, function):
    original, ours = await pair.ask(call(function, '"bad ä"'))

    assert ours == original
    assert ours.error == "ValueError: bad ä"


@pytest.mark.parametrize(
    "invocation",
    [
        orchestrate("chain"),
        orchestrate("chain", given='{"a": 1}'),
        orchestrate("chain", given={"a": 1}),
        orchestrate("chain", given=5),
        orchestrate("chain", scheduled(0), {**EVENT, "EventType": 13}, BEGIN, completed(0, "x")),
        orchestrate("chain", scheduled(0), completed(0, "x"), scheduled(1), completed(1, [2])),
        orchestrate("chain", scheduled(0), failed(0)),
        orchestrate("everything"),
        orchestrate("everything", {**EVENT, "EventType": 15, "Name": "event", "Input": '"now"'}),
        orchestrate("fails"),
        orchestrate("fails", scheduled(0), completed(0, 1)),
        orchestrate("fails_at_once"),
        orchestrate("plain"),
        orchestrate("coroutine"),
        orchestrate("chain", upperSchemaVersion=9),
        orchestrate("chain", history=[]),
        call("chain", "no json"),
    ],
)
async def test_an_episode_ends_the_same(pair, invocation):
    original, ours = await pair.ask(invocation)

    assert ours == original


async def test_an_output_that_cannot_be_sent_fails_the_same(pair):
    original, ours = await pair.ask(orchestrate("unspeakable"))

    assert _nameless(ours) == _nameless(original)


@pytest.mark.parametrize(
    "invocation",
    [
        operate(("add", '"3"'), ("add", '"4"')),
        operate(("add", '"1"'), state="41"),
        operate(("add", "1")),
        operate(("fail", None), ("add", '"1"')),
        operate(),
        call("tally", "no json"),
    ],
)
async def test_a_batch_of_operations_ends_the_same(pair, invocation):
    original, ours = await pair.ask(invocation)

    assert _timeless(ours) == _timeless(original)


@pytest.mark.parametrize("function", ["tick", "silent_tick"])
@pytest.mark.parametrize(
    "text",
    [
        '{"Schedule":{"AdjustForDST":true},"ScheduleStatus":null,"IsPastDue":true}',
        '{"Schedule":{"AdjustForDST":true},"ScheduleStatus":{"Last":"2026-01-01T00:00:00Z"},"IsPastDue":false}',
        "{}",
        "no json",
    ],
)
async def test_a_timer_function_sees_the_same(pair, function, text):
    original, ours = await pair.ask(call(function, text, "json"))

    assert ours == original


def _nameless(answer):
    """An answer without the memory addresses in its text."""
    return replace(answer, error=re.sub(r"0x[0-9a-f]+", "0x", answer.error or ""))


def _timeless(answer):
    """An answer without the times in its body."""
    return replace(answer, body=re.sub(rb'"(duration|startTime)": \d+', b"", answer.body))
