"""Rewind and restart. Source: HTTP management API; Durable Functions: manage instances."""

import pytest

from tests.e2e.durable_host import WEBHOOKS, new_id


@pytest.fixture
async def failed(host):
    """A failed instance that succeeds when it is rewound."""
    instance_id = await host.start("fails_once")
    assert (await host.ended(instance_id))["runtimeStatus"] == "Failed"
    return instance_id


async def completed(host, instance_id):
    return await host.status_when(instance_id, lambda status: status["runtimeStatus"] == "Completed")


async def test_a_rewound_instance_runs_its_failed_activity_again_and_keeps_the_rest(host, failed):
    reply = await host.operate(failed, "rewind?reason=mended")

    assert (reply.status, reply.body) == (202, b"")
    assert (await completed(host, failed))["output"] == [1, 2]


async def test_the_client_rewinds(host, failed):
    await host.client("rewind", instance_id=failed, reason="mended")

    assert (await completed(host, failed))["output"] == [1, 2]


async def test_a_rewound_instance_rewinds_the_child_that_failed(host):
    instance_id = await host.start("child_fails_once")
    await host.ended(instance_id)

    await host.operate(instance_id, "rewind?reason=mended")

    assert (await completed(host, instance_id))["output"] == [1, 2]


async def test_an_orchestrator_whose_own_code_failed_runs_again_after_a_rewind(host):
    instance_id = await host.start("raises_once")
    assert (await host.ended(instance_id))["runtimeStatus"] == "Failed"

    await host.operate(instance_id, "rewind?reason=mended")

    assert (await completed(host, instance_id))["output"] == "mended"


async def test_a_completed_instance_cannot_be_rewound(host):
    instance_id = await host.start("no_generator")
    await host.ended(instance_id)

    reply = await host.operate(instance_id, "rewind")

    assert (reply.status, reply.body) == (410, b"")


async def test_a_running_instance_cannot_be_rewound(host):
    instance_id = await host.start("events", ["a"])
    await host.running(instance_id)

    reply = await host.operate(instance_id, "rewind")

    assert reply.status == 500
    assert reply.json()["ExceptionMessage"] == (
        "The rewind operation is only supported on failed orchestration instances."
    )


async def test_the_client_says_which_instances_can_be_rewound(host, sdk):
    instance_id = await host.start("no_generator")
    await host.ended(instance_id)

    raised = await host.client_error("rewind", instance_id=instance_id, reason="x")

    text = "The rewind operation is only supported on failed orchestration instances."
    assert sdk.refusal(text, "FAILED_PRECONDITION").items() <= raised.items()


async def test_a_restart_is_a_new_instance_with_the_same_input(host):
    instance_id = await host.start("give_input", {"a": 1})
    await host.ended(instance_id)

    reply = await host.operate(instance_id, "restart")

    assert reply.status == 202
    assert reply.json()["id"] != instance_id
    assert (await host.ended(reply.json()["id"]))["output"] == {"a": 1}


async def test_a_restart_can_keep_the_id(host):
    instance_id = await host.start("fails_once")
    await host.ended(instance_id)

    reply = await host.operate(instance_id, "restart?restartWithNewInstanceId=false")

    assert (reply.status, reply.json()["id"]) == (202, instance_id)
    assert (await completed(host, instance_id))["output"] == [2, 2]


async def test_a_running_instance_restarts_under_a_new_id_only(host):
    instance_id = await host.start("events", ["a"])
    await host.running(instance_id)

    same = await host.operate(instance_id, "restart?restartWithNewInstanceId=false")
    new = await host.operate(instance_id, "restart?restartWithNewInstanceId=true")

    assert (same.status, new.status) == (500, 202)
    await host.running(new.json()["id"])


async def test_a_restart_of_an_unknown_instance_is_400_and_not_404(host):
    reply = await host.operate("nobody", "restart")

    assert reply.status == 400
    assert reply.json()["ExceptionMessage"] == ("InstanceId does not match a valid orchestration instance.")


@pytest.mark.sdk_has("client.restart")
async def test_the_client_restarts(host, sdk):
    instance_id = await host.start("give_input", 5)
    await host.ended(instance_id)

    returned = await host.client("restart", instance_id=instance_id)

    assert (await host.ended(sdk.restarted_id(returned)))["output"] == 5


@pytest.mark.sdk_has("context.version")
async def test_a_version_that_is_given_at_the_start_is_seen_by_the_orchestrator(host):
    instance_id = new_id()

    await host.post(f"{WEBHOOKS}/orchestrators/version/{instance_id}?version=2.1")

    assert (await host.ended(instance_id))["output"] == "2.1"
