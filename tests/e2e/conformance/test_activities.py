"""Activities: values there and back, many at once, and what a failure looks like.

Source: Durable Functions for Python: activity functions, fan-out/fan-in, error handling.
"""

import json
import re

import pytest

from tests.e2e.durable_host import eventually

VALUES = [1, 1.5, "text", "", "5", True, None, [], [1, [2]], {"a": {"b": None}}, "żółć"]


@pytest.mark.parametrize("value", VALUES)
async def test_a_value_goes_to_an_activity_and_back_unchanged(host, value):
    assert await host.output("call", {"activity": "echo", "input": value}) == value


async def test_a_large_value_goes_to_an_activity_and_back_unchanged(host):
    value = "x" * 300_000

    assert await host.output("call", {"activity": "echo", "input": value}) == value


@pytest.mark.parametrize(
    ("kind", "value"), [("none", None), ("tuple", {"a": [1, 2]}), ("unicode", "żółć \U0001f600 \u2028")]
)
async def test_what_an_activity_returns_becomes_json(host, kind, value):
    assert await host.output("call", {"activity": "give", "input": kind}) == value


@pytest.mark.parametrize("kind", ["bytes", "set"])
async def test_an_activity_whose_value_is_not_json_fails(host, kind):
    caught = await host.output("call_and_catch", {"activity": "give", "input": kind})

    assert "activity trigger output must be json serializable" in caught["text"]


async def test_objects_with_to_json_travel_with_their_class(host):
    assert await host.output("money") == [100, 250]


async def test_results_of_a_chain_follow_each_other(host):
    assert await host.output("chain", 5) == [5, 10, 20, 40]


async def test_an_activity_is_given_as_its_function_or_refused_by_the_sdk(host, sdk):
    assert await host.end("call_by_function") == sdk.call_of_a_decorated_activity


@pytest.mark.parametrize("name", ["Named", "NAMED"])
async def test_an_activity_is_known_by_the_name_in_its_trigger_in_any_case(host, name):
    assert await host.output("call", {"activity": name, "input": "x"}) == "x"


async def test_an_activity_knows_its_invocation(host):
    told = await host.output("call", {"activity": "describe", "input": 1})

    assert (told["value"], told["function"]) == (1, "describe")
    assert len(told["invocation"]) == 36


async def test_results_of_a_fan_out_come_in_the_order_of_the_tasks(host):
    assert await host.output("fan_out", 100) == [number * 2 for number in range(100)]


async def test_asynchronous_activities_fan_out(host):
    assert await host.output("fan_out_async", 20) == [number * 2 for number in range(20)]


@pytest.mark.sdk_1("SDK 2.x waits for ever")
@pytest.mark.parametrize("name", ["fan_out_of_nothing", "race_of_nothing"])
async def test_a_group_of_nothing_is_over_at_once_with_none(host, name):
    assert await host.output(name) is None


async def test_the_first_of_several_activities_wins(host):
    assert await host.output("first_of", [0.4, 0]) == 0


async def test_an_instance_ends_with_the_losers_of_a_race_or_at_once(host, sdk):
    instance_id = await host.start("first_of", [0.6, 0])

    await host.ended(instance_id)

    kinds = [event["EventType"] for event in await host.history(instance_id)]
    assert kinds == sdk.history_of_a_lost_race


async def test_a_race_is_won_by_a_failure_without_raising_it(host, sdk):
    text = await host.output("first_fails")

    assert re.fullmatch(sdk.activity_failure("fail", "ValueError", "first"), text)


async def test_races_and_groups_can_be_nested(host):
    assert await host.output("nested") == [0, [2, 4]]


async def test_a_task_that_is_never_yielded_runs_or_not(host, sdk):
    instance_id = await host.start("never_yielded")
    await host.ended(instance_id)

    async def has_run_so_often():
        runs = (await host.get(f"/api/tally/{instance_id}")).json()
        return runs == sdk.runs_of_a_task_that_is_never_yielded

    await eventually(has_run_so_often, 5)


async def test_a_failed_activity_raises_an_exception_with_its_message(host, sdk):
    caught = await host.output("call_and_catch", {"activity": "fail", "input": "bad"})

    assert caught["type"] == sdk.failure_type
    assert re.fullmatch(sdk.activity_failure("fail", "ValueError", "bad"), caught["text"].split("\n")[0])


@pytest.mark.sdk_1("SDK 2.x has the details in an attribute of the exception")
async def test_a_failed_activity_carries_details_as_one_line_of_json(host):
    caught = await host.output("call_and_catch", {"activity": "fail", "input": "bad"})

    details = json.loads(caught["text"].split("\n")[1])
    assert details["$type"] == "System.Exception, System.Private.CoreLib"
    assert details["Message"].strip() == "ValueError: bad"


async def test_an_activity_failure_that_is_not_caught_fails_the_instance_with_its_text(host, sdk):
    output = await host.failure("call", {"activity": "fail", "input": "bad"})

    inner = sdk.activity_failure("fail", "ValueError", "bad")
    assert re.fullmatch(sdk.uncaught_failure("call", inner), output.split("\n")[0])


async def test_a_failure_in_a_group_is_raised_before_the_others_have_ended_or_after(host, sdk):
    instance_id = await host.start("fan_out_with_a_failure", 0.6)

    seen = await host.status_when(instance_id, lambda status: status["customStatus"] == "caught")
    ended = await host.ended(instance_id)

    assert seen["runtimeStatus"] == sdk.status_when_a_group_has_failed
    assert ended["runtimeStatus"] == "Failed"
    kinds = {event["EventType"] for event in await host.history(instance_id)}
    assert {"TaskFailed", "TaskCompleted"} <= kinds


@pytest.mark.funchost_only
async def test_an_activity_that_does_not_exist_fails_and_names_the_ones_that_do(host):
    caught = await host.output("call_and_catch", {"activity": "nobody"})

    sentence = "The function 'nobody' doesn't exist, is disabled, or is not an activity function."
    assert sentence in caught["text"]
    assert "'echo'" in caught["text"]
