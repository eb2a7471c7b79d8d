"""What the orchestration context tells. Source: Durable Functions for Python: orchestration context."""

import asyncio
from datetime import datetime


async def test_identifiers_are_the_same_in_every_replay_and_differ_from_each_other(host):
    first = await host.output("about")
    second = await host.output("about")

    assert len({*first["identifiers"], *second["identifiers"]}) == 4


async def test_the_instance_id_is_the_one_it_was_started_with_and_there_is_no_parent(host):
    instance_id = await host.start("about")

    told = (await host.ended(instance_id))["output"]

    assert (told["instance"], told["parent"]) == (instance_id, None)


async def test_time_is_utc_and_moves_forward_with_each_step(host):
    told = await host.output("about")

    moment, later = datetime.fromisoformat(told["moment"]), datetime.fromisoformat(told["later"])
    assert str(moment.tzinfo) in ("UTC", "tzutc()")
    assert moment < later


async def test_code_that_asks_whether_it_replays_runs_once(host):
    assert await host.output("first_runs") == [1, 1, 1]


async def test_many_instances_run_side_by_side_without_mixing_their_values(host):
    outputs = await asyncio.gather(*(host.output("chain", number) for number in range(40)))

    assert [output[3] for output in outputs] == [number * 8 for number in range(40)]


async def test_a_monitor_looks_until_it_finds(host):
    assert await host.output("monitor", 3) == 3
