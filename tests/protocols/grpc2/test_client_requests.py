"""What a client asks of an orchestration that runs under SDK 2.x: to end, to be held and to go on."""

from funchost.durable import events
from funchost.durable.events import ExecutionResumed, ExecutionSuspended, ExecutionTerminated
from funchost.durable.instances import Status
from tests.protocols.grpc2.sdk_app import new_hub
from tests.protocols.model_hub import BEGAN, SECOND


def double(value):
    return value * 2


def wait(context):
    heard = []
    for _ in range(2):
        heard.append((yield context.wait_for_external_event("go")))
    return heard


def call(context):
    first = yield context.call_activity("double", 1)
    return (yield context.call_activity("double", first))


def test_terminating_ends_the_instance_with_the_reason_as_it_came():
    hub = new_hub(wait)
    row = hub.start("wait")
    hub.run_until_rest()

    hub.send(ExecutionTerminated(hub.now, "enough"))
    hub.run_all()

    assert (row.instance.status, row.instance.output) == (Status.TERMINATED, "enough")
    assert row.instance.completed_at is not None


def test_terminating_ahead_of_a_scheduled_start_ends_the_instance_at_once():
    hub = new_hub(wait)
    row = hub.start("wait", scheduled_at=BEGAN + 60 * SECOND)
    hub.send(ExecutionTerminated(hub.now, "enough"))

    hub.run_until_rest()

    assert (row.instance.status, row.instance.output) == (Status.TERMINATED, "enough")


def test_a_request_to_end_reaches_the_next_execution_when_this_one_has_ended():
    def eternal(context):
        yield context.wait_for_external_event("go")
        context.continue_as_new(None)

    hub = new_hub(eternal)
    row = hub.start("eternal")
    hub.run_until_rest()
    hub.raise_event("go")
    hub.send(ExecutionTerminated(hub.now, "enough"))

    hub.run_all()

    assert (row.instance.status, row.instance.output) == (Status.TERMINATED, "enough")


def test_a_suspended_instance_shows_the_reason_and_hears_its_events_when_it_goes_on():
    hub = new_hub(wait)
    row = hub.start("wait")
    hub.run_until_rest()
    hub.send(ExecutionSuspended(hub.now, "lunch"))
    hub.run_until_rest()
    assert (row.instance.status, row.instance.output) == (Status.SUSPENDED, "lunch")

    hub.raise_event("go", "1")
    hub.run_until_rest()
    hub.raise_event("go", "2")
    hub.run_until_rest()
    assert row.instance.status is Status.SUSPENDED
    hub.send(ExecutionResumed(hub.now, "back"))
    hub.run_all()

    assert (row.instance.status, row.instance.output) == (Status.COMPLETED, "[1, 2]")


def test_suspending_and_resuming_at_once_changes_nothing():
    hub = new_hub(wait)
    row = hub.start("wait")
    hub.send(ExecutionSuspended(hub.now, "lunch"))
    hub.raise_event("go", "1")
    hub.send(ExecutionResumed(hub.now, "back"))
    hub.raise_event("go", "2")

    hub.run_all()

    assert (row.instance.status, row.instance.output) == (Status.COMPLETED, "[1, 2]")


def test_no_task_is_scheduled_again_while_the_instance_is_suspended():
    hub = new_hub(call, activities=[double])
    row = hub.start("call")
    hub.send(ExecutionSuspended(hub.now, "lunch"))
    hub.run_episode("root")
    hub.raise_event("unheard")
    hub.run_until_rest()
    hub.send(ExecutionResumed(hub.now, "back"))

    hub.run_all()

    assert (row.instance.status, row.instance.output) == (Status.COMPLETED, "4")
    assert [e.task_id for e in row.history if isinstance(e, events.TaskScheduled)] == [1, 2]


def test_terminating_a_suspended_instance_schedules_nothing_again():
    hub = new_hub(call, activities=[double])
    row = hub.start("call")
    hub.send(ExecutionSuspended(hub.now, "lunch"))
    hub.run_episode("root")
    hub.run_until_rest()
    hub.send(ExecutionTerminated(hub.now, "enough"))

    hub.run_all()

    assert (row.instance.status, row.instance.output) == (Status.TERMINATED, "enough")
    assert [e.task_id for e in row.history if isinstance(e, events.TaskScheduled)] == [1]


def test_resuming_what_is_not_suspended_changes_nothing():
    hub = new_hub(wait)
    row = hub.start("wait")
    hub.send(ExecutionResumed(hub.now, None))

    hub.run_all()

    assert row.instance.status is Status.RUNNING


def test_suspending_twice_takes_one_request_to_go_on():
    hub = new_hub(wait)
    row = hub.start("wait")
    for reason in ("lunch", "coffee"):
        hub.send(ExecutionSuspended(hub.now, reason))
        hub.raise_event("go", "1")
        hub.run_until_rest()
    hub.send(ExecutionResumed(hub.now, None))

    hub.run_all()

    assert (row.instance.status, row.instance.output) == (Status.COMPLETED, "[1, 1]")
