"""An app of azure-functions-durable 2.x in a real worker. Source: azure-functions-durable 2.0.0rc3."""

import asyncio
import logging
import time

import pytest

from tests.worker.sdk_2_messages import batch, batch_result, completed, episode, response, scheduled


@pytest.fixture
async def caller(start_pool, caller_of):
    """One worker with the app."""
    return caller_of(await start_pool("second_generation"))


async def test_the_app_requires_grpc_and_every_function_loads(caller):
    pool = caller.pool

    assert pool.sdk.requires_grpc
    assert pool.sdk.azure_functions_durable.startswith("2.")
    assert {function.error for function in pool.functions} == {None}
    assert {function.name for function in pool.functions if not function.requires_grpc} == set()


async def test_an_orchestrator_whose_context_is_called_context_takes_another_name_for_its_input(caller):
    (chain,) = [function for function in caller.pool.functions if function.name == "chain"]

    assert chain.bindings[0]["name"] == "_durable_input"


async def test_a_first_episode_starts_an_activity(caller):
    result = await caller.invoke("chain", episode("chain", given=1))

    (action,) = response(result.payload).actions
    assert result.datum == "string"
    assert (action.scheduleTask.name, action.scheduleTask.input.value) == ("add_one", "1")


async def test_a_replayed_episode_ends_with_the_output(caller):
    past = (scheduled(1, "add_one"), completed(1, 2), scheduled(2, "add_one"))

    result = await caller.invoke("chain", episode("chain", *past, new=(completed(2, 3),), given=1))

    (action,) = response(result.payload).actions
    assert action.completeOrchestration.result.value == "3"


@pytest.mark.parametrize("name", ["named_otherwise", "native"])
async def test_every_way_to_write_an_orchestrator_starts_its_activity(caller, name):
    result = await caller.invoke(name, episode(name, given=4))

    (action,) = response(result.payload).actions
    assert action.scheduleTask.name == "add_one"


async def test_an_entity_runs_its_batch(caller):
    result = await caller.invoke("counter", batch(("add", None), ("fail", None), ("add", None), state=5))

    ended = batch_result(result.payload)
    assert [each.WhichOneof("resultType") for each in ended.results] == ["success", "failure", "success"]
    assert ended.entityState.value == "7"


async def test_an_activity_with_a_context_and_an_input_gets_its_input(caller):
    assert await caller.activity("add_one", 41) == 42


async def test_an_activity_without_input_gets_nothing(caller):
    assert await caller.activity("take", None) == "NoneType None"


async def test_what_an_orchestrator_logs_belongs_to_its_invocation(caller, caplog, until):
    caplog.set_level(logging.INFO)

    await caller.invoke("chain", episode("chain", given=1))

    await until(lambda: "chain runs" in caplog.messages)
    (record,) = [record for record in caplog.records if record.message == "chain runs"]
    assert record.name == "Function.chain.User"


async def test_an_asynchronous_function_gets_a_client_with_the_urls_of_the_webhooks(caller):
    result = await caller.http("urls")

    assert result.http.status == 202
    location = {name.lower(): value for name, value in result.http.headers}["location"]
    assert location == "http://localhost:7071/runtime/webhooks/durabletask/instances/abc?code=k"


async def test_a_client_of_another_hub_and_connection_names_them(caller):
    result = await caller.http("urls_sync")

    assert result.payload == b"Other Elsewhere http://127.0.0.1:1"


async def test_no_channel_outlives_its_invocation(caller):
    inside = [(await caller.http("ask")).payload for _ in range(3)]

    async with asyncio.timeout(20):
        while await caller.activity("channels") != ["SHUTDOWN"] * 3:
            await asyncio.sleep(0.05)
    assert b"SHUTDOWN" not in inside


async def test_forty_entities_that_block_run_at_the_same_time(caller):
    started = time.monotonic()

    results = await asyncio.gather(*(caller.invoke("counter", batch(("sleep", 0.5))) for _ in range(40)))

    assert {batch_result(result.payload).entityState.value for result in results} == {"1"}
    # The SDK's own default is a few more threads than there are processors.
    assert time.monotonic() - started < 2.5


async def test_the_thread_count_bounds_the_episodes_of_the_sdk(start_pool, caller_of):
    caller = caller_of(await start_pool("second_generation", thread_count=2))
    started = time.monotonic()

    await asyncio.gather(*(caller.invoke("counter", batch(("sleep", 0.2))) for _ in range(6)))

    assert time.monotonic() - started >= 0.6


@pytest.mark.parametrize("activity", ["block", "block_loop"])
async def test_an_activity_that_blocks_does_not_delay_an_episode(start_pool, caller_of, activity):
    caller = caller_of(await start_pool("second_generation", thread_count=1))
    running = asyncio.ensure_future(caller.activity(activity, 5))

    result = await asyncio.wait_for(caller.invoke("chain", episode("chain", given=1)), 3)

    assert result.ok
    assert not running.done()
    running.cancel()
