"""Sub-orchestrations and their parents.

The functions run through the SDK. Expectations: DurableTask.Core, durable extension, SDK 1.7.0.
"""

from typing import Any

import pytest

from funchost.durable import events
from funchost.durable.instances import Status
from tests.protocols.json1.running import Context, HubOf, Run, finish, output


def call_child(context: Context) -> Run:
    return (yield context.call_sub_orchestrator("child", context.get_input(), context.get_input()))


def test_a_child_without_a_wanted_id_is_named_after_its_parents_execution(hub_of: HubOf) -> None:
    def parent(context: Context) -> Run:
        yield context.call_activity("say")
        return (yield context.call_sub_orchestrator("child", {"a": 1}))

    def child(context: Context) -> Any:
        return [context.instance_id, context.parent_instance_id, context.get_input()]

    hub = hub_of(parent, child)
    row = hub.start("o")
    execution = row.instance.execution_id
    hub.run_all()

    assert output(row) == [f"{execution}:1", "root", {"a": 1}]


def test_a_failed_child_tells_its_output_and_its_message(hub_of: HubOf) -> None:
    def parent(context: Context) -> Run:
        try:
            yield context.call_sub_orchestrator("child")
        except Exception as error:
            return str(error)

    def child(context: Context) -> Run:
        yield context.call_activity("say")
        raise ValueError("boom")

    assert output(finish(hub_of(parent, child))) == (
        "Orchestrator function 'child' failed: boom \n Message: boom, StackTrace: "
    )


def test_a_terminated_child_tells_the_reason_and_no_details(hub_of: HubOf) -> None:
    def child(context: Context) -> Run:
        yield context.wait_for_external_event("never")

    hub = hub_of(call_child, child)
    row = finish(hub, "kid")
    hub.send(events.ExecutionTerminated(hub.now, "no more"), "kid")
    hub.run_all()

    assert row.instance.status is Status.FAILED
    assert row.instance.output == "Orchestrator function 'o' failed: no more \n None"


def test_a_child_under_an_id_in_use_fails_instead_of_never_ending(hub_of: HubOf) -> None:
    def child(context: Context) -> Run:
        yield context.wait_for_external_event("never")

    hub = hub_of(call_child, child)
    hub.start("child", instance_id="kid")
    row = finish(hub, "kid")

    in_use = "The sub-orchestration 'kid' cannot be started: its ID is in use."
    assert row.instance.output == f"Orchestrator function 'o' failed: {in_use} \n None"


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ("root", "The instance ID of a sub-orchestration must be different than the instance ID of a parent"),
        ("@kid", "Orchestration instance ids must not start with @."),
    ],
)
def test_a_child_under_an_impossible_id_fails(hub_of: HubOf, wanted: str, why: str) -> None:
    def child(context: Context) -> None:
        return None

    row = finish(hub_of(call_child, child), wanted)

    assert row.instance.status is Status.FAILED
    assert why in (row.instance.output or "")


def test_the_end_of_a_parent_does_not_touch_its_child(hub_of: HubOf) -> None:
    def child(context: Context) -> Run:
        return (yield context.wait_for_external_event("Go"))

    hub = hub_of(call_child, child)
    finish(hub, "kid")
    hub.send(events.ExecutionTerminated(hub.now, "no more"))
    hub.run_all()
    hub.send(events.EventRaised(hub.now, "Go", "1"), "kid")
    hub.run_all()

    assert output(hub.rows["kid"]) == 1
    assert hub.rows["root"].instance.status is Status.TERMINATED
