"""Entities. Source: Durable Functions for Python: entities; HTTP management API: entities."""

import asyncio

import pytest

from tests.e2e.durable_host import AS_JSON, WEBHOOKS, eventually, new_id

ENTITIES = f"{WEBHOOKS}/entities"


async def signal(host, key, operation, value=None):
    """Signal the counter as the SDK's client does."""
    body = await host.encoded(value) if value is not None else ""
    reply = await host.post(f"{ENTITIES}/counter/{key}?op={operation}", data=body, headers=AS_JSON)
    assert (reply.status, reply.body) == (202, b""), reply.text


async def state_when(host, key, state):
    """Wait until the counter has this state."""

    async def has_state():
        reply = await host.get(f"{ENTITIES}/counter/{key}")
        return reply.status == 200 and reply.json() == state

    await eventually(has_state, 10)


async def call(host, key, *operations, **more):
    return await host.output("call_entity", {"key": key, "operations": list(operations), **more})


async def test_a_signal_changes_the_state_that_is_read(host):
    key = new_id()

    await signal(host, key, "add", 5)

    await state_when(host, key, 5)


async def test_an_entity_that_nobody_has_used_is_404(host):
    reply = await host.get(f"{ENTITIES}/counter/{new_id()}")

    assert (reply.status, reply.body) == (404, b"")


async def test_signals_are_handled_in_the_order_they_were_sent(host):
    key = new_id()

    for number in range(100):
        await signal(host, key, "append", number)

    await state_when(host, key, list(range(100)))


async def test_signals_that_come_at_once_are_all_handled(host):
    key = new_id()

    await asyncio.gather(*(signal(host, key, "add", 1) for _ in range(50)))

    await state_when(host, key, 50)


async def test_a_deleted_entity_is_404_and_can_begin_anew(host):
    key = new_id()
    await signal(host, key, "add", 5)
    await state_when(host, key, 5)

    reply = await host.delete(f"{ENTITIES}/counter/{key}")

    assert reply.status == 202

    async def is_gone():
        return (await host.get(f"{ENTITIES}/counter/{key}")).status == 404

    await eventually(is_gone, 10)
    await signal(host, key, "add", 1)
    await state_when(host, key, 1)


async def test_an_orchestrator_gets_the_result_of_an_operation(host):
    assert await call(host, new_id(), ["add", 5], ["add", 2], ["get", None]) == [5, 7, 7]


async def test_an_operation_knows_its_entity(host):
    key = f"Key-{new_id()}"

    assert await call(host, key, ["look", None]) == [{"entity": "counter", "key": key}]


async def test_a_failed_operation_raises_with_its_message(host, sdk):
    key = new_id()

    results = await call(host, key, ["fail", None])

    text = sdk.operation_failure(f"@counter@{key}", "fail", "bad operation")
    assert results == [{"type": sdk.failure_type, "text": text}]


async def test_the_state_that_was_set_before_a_failure_stays_or_is_undone(host, sdk):
    state = (await call(host, new_id(), ["add", 1], ["fail", None], ["get", None]))[2]

    assert state == sdk.state_after_a_failed_operation


async def test_an_entity_is_found_in_any_case_and_its_key_is_not(host):
    key = f"Key-{new_id()}"
    await call(host, key, ["add", 5], name="COUNTER")

    await state_when(host, key, 5)
    assert (await host.get(f"{ENTITIES}/Counter/{key}")).json() == 5
    assert (await host.get(f"{ENTITIES}/counter/{key.lower()}")).status == 404


async def test_an_entity_is_known_by_the_name_in_its_trigger(host):
    assert await call(host, new_id(), ["any", None], name="RenamedEntity") == ["renamed"]


async def test_signals_of_an_orchestrator_come_before_its_later_call(host):
    given = {"key": new_id(), "values": [1, 2, 3]}

    assert await host.output("signal_then_call", given) == 6


async def test_operations_of_many_orchestrators_on_one_entity_do_not_lose_each_other(host):
    key = new_id()

    await asyncio.gather(*(call(host, key, ["add", 1], ["add", 1]) for _ in range(10)))

    await state_when(host, key, 20)


async def test_different_entities_are_called_at_the_same_time(host):
    keys = [new_id() for _ in range(10)]

    assert await host.output("call_entities_at_once", keys) == [1] * 10


async def test_an_unknown_entity_is_refused_with_the_names_of_the_known_ones(host):
    reply = await host.post(f"{ENTITIES}/nobody/key?op=add")

    assert reply.status == 400
    assert "is not an entity function" in reply.text
    assert "'counter'" in reply.text


@pytest.mark.funchost_only
async def test_a_call_of_an_entity_that_does_not_exist_fails_and_names_the_ones_that_do(host):
    (result,) = await call(host, "key", ["add", 1], name="nobody")

    assert "is not an entity function" in result["text"]


async def test_entities_are_listed_with_their_state_on_request(host):
    key = new_id()
    await call(host, key, ["add", 5])

    async def item(query):
        items, token = [], ""
        while True:
            headers = {"x-ms-continuation-token": token} if token else {}
            reply = await host.get(f"{ENTITIES}/counter{query}", headers=headers)
            items += [each for each in reply.json() if each["entityId"]["key"] == key]
            token = reply.headers.get("x-ms-continuation-token", "")
            if not token:
                return items[0]

    without, fetched = await item(""), await item("?fetchState=true")

    assert without["entityId"] == {"name": "counter", "key": key}
    assert (without["state"], fetched["state"]) == (None, 5)
    assert list(without) == ["entityId", "lastOperationTime", "state"]


async def test_an_entity_is_listed_among_the_instances(host):
    key = new_id()
    await call(host, key, ["add", 5])

    (item,) = await host.listing(f"instanceIdPrefix=@counter@{key}")

    assert (item["instanceId"], item["runtimeStatus"]) == (f"@counter@{key}", "Running")


async def test_the_client_signals_and_reads_an_entity(host):
    key = new_id()

    await host.client("signal_entity", entityId=["counter", key], operation_name="add", operation_input=7)

    await state_when(host, key, 7)
    state = await host.client("read_entity_state", entityId=["counter", key])
    assert state == {"entity_exists": True, "entity_state": 7}


async def test_the_client_reads_that_an_entity_does_not_exist(host):
    state = await host.client("read_entity_state", entityId=["counter", new_id()])

    assert state["entity_exists"] is False
