"""Terminate, suspend, resume. Source: HTTP management API; Durable Functions: manage instances."""

import pytest


async def status_of(host, instance_id, name):
    return await host.status_when(instance_id, lambda status: status["runtimeStatus"] == name)


async def an_activity_lasts(host, seconds):
    """Wait until an activity that begins now and takes so long has ended, and so every one before it."""
    instance_id = await host.start("sleeper", seconds)
    await host.status_when(instance_id, lambda status: status["customStatus"] == "after")
    await host.raise_event(instance_id, "end")


async def test_a_running_instance_is_terminated_with_the_reason_as_output(host):
    instance_id = await host.start("events", ["a"])
    await host.running(instance_id)

    reply = await host.operate(instance_id, "terminate?reason=no%20more%20need")

    assert (reply.status, reply.body) == (202, b"")
    status = await host.ended(instance_id)
    assert (status["runtimeStatus"], status["output"]) == ("Terminated", "no more need")


async def test_a_reason_that_is_json_is_shown_as_json(host):
    instance_id = await host.start("events", ["a"])

    await host.operate(instance_id, "terminate?reason=5")

    assert (await host.ended(instance_id))["output"] == 5


async def test_an_instance_is_terminated_while_its_activity_runs(host):
    instance_id = await host.start("sleeper", 0.5)
    await host.status_when(instance_id, lambda status: status["customStatus"] == "before")

    await host.operate(instance_id, "terminate?reason=x")

    status = await host.ended(instance_id)
    assert status["customStatus"] == "before"
    # Then the result of the activity is there, which must change nothing.
    await an_activity_lasts(host, 0.5)
    assert (await host.instance(instance_id)).json() == status


async def test_a_suspended_instance_can_be_terminated(host):
    instance_id = await host.start("events", ["a"])
    await host.operate(instance_id, "suspend?reason=wait")
    await status_of(host, instance_id, "Suspended")

    await host.operate(instance_id, "terminate?reason=over")

    assert (await host.ended(instance_id))["output"] == "over"


async def test_a_terminated_instance_has_the_termination_in_its_history(host):
    instance_id = await host.start("events", ["a"])
    await host.running(instance_id)
    await host.operate(instance_id, "terminate?reason=x")
    await host.ended(instance_id)

    kinds = [event["EventType"] for event in await host.history(instance_id)]

    assert kinds[-2:] == ["ExecutionTerminated", "ExecutionCompleted"]


async def test_a_suspended_instance_shows_the_reason_as_output(host):
    instance_id = await host.start("events", ["a"])
    await host.running(instance_id)

    reply = await host.operate(instance_id, "suspend?reason=wait")

    assert (reply.status, reply.body) == (202, b"")
    assert (await status_of(host, instance_id, "Suspended"))["output"] == "wait"


async def test_a_suspended_instance_takes_events_and_handles_them_after_the_resume(host):
    instance_id = await host.start("events", ["a", "b"])
    await host.operate(instance_id, "suspend")
    await status_of(host, instance_id, "Suspended")

    sent = [await host.raise_event(instance_id, name, name) for name in ("a", "b")]
    still = (await host.instance(instance_id)).json()
    await host.operate(instance_id, "resume")

    assert [reply.status for reply in sent] == [202, 202]
    assert still["runtimeStatus"] == "Suspended"
    assert (await host.ended(instance_id))["output"] == ["a", "b"]


async def test_an_activity_ends_while_its_instance_is_suspended_and_counts_after_the_resume(host):
    instance_id = await host.start("sleeper", 0.3)
    await host.status_when(instance_id, lambda status: status["customStatus"] == "before")
    await host.operate(instance_id, "suspend")
    await status_of(host, instance_id, "Suspended")

    # Then the result of the activity is there.
    await an_activity_lasts(host, 0.3)
    still = (await host.instance(instance_id)).json()
    await host.operate(instance_id, "resume?reason=go%20on")

    assert (still["runtimeStatus"], still["customStatus"]) == ("Suspended", "before")
    after = await host.status_when(instance_id, lambda status: status["customStatus"] == "after")
    assert (after["runtimeStatus"], after["output"]) == ("Running", "go on")
    await host.raise_event(instance_id, "end")
    assert (await host.ended(instance_id))["output"] == "ended"


async def test_a_suspended_instance_cannot_be_suspended(host):
    instance_id = await host.start("events", ["a"])
    await host.operate(instance_id, "suspend")
    await status_of(host, instance_id, "Suspended")

    reply = await host.operate(instance_id, "suspend")

    assert reply.status == 500
    assert reply.json()["ExceptionMessage"] == (
        f"Cannot suspend the orchestration instance {instance_id} because instance is in the Suspended state."
    )


async def test_a_running_instance_cannot_be_resumed(host):
    instance_id = await host.start("events", ["a"])
    await host.running(instance_id)

    reply = await host.operate(instance_id, "resume")

    assert reply.status == 500
    assert reply.json()["ExceptionMessage"] == (
        f"Cannot resume the orchestration instance {instance_id} because instance is in the Running state."
    )


@pytest.mark.parametrize("operation", ["terminate", "suspend", "resume"])
async def test_an_ended_instance_is_gone_for_every_operation(host, operation):
    instance_id = await host.start("no_generator")
    await host.ended(instance_id)

    reply = await host.operate(instance_id, operation)

    assert (reply.status, reply.body) == (410, b"")


@pytest.mark.parametrize("operation", ["terminate", "suspend", "resume", "rewind", "nonsense"])
async def test_an_unknown_instance_is_404_for_every_operation(host, operation):
    reply = await host.operate("nobody", operation)

    assert (reply.status, reply.body) == (404, b"")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_another_method_on_an_operation_is_404_and_not_405(host, method):
    reply = await host.request(method, "/runtime/webhooks/durabletask/instances/x/terminate")

    assert (reply.status, reply.body) == (404, b"")
