"""The status document and the history. Source: HTTP management API: get instance status."""

import re

from tests.e2e.durable_host import WEBHOOKS

EIGHT_KEYS = [
    "name",
    "instanceId",
    "runtimeStatus",
    "input",
    "customStatus",
    "output",
    "createdTime",
    "lastUpdatedTime",
]


async def test_the_status_of_an_ended_instance_is_200_with_eight_keys_in_order(host):
    instance_id = await host.start("chain", 1)
    await host.ended(instance_id)

    reply = await host.instance(instance_id)

    assert reply.status == 200
    assert list(reply.json()) == EIGHT_KEYS


async def test_the_status_of_a_running_instance_is_202_and_tells_when_to_ask_again(host):
    instance_id = await host.start("events", ["a"])
    await host.running(instance_id)

    reply = await host.instance(instance_id, "?showInput=false")

    assert reply.status == 202
    assert reply.headers["Retry-After"] == "5"
    assert reply.headers["Location"].endswith(f"{WEBHOOKS}/instances/{instance_id}?showInput=false")
    assert list(reply.json()) == EIGHT_KEYS


async def test_the_status_of_a_failed_instance_is_200(host):
    instance_id = await host.start("raise_at_once", "bad")
    await host.ended(instance_id)

    assert (await host.instance(instance_id)).status == 200


async def test_the_status_of_a_failed_instance_is_500_on_request(host):
    instance_id = await host.start("raise_at_once", "bad")
    await host.ended(instance_id)

    reply = await host.instance(instance_id, "?returnInternalServerErrorOnFailure=TRUE")

    assert (reply.status, reply.json()["runtimeStatus"]) == (500, "Failed")


async def test_an_unknown_instance_is_404_without_a_body(host):
    reply = await host.instance("nobody")

    assert (reply.status, reply.body) == (404, b"")


async def test_times_are_utc_without_fractions(host):
    status = await host.run("no_generator")

    for key in ("createdTime", "lastUpdatedTime"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", status[key])
    assert status["createdTime"] <= status["lastUpdatedTime"]


async def test_the_input_of_the_client_is_shown_as_it_was_sent(host, sdk):
    status = await host.run("give_input", {"a": 1})

    assert status["input"] == sdk.shown({"a": 1})


async def test_an_input_that_was_posted_is_shown_as_it_is(host):
    reply = await host.post(f"{WEBHOOKS}/orchestrators/give_input", json={"a": 1})

    assert (await host.ended(reply.json()["id"]))["input"] == {"a": 1}


async def test_the_input_can_be_left_out(host):
    instance_id = await host.start("give_input", {"a": 1})
    await host.ended(instance_id)

    assert (await host.instance(instance_id, "?showInput=false")).json()["input"] is None


async def test_routes_are_found_in_any_case_and_with_a_slash_at_the_end(host):
    instance_id = await host.start("no_generator")
    await host.ended(instance_id)

    reply = await host.get(f"{WEBHOOKS.upper()}/INSTANCES/{instance_id}/")

    assert (reply.status, reply.json()["instanceId"]) == (200, instance_id)


async def test_history_shows_one_entry_for_each_completed_activity(host):
    instance_id = await host.start("chain", 1)
    await host.ended(instance_id)

    events = await host.history(instance_id)

    assert [event["EventType"] for event in events] == [
        "ExecutionStarted",
        "TaskCompleted",
        "TaskCompleted",
        "TaskCompleted",
        "ExecutionCompleted",
    ]
    assert [event["Result"] for event in events[1:]] == [2, 4, 8, [1, 2, 4, 8]]
    assert events[0]["FunctionName"] == "chain"
    assert {event["FunctionName"] for event in events[1:4]} == {"double"}
    assert events[4]["OrchestrationStatus"] == "Completed"


async def test_history_items_have_no_numbers_of_the_engine(host):
    instance_id = await host.start("chain", 1)
    await host.ended(instance_id)

    for event in await host.history(instance_id):
        assert not {"EventId", "IsPlayed", "TaskScheduledId"} & event.keys()
        assert "Timestamp" in event


async def test_a_completed_activity_shows_when_it_was_scheduled(host):
    instance_id = await host.start("chain", 1)
    await host.ended(instance_id)

    completed = (await host.history(instance_id))[1]

    assert completed["ScheduledTime"][:19] <= completed["Timestamp"][:19]


async def test_results_in_the_history_are_shown_only_on_request(host):
    instance_id = await host.start("chain", 1)
    await host.ended(instance_id)

    events = (await host.instance(instance_id, "?showHistory=true")).json()["historyEvents"]

    assert all("Result" not in event for event in events)


async def test_history_leaves_inputs_out_on_request(host):
    instance_id = await host.start("chain", 1)
    await host.ended(instance_id)

    events = await host.history(instance_id, "&showInput=false")

    assert all("Input" not in event for event in events)


async def test_an_activity_that_runs_is_in_the_history_as_scheduled(host):
    instance_id = await host.start("sleeper", 3)
    await host.status_when(instance_id, lambda status: status["customStatus"] == "before")

    events = await host.history(instance_id)

    assert [event["EventType"] for event in events] == ["ExecutionStarted", "TaskScheduled"]
    assert events[1]["Name"] == "block"
    await host.operate(instance_id, "terminate")


async def test_events_timers_and_children_are_in_the_history(host):
    timer, event, parent = (
        await host.start("timer", 0),
        await host.start("events", ["a"]),
        await host.start("parent", {"child": "no_generator"}),
    )
    await host.raise_event(event, "a", {"n": 1})
    for instance_id in (timer, event, parent):
        await host.ended(instance_id)

    kinds = {
        instance_id: [item["EventType"] for item in await host.history(instance_id)]
        for instance_id in (timer, event, parent)
    }

    assert kinds[timer][1:-1] == ["TimerCreated", "TimerFired"]
    assert kinds[event][1:-1] == ["EventRaised"]
    assert kinds[parent][1:-1] == ["SubOrchestrationInstanceCompleted"]
