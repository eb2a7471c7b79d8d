"""External events. Source: HTTP management API: raise event; Durable Functions: external events."""

import asyncio

import pytest


async def test_an_event_reaches_the_orchestrator_that_waits(host):
    instance_id = await host.start("events", ["go"])
    await host.running(instance_id)

    reply = await host.raise_event(instance_id, "go", {"a": [1]})

    assert reply.body == b""
    assert (await host.ended(instance_id))["output"] == [{"a": [1]}]


@pytest.mark.parametrize("data", [None, 0, False, "", "text", [], {"ü": 1}, 1.5])
async def test_an_event_carries_any_json(host, data):
    instance_id = await host.start("events", ["go"])

    await host.raise_event(instance_id, "go", data)

    assert (await host.ended(instance_id))["output"] == [data]


async def test_an_event_can_come_before_the_wait_for_it(host):
    instance_id = await host.start("step_then_event", 0.3)

    await host.raise_event(instance_id, "go", 1)

    assert (await host.ended(instance_id))["output"] == 1


async def test_an_event_can_come_right_after_the_start(host):
    async def start_and_raise():
        instance_id = await host.start("events", ["go"])
        reply = await host.raise_event(instance_id, "go", 1)
        return reply.status, (await host.ended(instance_id))["output"]

    assert set(map(str, await asyncio.gather(*(start_and_raise() for _ in range(10))))) == {"(202, [1])"}


@pytest.mark.funchost_only
async def test_early_events_of_one_name_are_received_one_by_one_in_order(host):
    instance_id = await host.start("step_then_same_events", 0.4)

    await host.raise_event(instance_id, "go", 1)
    await host.raise_event(instance_id, "go", 2)

    assert (await host.ended(instance_id))["output"] == [1, 2]


@pytest.mark.funchost_only
async def test_one_early_event_is_received_once(host):
    instance_id = await host.start("step_then_same_events", 0)
    await host.raise_event(instance_id, "go", 1)
    await host.running(instance_id)

    await host.raise_event(instance_id, "go", 2)

    assert (await host.ended(instance_id))["output"] == [1, 2]


async def test_events_of_one_name_that_come_one_after_the_other_are_received_in_order(host):
    instance_id = await host.start("statuses", ["first", "second", "third"])

    for status in ("first", "second", "third"):
        await host.status_when(instance_id, lambda seen, status=status: seen["customStatus"] == status)
        await host.raise_event(instance_id, "next")

    assert (await host.ended(instance_id))["runtimeStatus"] == "Completed"


async def test_events_of_different_names_can_come_in_any_order(host):
    instance_id = await host.start("events_at_once", ["a", "b", "c"])
    await host.running(instance_id)

    for name in ("c", "a", "b"):
        await host.raise_event(instance_id, name, name.upper())

    assert (await host.ended(instance_id))["output"] == ["A", "B", "C"]


@pytest.mark.funchost_only
async def test_the_name_of_an_event_is_found_in_any_case(host):
    instance_id = await host.start("events", ["Go"])
    await host.running(instance_id)

    await host.raise_event(instance_id, "gO", 1)

    assert (await host.ended(instance_id))["output"] == [1]


async def test_an_event_name_may_have_blanks_and_letters_of_any_script(host):
    instance_id = await host.start("events", ["go now ü"])

    await host.raise_event(instance_id, "go%20now%20%C3%BC", 1)

    assert (await host.ended(instance_id))["output"] == [1]


async def test_an_event_that_nobody_waits_for_changes_nothing(host):
    instance_id = await host.start("events", ["a"])
    await host.raise_event(instance_id, "other", 1)

    await host.raise_event(instance_id, "a", 2)

    assert (await host.ended(instance_id))["output"] == [2]


@pytest.mark.parametrize(("event", "outcome"), [(True, ["approved", "yes"]), (False, ["expired", None])])
async def test_a_human_answers_in_time_or_not(host, event, outcome):
    instance_id = await host.start("event_or_timer", 30 if event else 0.1)

    if event:
        await host.raise_event(instance_id, "approve", "yes")

    assert (await host.ended(instance_id))["output"] == outcome


async def test_an_event_for_an_unknown_instance_is_404(host):
    reply = await host.operate("nobody", "raiseEvent/go", json=1)

    assert (reply.status, reply.body) == (404, b"")


@pytest.mark.parametrize("name", ["no_generator", "no_generator_raises"])
async def test_an_event_for_an_ended_instance_is_410(host, name):
    instance_id = await host.start(name)
    await host.ended(instance_id)

    reply = await host.operate(instance_id, "raiseEvent/go", json=1)

    assert (reply.status, reply.body) == (410, b"")


async def test_an_event_of_another_content_type_is_refused(host):
    instance_id = await host.start("events", ["go"])

    reply = await host.operate(
        instance_id, "raiseEvent/go", data=b"1", headers={"Content-Type": "text/plain"}
    )

    assert (reply.status, reply.json()) == (
        400,
        {"Message": "Only application/json request content is supported"},
    )


@pytest.mark.parametrize("body", [b"{", b""])
async def test_an_event_that_is_not_json_is_refused(host, body):
    instance_id = await host.start("events", ["go"])

    reply = await host.operate(
        instance_id, "raiseEvent/go", data=body, headers={"Content-Type": "application/json; charset=utf-8"}
    )

    assert (reply.status, reply.json()["Message"]) == (400, "Invalid JSON content")
