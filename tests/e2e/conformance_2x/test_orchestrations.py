"""Orchestrators of SDK 2.x: two parameters, groups, retries, versions, timers, events, generations.

Source: durabletask: OrchestrationContext; durable extension in its gRPC mode.
"""

import asyncio

import pytest

from tests.e2e.durable_host import WEBHOOKS, new_id

LONG = 10 * 24 * 3600


async def test_an_orchestrator_with_two_parameters_gets_its_input(host):
    assert await host.output("give", {"a": [1, "ü"]}) == {"a": [1, "ü"]}


async def test_the_context_knows_its_instance(host):
    instance_id = await host.start("about")

    told = (await host.ended(instance_id))["output"]

    assert (told["instance"], told["parent"], told["version"]) == (instance_id, None, None)
    assert len(set(told["identifiers"])) == 2
    assert told["activity"] == {"a": 1}


async def test_groups_races_and_calls_without_an_input(host):
    assert await host.output("groups", [1, 2, 3]) == [[2, 4, 6], "first", None]


@pytest.mark.parametrize("child", [False, True])
async def test_a_call_is_tried_until_it_succeeds(host, child):
    assert await host.output("retried", {"attempts": 3, "succeeds_on": 3, "child": child}) == 3


async def test_retries_stop_with_the_last_attempt(host):
    assert "attempt 2" in await host.failure("retried", {"attempts": 2, "succeeds_on": 3})


async def test_the_interval_grows_between_attempts(host):
    given = {"attempts": 3, "succeeds_on": 3, "milliseconds": 100}
    instance_id = await host.start("retried", given)
    await host.ended(instance_id)

    kinds = [event["EventType"] for event in await host.history(instance_id)]

    assert kinds.count("TaskFailed") == kinds.count("TimerFired") == 2


async def test_a_failure_has_the_type_and_the_message_of_the_exception(host):
    caught = await host.output("catch", {"activity": "fail", "input": "bad"})

    assert caught["type"].split(".")[-1] == "BadOrder"
    assert caught["message"] == "bad"
    assert caught["text"].endswith("Activity task #1 failed: bad")


async def test_a_child_that_does_not_catch_fails_its_parent_with_all_the_words(host):
    caught = await host.output("catch", {"child": True, "activity": "fail", "input": "bad"})

    assert caught["type"].endswith("TaskFailedError")
    assert caught["message"].endswith("Activity task #1 failed: bad")


async def test_an_unknown_activity_fails_and_names_those_there_are(host):
    caught = await host.output("catch", {"activity": "nobody"})

    assert "'nobody' doesn't exist" in caught["message"]
    assert "'double'" in caught["message"]


async def test_a_version_reaches_the_orchestrator_and_its_child(host):
    instance_id = new_id()
    await host.post(f"{WEBHOOKS}/orchestrators/about/{instance_id}?version=2.1")

    assert (await host.ended(instance_id))["output"]["version"] == "2.1"
    assert (await host.output("parent", {"child": "about", "version": "3.0"}))["version"] == "3.0"


async def test_the_next_generation_can_have_another_version(host):
    assert await host.output("next_version", 0) == [1, "2.0"]


async def test_a_child_has_an_id_of_its_parents_or_of_its_own(host):
    parent, own = await host.start("parent", {"child": "about"}), new_id()

    told = (await host.ended(parent))["output"]
    named = await host.output("parent", {"child": "about", "id": own})

    assert (told["instance"], told["parent"]) == (f"{parent}:0001", parent)
    assert named["instance"] == own


async def test_a_child_under_an_id_in_use_fails_the_call(host):
    taken = await host.start("events", ["never"])
    await host.running(taken)

    assert taken in await host.failure("parent", {"child": "give", "id": taken})


@pytest.mark.parametrize("status", [0, "", [], {"a": 1}, "x" * 8000])
async def test_every_custom_status_is_shown(host, status):
    instance_id = await host.start("statuses", ["before", status])
    await host.raise_event(instance_id, "next")
    await host.raise_event(instance_id, "next")

    assert (await host.ended(instance_id))["customStatus"] == status


@pytest.mark.parametrize("seconds", [-5, 0, 0.2])
async def test_a_timer_fires(host, seconds):
    assert await host.output("timer", seconds) == "fired"


async def test_a_timer_of_ten_days_is_made_of_shorter_ones_and_can_be_terminated(host):
    instance_id = await host.start("timer", LONG)
    await host.running(instance_id)
    (created,) = [event for event in await host.history(instance_id) if event["EventType"] == "TimerCreated"]

    await host.operate(instance_id, "suspend")
    await host.status_when(instance_id, lambda status: status["runtimeStatus"] == "Suspended")
    await host.operate(instance_id, "terminate?reason=enough")

    status = await host.ended(instance_id)
    assert (status["runtimeStatus"], status["output"]) == ("Terminated", "enough")
    # The first of four hops of at most three days.
    assert created["FireAt"] < created["Timestamp"].replace(created["Timestamp"][:4], "9999", 1)


@pytest.mark.parametrize("name", ["go", "GO"])
async def test_events_come_before_the_wait_in_any_case_and_in_order(host, name):
    instance_id = await host.start("events", ["go", "Go", "other"])

    for number in range(2):
        await host.raise_event(instance_id, name, number)
    await host.raise_event(instance_id, "other", "x")

    assert (await host.ended(instance_id))["output"] == [0, 1, "x"]


async def test_an_orchestration_sends_an_event_to_another(host):
    waiting = await host.start("events", ["go"])

    assert await host.output("send", {"to": waiting, "name": "go", "data": {"a": 1}}) == "sent"

    assert (await host.ended(waiting))["output"] == [{"a": 1}]


async def test_events_that_come_at_once_are_carried_over_the_generations(host):
    instance_id = await host.start("collect", {"until": 30, "items": []})

    await asyncio.gather(*(host.raise_event(instance_id, "add", number) for number in range(30)))

    assert sorted((await host.ended(instance_id))["output"]) == list(range(30))


async def test_a_terminated_parent_leaves_its_child_running(host):
    child = new_id()
    parent = await host.start("parent", {"child": "events", "input": ["go"], "id": child})
    await host.running(child)

    await host.operate(parent, "terminate")
    await host.ended(parent)

    assert (await host.instance(child)).json()["runtimeStatus"] == "Running"


async def test_a_durable_http_call_gives_the_answer(host):
    status, content = await host.output("over_http", f"{host.base_url}/api/payload/x")

    assert status == 200
    assert '"id": "x"' in content
