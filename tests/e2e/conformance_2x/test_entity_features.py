"""Entities of SDK 2.x: classes, locks, delayed signals, and what an entity does to others.

Source: durabletask: DurableEntity, lock_entities; durable extension: entities.
"""

import asyncio

from tests.e2e.durable_host import AS_JSON, WEBHOOKS, eventually, new_id


async def signal(host, key, operation, value=None):
    reply = await host.post(f"{WEBHOOKS}/entities/Account/{key}?op={operation}", json=value, headers=AS_JSON)
    assert reply.status == 202, reply.text


async def balance_when(host, key, balance):
    async def has_it():
        reply = await host.get(f"{WEBHOOKS}/entities/Account/{key}")
        return reply.status == 200 and reply.json() == balance

    await eventually(has_it, 10)


async def call(host, key, *operations):
    return await host.output("call_account", {"key": key, "operations": list(operations)})


async def test_the_methods_of_a_class_are_operations(host):
    assert await call(host, new_id(), ["add", 5], ["add", 2], ["read", None]) == [5, 7, 7]


async def test_a_failed_operation_is_undone_and_raises_in_the_caller(host):
    results = await call(host, new_id(), ["add", 1], ["fail", None], ["nonsense", None], ["read", None])

    assert results[1].startswith("TaskFailedError: ")
    assert results[1].endswith("refused")
    assert "nonsense" in results[2]
    assert results[3] == 1


async def test_a_deleted_entity_begins_anew(host):
    key = new_id()

    assert await call(host, key, ["add", 5], ["delete", None], ["read", None]) == [5, None, 0]


async def test_a_locked_pair_of_entities_loses_nothing_to_others_that_want_the_same(host):
    first, second = f"a{new_id()}", f"b{new_id()}"
    await asyncio.gather(call(host, first, ["write", 100]), call(host, second, ["write", 100]))

    transfers = [
        {"keys": keys, "amount": amount}
        for amount in (1, 2, 3, 4)
        for keys in ([first, second], [second, first])
    ]
    await asyncio.gather(*(host.output("transfer", each) for each in transfers))

    assert (await call(host, first, ["read", None]), await call(host, second, ["read", None])) == (
        [100],
        [100],
    )


async def test_an_operation_of_nobody_that_holds_the_lock_waits_for_its_release(host):
    first, second = new_id(), new_id()
    moved = await host.start("transfer", {"keys": [first, second], "amount": 10})

    for _ in range(20):
        await signal(host, first, "add", 1)
    await host.ended(moved)

    await balance_when(host, first, 10)
    await balance_when(host, second, 10)


async def held(host, key):
    """Start an orchestration that holds the lock of an entity until the event `go`."""
    holder = await host.start("hold", {"key": key})
    await host.status_when(holder, lambda status: status["customStatus"] == "holds")
    return holder


async def test_an_orchestration_that_is_terminated_in_its_critical_section_releases_the_lock(host):
    key = new_id()
    holder = await held(host, key)
    waiting = await host.start("call_account", {"key": key, "operations": [["add", 7]]})

    await host.operate(holder, "terminate")

    assert (await host.ended(waiting))["output"] == [7]


async def test_a_lock_that_was_granted_to_a_terminated_orchestration_is_released_by_a_clean_up(host, client):
    key = new_id()
    holder, late = await held(host, key), await host.start("hold", {"key": key})
    await host.running(late)
    await host.operate(late, "terminate")
    await host.ended(late)
    await host.raise_event(holder, "go")
    await host.ended(holder)

    cleaned = await client("clean_entity_storage")

    assert cleaned["orphaned_locks_released"] <= 1
    assert await call(host, key, ["add", 7]) == [7]


async def test_a_delayed_signal_comes_after_a_later_one_without_delay(host):
    key = new_id()
    await host.output("signal_later", {"key": key, "seconds": 0.5})

    await balance_when(host, key, 10)
    await balance_when(host, key, 11)


async def test_an_entity_signals_itself_later(host):
    key = new_id()
    await signal(host, key, "add", 1)

    await signal(host, key, "add_later", {"seconds": 0.3, "amount": 5})

    await balance_when(host, key, 6)


async def test_an_entity_signals_another(host):
    giver, taker = new_id(), new_id()
    await signal(host, giver, "add", 9)

    await signal(host, giver, "give_to", taker)

    await balance_when(host, giver, 0)
    await balance_when(host, taker, 9)


async def test_an_entity_starts_an_orchestration(host):
    started = new_id()

    results = await call(host, new_id(), ["start", {"name": "give", "input": {"a": 1}, "id": started}])

    assert results == [started]
    await eventually(lambda: _exists(host, started), 10)
    assert (await host.ended(started))["output"] == {"a": 1}


async def _exists(host, instance_id):
    return (await host.instance(instance_id)).status != 404
