"""Sub-orchestrations. Source: Durable Functions: sub-orchestrations; HTTP management API."""

import re

from tests.e2e.durable_host import new_id


async def test_a_parent_gets_the_result_of_its_child(host):
    assert await host.output("parent", {"child": "chain", "input": 1}) == {"returned": [1, 2, 4, 8]}


async def test_a_child_without_a_result_gives_none(host):
    assert await host.output("parent", {"child": "give_input"}) == {"returned": None}


async def test_a_child_knows_its_parent(host):
    instance_id = await host.start("parent", {"child": "about"})

    status = await host.ended(instance_id)

    assert status["output"]["returned"]["parent"] == instance_id


async def test_a_child_has_its_parents_name_and_a_number_as_its_id(host, sdk):
    parent = await host.start("parent", {"child": "about"})

    child = (await host.ended(parent))["output"]["returned"]["instance"]

    assert re.fullmatch(sdk.child_id(parent), child)
    assert (await host.instance(child)).json()["runtimeStatus"] == "Completed"


async def test_a_child_can_have_an_id_of_its_own(host):
    child = new_id()

    told = await host.output("parent", {"child": "about", "id": child})

    assert told["returned"]["instance"] == child


async def test_a_parent_sees_the_text_of_a_child_that_failed(host, sdk):
    told = await host.output("parent", {"child": "raise_at_once", "input": "bad"})

    assert re.fullmatch(sdk.child_failure("raise_at_once", "bad"), told["failed"], re.DOTALL)


async def test_a_parent_of_a_terminated_child_sees_the_reason(host, sdk):
    child = new_id()
    instance_id = await host.start("parent", {"child": "events", "input": ["a"], "id": child})
    await host.status_when(child, lambda status: status["runtimeStatus"] == "Running")

    await host.operate(child, "terminate?reason=enough")

    status = await host.ended(instance_id)
    assert re.fullmatch(sdk.child_termination("enough"), status["output"]["failed"].split("\n")[0])


async def test_the_end_of_a_parent_leaves_its_child_running(host):
    child = new_id()
    instance_id = await host.start("parent", {"child": "events", "input": ["a"], "id": child})
    await host.running(child)

    await host.operate(instance_id, "terminate")
    await host.ended(instance_id)

    assert (await host.instance(child)).json()["runtimeStatus"] == "Running"
    await host.raise_event(child, "a", 1)
    assert (await host.ended(child))["output"] == [1]


async def test_children_run_side_by_side(host):
    results = await host.output("family", 10)

    assert [result[0] for result in results] == list(range(10))
