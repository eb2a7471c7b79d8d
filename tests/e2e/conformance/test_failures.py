"""What a failed orchestrator leaves as output, word for word.

Source: durable extension: orchestrator failure messages.
"""

import re


async def test_an_exception_before_the_first_step_is_named_with_its_message(host, sdk):
    text = await host.failure("raise_at_once", "bad")

    assert re.fullmatch(sdk.orchestrator_failure("raise_at_once", "ValueError", "bad"), text)


async def test_an_exception_after_a_step_is_named_with_its_message(host, sdk):
    text = await host.failure("raise_after_a_step", "bad")

    assert re.fullmatch(sdk.orchestrator_failure("raise_after_a_step", "ValueError", "bad"), text)


async def test_the_steps_before_an_exception_are_in_the_history(host):
    instance_id = await host.start("raise_after_a_step", "bad")
    await host.ended(instance_id)

    kinds = [event["EventType"] for event in await host.history(instance_id)]

    assert kinds == ["ExecutionStarted", "TaskCompleted", "ExecutionCompleted"]


async def test_a_function_that_is_no_generator_completes_with_its_value(host):
    assert await host.output("no_generator", 1) == {"given": 1}


async def test_an_exception_of_a_function_that_is_no_generator_is_named_with_its_message_too(host, sdk):
    text = await host.failure("no_generator_raises")

    pattern = sdk.plain_function_failure("no_generator_raises", "ValueError", "plain")
    assert re.fullmatch(pattern, text, re.DOTALL)


async def test_yielding_something_that_is_no_task_fails_the_instance(host, sdk):
    assert sdk.yield_of_no_task in await host.failure("yields_a_number")


async def test_an_output_that_is_not_json_fails_the_instance(host, sdk):
    assert sdk.output_that_is_no_json in await host.failure("returns_a_set")
