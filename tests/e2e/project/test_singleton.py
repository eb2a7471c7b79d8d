"""The singleton starter: one running instance under one ID. Source: the app's README, the singleton rule."""

import asyncio
from collections import Counter

from tests.e2e.durable_host import new_id


def path(instance_id, seconds=0.0, tasks=1):
    return f"/api/orchestrators2/fan_out_fan_in?myId={instance_id}&taskCount={tasks}&seconds={seconds}"


async def test_the_first_request_starts_and_the_second_finds(project):
    instance_id = new_id()

    first = await project.get(path(instance_id, seconds=1))
    second = await project.get(path(instance_id, seconds=1))

    assert (first.status, second.status) == (202, 202)
    assert first.json() == second.json()
    assert [reply.headers["X-Instance-Started"] for reply in (first, second)] == ["true", "false"]


async def test_two_hundred_requests_at_once_start_exactly_one_run(project):
    instance_id = new_id()

    replies = await asyncio.gather(*(project.get(path(instance_id, seconds=2)) for _ in range(200)))

    assert Counter(reply.status for reply in replies) == {202: 200}
    assert Counter(reply.headers["X-Instance-Started"] for reply in replies) == {"true": 1, "false": 199}
    assert len({reply.body for reply in replies}) == 1
    status = await project.ended(instance_id)
    assert status["output"]["taskCount"] == 1


async def test_the_input_of_the_running_instance_stays(project):
    instance_id = new_id()
    await project.get(path(instance_id, seconds=1, tasks=3))

    await project.get(path(instance_id, seconds=1, tasks=7))

    assert (await project.ended(instance_id))["output"]["taskCount"] == 3


async def test_an_id_is_free_again_when_its_instance_has_ended(project):
    instance_id = new_id()
    await project.get(path(instance_id))
    await project.ended(instance_id)

    again = await project.get(path(instance_id, tasks=2))

    assert again.headers["X-Instance-Started"] == "true"
    assert (await project.ended(instance_id))["output"]["taskCount"] == 2


async def test_an_id_is_free_again_when_its_instance_was_terminated(project):
    instance_id = new_id()
    await project.get(path(instance_id, seconds=1))
    await project.operate(instance_id, "terminate")
    await project.ended(instance_id)

    again = await project.get(path(instance_id))

    assert again.headers["X-Instance-Started"] == "true"


async def test_a_suspended_instance_holds_its_id(project):
    instance_id = new_id()
    await project.get(path(instance_id, seconds=1))
    await project.operate(instance_id, "suspend")
    await project.status_when(instance_id, lambda status: status["runtimeStatus"] == "Suspended")

    again = await project.get(path(instance_id))

    assert again.headers["X-Instance-Started"] == "false"
    await project.operate(instance_id, "terminate")


async def test_without_parameters_the_defaults_hold(project):
    reply = await project.get("/api/orchestrators2/fan_out_fan_in?taskCount=1&seconds=0")

    assert reply.json()["id"] == "my-id-2024001"
