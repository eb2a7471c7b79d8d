"""continue_as_new. Source: Durable Functions: eternal orchestrations."""

import asyncio

import pytest


async def test_each_generation_has_the_input_of_its_predecessor(host, sdk):
    instance_id = await host.start("countdown", 5)

    status = await host.ended(instance_id)

    assert (status["output"], status["input"]) == ("done", sdk.shown(0))


async def test_the_history_holds_the_last_generation_only(host):
    instance_id = await host.start("countdown", 5)
    await host.ended(instance_id)

    events = await host.history(instance_id)

    assert [event["EventType"] for event in events] == ["ExecutionStarted", "ExecutionCompleted"]


async def test_a_function_that_is_no_generator_can_continue_as_new(host):
    assert await host.output("countdown_without_steps", 3) == "done"


async def test_an_instance_can_have_hundreds_of_generations(host):
    assert await host.output("countdown_without_steps", 300) == "done"


async def test_an_eternal_instance_is_running_until_it_is_terminated(host):
    instance_id = await host.start("eternal", 0)
    status = await host.status_when(instance_id, lambda status: int(status["input"]) >= 3)
    assert status["runtimeStatus"] == "Running"

    await host.operate(instance_id, "terminate?reason=enough")

    assert (await host.ended(instance_id))["runtimeStatus"] == "Terminated"


async def test_the_custom_status_stays_until_the_next_generation_sets_one(host):
    instance_id = await host.start("collect", {"until": 2, "items": []})

    await host.status_when(
        instance_id, lambda status: status["customStatus"] == {"collected": 0, "wanted": 2}
    )
    await host.raise_event(instance_id, "add", "a")
    await host.status_when(
        instance_id, lambda status: status["customStatus"] == {"collected": 1, "wanted": 2}
    )
    await host.raise_event(instance_id, "add", "b")

    assert (await host.ended(instance_id))["output"] == ["a", "b"]


@pytest.mark.funchost_only
@pytest.mark.sdk_1("the 1.x-style continue_as_new of SDK 2.x drops events that nobody has awaited")
async def test_events_that_come_while_a_generation_ends_are_kept_for_the_next(host):
    instance_id = await host.start("collect", {"until": 30, "items": []})

    await asyncio.gather(*(host.raise_event(instance_id, "add", number) for number in range(30)))

    assert sorted((await host.ended(instance_id))["output"]) == list(range(30))


async def test_an_exception_after_continue_as_new_fails_the_instance_or_is_ignored(host, sdk):
    assert await host.end("generation_that_fails") == sdk.exception_after_continue_as_new
