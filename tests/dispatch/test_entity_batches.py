"""Entity batches: operations in order, at most so many at a time, and answers for those who wait."""

import asyncio
import json
from collections import Counter
from typing import Any

import azure.durable_functions as df
import pytest

from funchost.durable.instances import Status
from tests.dispatch.conftest import StartHost
from tests.dispatch.fakes import FakePool

ENTITY = "@list@one"


def append(context: df.DurableEntityContext) -> None:
    """Keeps the inputs of its operations in order."""
    items = context.get_state(lambda: [])
    if context.operation_name == "break":
        raise ValueError("broken operation")
    items.append(context.get_input())
    context.set_state(items)
    context.set_result(len(items))


@pytest.fixture
def pool(pool: FakePool) -> FakePool:
    pool.entities["list"] = df.Entity.create(append)
    return pool


async def state_of(host: Any, entity_id: str = ENTITY) -> Any:
    state = await host.app.entity_state(entity_id)
    return None if state is None else json.loads(state)


async def state_until(host: Any, length: int, entity_id: str = ENTITY) -> list[Any]:
    async with asyncio.timeout(10):
        while len(state := await state_of(host, entity_id) or []) < length:
            await asyncio.sleep(0.005)
    return state


async def test_signals_run_in_the_order_of_their_arrival(start_host: StartHost) -> None:
    host = await start_host()
    for number in range(40):
        await host.app.signal_entity(ENTITY, "add", json.dumps(json.dumps(number)))
    assert await state_until(host, 40) == list(range(40))


@pytest.mark.parametrize("limit", [1, 3, 7])
async def test_a_batch_takes_at_most_so_many_operations_and_the_rest_follows_at_once(
    start_host: StartHost, limit: int
) -> None:
    host = await start_host(entity_batch=limit)
    host.instances.drain()
    for number in range(10):
        await host.app.signal_entity(ENTITY, "add", json.dumps(json.dumps(number)))
    host.instances.resume()
    assert await state_until(host, 10) == list(range(10))
    sizes = [len(json.loads(text)["batch"]) for name, text in host.pool.calls if name == "list"]
    full, rest = divmod(10, limit)
    assert sizes == [limit] * full + [rest] * (rest > 0)


async def test_an_operation_that_breaks_does_not_stop_those_behind_it(start_host: StartHost) -> None:
    host = await start_host()
    for operation, number in (("add", 1), ("break", 2), ("add", 3)):
        await host.app.signal_entity(ENTITY, operation, json.dumps(json.dumps(number)))
    assert await state_until(host, 2) == [1, 3]


async def test_a_batch_whose_worker_dies_is_run_again(start_host: StartHost) -> None:
    host = await start_host()
    host.pool.deaths = Counter({"list": 2})
    await host.app.signal_entity(ENTITY, "add", '"1"')
    assert await state_until(host, 1) == [1]
    assert host.pool.count("list") == 3


async def test_entities_do_not_wait_for_each_other(start_host: StartHost) -> None:
    host = await start_host()
    names = [f"@list@{number}" for number in range(10)]
    for name in names:
        await host.app.signal_entity(name, "add", '"1"')
    for name in names:
        assert await state_until(host, 1, name) == [1]


async def test_a_caller_hears_the_result(start_host: StartHost) -> None:
    host = await start_host()
    assert (await host.run("call_entity", input=json.dumps(json.dumps("list")))).output == "1"


async def test_a_call_to_an_unknown_entity_is_answered_with_those_that_exist(start_host: StartHost) -> None:
    host = await start_host()
    ended = await host.run("call_entity", input=json.dumps(json.dumps("nothing")))
    assert ended.status is Status.FAILED
    assert "The function 'nothing' doesn't exist, is disabled, or is not an entity function." in (
        ended.output or ""
    )
    assert "The following are the known entity functions: 'list'." in (ended.output or "")


@pytest.mark.parametrize("answer", ["null", '{"entityExists": true, "entityState": "1", "results": []}'])
async def test_an_answer_that_cannot_be_read_is_the_failure_of_its_callers(
    start_host: StartHost, answer: str
) -> None:
    host = await start_host()
    host.pool.entities["list"] = lambda text: answer
    ended = await host.run("call_entity", input=json.dumps(json.dumps("list")))
    assert ended.status is Status.FAILED
    assert "Entity '@list@one'" in (ended.output or "")


async def test_a_function_that_breaks_outside_its_operations_fails_its_callers(start_host: StartHost) -> None:
    def fail(text: str) -> str:
        raise RuntimeError("no such module")

    host = await start_host()
    host.pool.entities["list"] = fail
    ended = await host.run("call_entity", input=json.dumps(json.dumps("list")))
    assert ended.status is Status.FAILED
    assert "RuntimeError: no such module" in (ended.output or "")
