"""A failed orchestration of SDK 2.x is set back to before its failures and replayed by the real SDK."""

from durabletask import task

from funchost.durable.instances import Status
from funchost.durable.rewind import failed_children, rewind
from tests.protocols.grpc2.sdk_app import new_hub
from tests.protocols.model_hub import ModelHub


def rewind_in(hub: ModelHub, instance_id: str = "root") -> None:
    """Rewind an instance and those of its children that failed."""
    row = hub.rows[instance_id]
    children = failed_children(row.instance, row.history)
    hub.apply(row, rewind(row.instance, row.history, children, "again", hub.now))
    for child in children:
        rewind_in(hub, child)


def test_what_failed_runs_again_and_what_succeeded_does_not():
    ran = []
    broken = [True]

    def work(value):
        ran.append(value)
        if value == "b" and broken:
            raise ValueError("broken")
        return value

    def steps(ctx: task.OrchestrationContext, _):
        results = []
        for name in "abc":
            results.append((yield ctx.call_activity("work", input=name)))
        return results

    hub = new_hub(steps, activities=[work])
    row = hub.start("steps")
    hub.run_all()
    assert row.instance.status is Status.FAILED

    broken.clear()
    rewind_in(hub)
    hub.run_all()

    assert (row.instance.status, row.instance.output) == (Status.COMPLETED, '["a", "b", "c"]')
    assert ran == ["a", "b", "b", "c"]


def test_a_failed_child_goes_on_with_its_parent():
    broken = [True]

    def work(value):
        if broken:
            raise ValueError("broken")
        return value

    def parent(context):
        return (yield context.call_sub_orchestrator("child", 5, "child"))

    def child(context):
        return (yield context.call_activity("work", context.get_input()))

    hub = new_hub(parent, child, activities=[work])
    row = hub.start("parent")
    hub.run_all()
    assert row.instance.status is Status.FAILED

    broken.clear()
    rewind_in(hub)
    hub.run_all()

    assert (row.instance.status, row.instance.output) == (Status.COMPLETED, "5")
