"""What fails in orchestrations of SDK 2.x, and who is told what."""

from datetime import timedelta

from durabletask import task

from funchost.durable import events
from funchost.durable.commit import Commit
from funchost.durable.failures import FailureDetails
from funchost.durable.instances import Status
from funchost.durable.protocol import Refusal
from funchost.durable.versions import MISMATCH_TEXT
from tests.protocols.grpc2.sdk_app import new_hub

RETRY = task.RetryPolicy(first_retry_interval=timedelta(seconds=5), max_number_of_attempts=3)


class Refused(Exception):
    """An activity that does not want to."""


def refuse(value):
    raise Refused(f"refused {value}\nwith a second line")


def test_an_activity_that_raises_fails_the_orchestration_with_its_own_failure_inside():
    def call(context):
        yield context.call_activity("refuse", 7)

    hub = new_hub(call, activities=[refuse])
    row = hub.start("call")

    hub.run_all()

    failure = row.instance.failure
    assert row.instance.status is Status.FAILED
    assert failure is not None
    assert failure.inner is not None
    assert row.instance.output == str(failure)
    assert failure.error_type == "durabletask.task.TaskFailedError"
    assert (failure.inner.error_type, failure.inner.message) == ("Refused", "refused 7")
    assert "refuse" in (failure.inner.stack or "")


def test_an_orchestrator_can_catch_the_failure_of_an_activity():
    def call(context):
        try:
            yield context.call_activity("refuse", 7)
        except Exception as error:
            return str(error)

    hub = new_hub(call, activities=[refuse])
    row = hub.start("call")

    hub.run_all()

    assert row.instance.output == '"root: Activity task #1 failed: refused 7"'


def test_a_retry_uses_the_number_of_its_task_again():
    def second_time(value, attempt):
        if attempt < 3:
            raise Refused(attempt)
        return f"attempt {attempt}"

    def call(ctx: task.OrchestrationContext, _):
        return (yield ctx.call_activity("second_time", input=1, retry_policy=RETRY))

    hub = new_hub(call, activities=[second_time])
    row = hub.start("call")

    hub.run_all()

    numbers = [e.task_id for e in row.history if isinstance(e, events.TaskScheduled)]
    assert (row.instance.status, row.instance.output) == (Status.COMPLETED, '"attempt 3"')
    assert numbers == [1, 1, 1]


def test_a_failure_that_comes_twice_is_one_attempt():
    def call(ctx: task.OrchestrationContext, _):
        return (yield ctx.call_activity("refuse", input=1, retry_policy=RETRY))

    hub = new_hub(call, activities=[refuse])
    hub.duplicate = lambda: True
    row = hub.start("call")

    hub.run_all()

    assert row.instance.status is Status.FAILED
    assert sum(isinstance(e, events.TaskFailed) for e in row.history) == 3


def test_a_retried_activity_without_input_gets_null_every_time():
    given = []

    def note(value, attempt):
        given.append(value)
        if attempt == 1:
            raise Refused

    def call(ctx: task.OrchestrationContext, _):
        yield ctx.call_activity("note", retry_policy=RETRY)

    hub = new_hub(call, activities=[note])
    hub.start("call")

    hub.run_all()

    assert given == [None, None]


def test_details_that_an_activity_raises_as_a_whole_are_taken_as_they_are():
    def refuse_for_good(value):
        raise Refused(
            '{"errorType": "Final", "errorMessage": "no", "isNonRetriable": true,'
            ' "innerFailure": {"errorType": "Cause", "errorMessage": "why"}}'
        )

    def call(ctx: task.OrchestrationContext, _):
        yield ctx.call_activity("refuse_for_good", input=1)

    hub = new_hub(call, activities=[refuse_for_good])
    row = hub.start("call")

    hub.run_all()

    failed = [e.failure for e in row.history if isinstance(e, events.TaskFailed)]
    assert failed == [FailureDetails("Final", "no", None, FailureDetails("Cause", "why"), True)]


def test_a_child_is_retried_and_its_failure_reaches_the_parent():
    def parent(ctx: task.OrchestrationContext, _):
        return (yield ctx.call_sub_orchestrator("child", input=2, retry_policy=RETRY))

    def child(context):
        raise Refused(f"child of {context.get_input()}")

    hub = new_hub(parent, child)
    row = hub.start("parent")

    hub.run_all()

    failure = row.instance.failure
    assert row.instance.status is Status.FAILED
    assert failure is not None
    assert failure.inner is not None
    assert failure.inner.message == "child of 2"
    assert sum(isinstance(e, events.SubOrchestrationFailed) for e in row.history) == 3


def test_a_terminated_child_is_a_failure_with_the_reason():
    def parent(context):
        try:
            yield context.call_sub_orchestrator("child", None, "child")
        except Exception as error:
            return str(error)

    def child(context):
        yield context.wait_for_external_event("never")

    hub = new_hub(parent, child)
    row = hub.start("parent")
    hub.run_until_rest()
    hub.send(events.ExecutionTerminated(hub.now, "enough"), "child")

    hub.run_all()

    assert row.instance.output == '"Sub-orchestration task #1 failed: enough"'


def test_an_unknown_activity_fails_with_a_reason():
    def call(context):
        yield context.call_activity("nothing")

    hub = new_hub(call)
    row = hub.start("call")

    hub.run_all()

    assert row.instance.output is not None
    assert "There is no activity nothing." in row.instance.output


def test_an_unknown_orchestrator_fails_and_its_parent_hears_of_it():
    def parent(context):
        try:
            yield context.call_sub_orchestrator("nothing", None, "child")
        except Exception as error:
            return str(error)

    hub = new_hub(parent)
    row = hub.start("parent")

    hub.run_all()

    assert hub.rows["child"].instance.status is Status.FAILED
    assert row.instance.output == '"Sub-orchestration task #1 failed: There is no orchestrator nothing."'


def test_a_version_that_does_not_match_is_a_failure_of_its_own_type_without_retry():
    def call(context):
        return None

    hub = new_hub(call)
    row = hub.start("call")
    arrived = hub._arrived(row)
    turn = hub.rules.begin_episode(row.instance, hub.rules.replay_of(row.instance, ()), arrived, hub.now)

    assert not isinstance(turn, Commit)
    failure = turn.fail(MISMATCH_TEXT, hub.now, Refusal.VERSION_MISMATCH).instance.failure

    assert failure == FailureDetails("VersionMismatch", MISMATCH_TEXT, is_non_retriable=True)


def test_an_orchestrator_that_changed_while_it_ran_fails_as_non_deterministic():
    calls = ["double", "triple"]

    def call(context):
        yield context.call_activity(calls[0], 1)

    hub = new_hub(call, activities=[refuse])
    row = hub.start("call")
    hub.run_episode("root")
    calls.pop(0)
    hub.raise_event("wake")

    hub.run_episode("root")

    assert row.instance.status is Status.FAILED
    assert row.instance.output is not None
    assert "NonDeterminism" in row.instance.output
