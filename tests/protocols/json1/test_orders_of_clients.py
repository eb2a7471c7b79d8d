"""Suspend, resume and terminate.

The functions run through the SDK. Expectations: DurableTask.Core, durable extension, SDK 1.7.0.
"""

from funchost.durable import events
from funchost.durable.events import EventType
from funchost.durable.instances import Status
from tests.protocols.json1.running import Context, HubOf, Run, numbered, output, waiting


def test_a_suspended_instance_goes_on_where_it_was_with_the_reason_as_output(hub_of: HubOf) -> None:
    def chain(context: Context) -> Run:
        yield context.call_activity("say")
        return (yield context.wait_for_external_event("Go"))

    hub = hub_of(chain)
    row = hub.start("o")
    hub.run_episode("root")
    hub.send(events.ExecutionSuspended(hub.now, "a break"))
    hub.send(events.EventRaised(hub.now, "Go", "1"))
    hub.run_all()

    assert (row.instance.status, row.instance.output) == (Status.SUSPENDED, "a break")
    hub.send(events.ExecutionResumed(hub.now, "back"))
    hub.run_episode("root")
    assert (row.instance.status, row.instance.output) == (Status.RUNNING, "back")
    hub.run_all()
    assert output(row) == 1


def test_an_instance_suspended_before_its_first_episode_starts_when_resumed(hub_of: HubOf) -> None:
    hub = hub_of(waiting("Go"))
    row = hub.start("o")
    start = row.mailbox.pop()
    hub.send(events.ExecutionSuspended(hub.now, "a break"))
    hub.run_episode("root")
    row.mailbox.append(start)
    hub.run_all()
    assert row.history[-1].type is EventType.EXECUTION_SUSPENDED

    hub.send(events.ExecutionResumed(hub.now, "back"))
    hub.run_all()

    assert row.instance.status is Status.RUNNING
    assert ("EXTERNAL_EVENT_AWAITED", -1) in numbered(row)


def test_an_instance_that_is_suspended_as_it_continues_as_new_stays_suspended(hub_of: HubOf) -> None:
    def forever(context: Context) -> Run:
        yield context.call_activity("say")
        context.continue_as_new(None)

    hub = hub_of(forever)
    row = hub.start("o")
    hub.run_episode("root")
    hub.run_activity(0)
    hub.send(events.ExecutionSuspended(hub.now, "a break"))
    hub.run_all()

    assert (row.instance.status, row.instance.output) == (Status.SUSPENDED, "a break")
    hub.send(events.ExecutionResumed(hub.now, "back"))
    hub.run_episode("root")
    assert row.instance.status is Status.RUNNING


def test_a_terminated_instance_has_the_reason_as_output_and_hears_nothing_more(hub_of: HubOf) -> None:
    def chain(context: Context) -> Run:
        yield context.call_activity("say")

    hub = hub_of(chain)
    row = hub.start("o")
    hub.run_episode("root")
    hub.send(events.ExecutionTerminated(hub.now, "no more"))
    hub.run_all()

    assert (row.instance.status, row.instance.output) == (Status.TERMINATED, "no more")
    assert row.instance.completed_at is not None
    assert numbered(row)[-2:] == [("EXECUTION_TERMINATED", -1), ("EXECUTION_COMPLETED", -1)]
