"""Which messages an episode takes. Expectations: DurableTask.Core dispatcher and execution context; the order
rules that follow from how the SDK numbers retries and hands out external events."""

import pytest

from funchost.durable import events
from funchost.durable.commit import ArrivedMessage
from funchost.durable.events import Event, Retry
from funchost.durable.instances import Instance, Status
from funchost.protocols.json1.intake import Course, Intake, take
from funchost.protocols.json1.ledger import Ledger
from tests.durable.instances import NOON, new_instance

RUNNING = new_instance(status=Status.RUNNING)
SUSPENDED = new_instance(status=Status.SUSPENDED)
STARTED = events.ExecutionStarted(NOON, "o")


def ledger_of(*history: Event) -> Ledger:
    ledger = Ledger()
    ledger.extend([STARTED, *history])
    return ledger


def arrive(*arrived: Event, execution: str | None = None) -> list[ArrivedMessage]:
    return [ArrivedMessage(number, event, execution) for number, event in enumerate(arrived, 1)]


def taken(intake: Intake) -> list[tuple[str, str | None]]:
    return [(event.name, event.input) for event in intake.events if isinstance(event, events.EventRaised)]


def test_a_completion_of_an_open_task_is_taken_and_runs_the_orchestrator() -> None:
    ledger = ledger_of(events.TaskScheduled(NOON, 0, "A"))

    intake = take(RUNNING, ledger, arrive(events.TaskCompleted(NOON, 0, "1")))

    assert intake.course is Course.REPLAY
    assert intake.consumed == [1]
    assert ledger.open == set()


def test_a_completion_that_comes_twice_counts_once() -> None:
    done = events.TaskCompleted(NOON, 0, "1")

    intake = take(RUNNING, ledger_of(events.TaskScheduled(NOON, 0, "A")), arrive(done, done))

    assert (intake.consumed, intake.events) == ([1, 2], [done])


def test_a_completion_without_an_open_task_is_thrown_away_and_runs_nothing() -> None:
    intake = take(RUNNING, ledger_of(), arrive(events.TaskCompleted(NOON, 7, "1")))

    assert (intake.course, intake.consumed, intake.events) == (Course.RECORD, [1], [])


def test_a_completion_for_an_earlier_execution_is_thrown_away() -> None:
    ledger = ledger_of(events.TaskScheduled(NOON, 0, "A"))

    intake = take(RUNNING, ledger, arrive(events.TaskCompleted(NOON, 0, "1"), execution="e0"))

    assert (intake.course, intake.consumed) == (Course.RECORD, [1])
    assert ledger.open == {0}


def test_an_instance_starts_once() -> None:
    intake = take(RUNNING, Ledger(), arrive(STARTED, STARTED))

    assert (intake.course, intake.consumed, intake.events) == (Course.REPLAY, [1, 2], [STARTED])


def test_an_event_that_nobody_waits_for_is_held() -> None:
    intake = take(RUNNING, ledger_of(), arrive(events.EventRaised(NOON, "Go", "1")))

    assert (intake.course, intake.consumed) == (Course.RECORD, [])


def test_each_wait_takes_one_event_in_order_of_arrival() -> None:
    ledger = ledger_of(events.ExternalEventAwaited(NOON, "Go"))

    intake = take(
        RUNNING, ledger, arrive(events.EventRaised(NOON, "Go", "1"), events.EventRaised(NOON, "Go", "2"))
    )

    assert intake.consumed == [1]
    assert taken(intake) == [("Go", "1")]


def test_an_event_is_taken_in_the_spelling_of_its_waiter() -> None:
    ledger = ledger_of(events.ExternalEventAwaited(NOON, "Go"))

    intake = take(RUNNING, ledger, arrive(events.EventRaised(NOON, "GO", '{"a":1}')))

    assert taken(intake) == [("Go", '{"a":1}')]
    assert ledger == ledger_of(events.ExternalEventAwaited(NOON, "Go"), *intake.events)


def test_waits_in_two_spellings_take_the_events_in_their_own_order() -> None:
    waits = events.ExternalEventAwaited(NOON, "Go"), events.ExternalEventAwaited(NOON, "gO")
    raised = events.EventRaised(NOON, "GO", "1"), events.EventRaised(NOON, "GO", "2")

    intake = take(RUNNING, ledger_of(*waits), arrive(*raised))

    assert taken(intake) == [("Go", "1"), ("gO", "2")]


def test_an_entitys_answer_ends_the_call_that_asked_for_it() -> None:
    ledger = ledger_of(events.EventSent(NOON, 0, "@counter@a", "op", "{}", "r1"))

    intake = take(RUNNING, ledger, arrive(events.EventRaised(NOON, "r1", "{}")))

    assert intake.course is Course.REPLAY
    assert ledger.open == set()


@pytest.mark.parametrize(
    ("scheduled", "end"),
    [
        (events.TaskScheduled(NOON, 0, "A", retry=Retry(0, 1)), events.TaskFailed(NOON, 0, "x", None)),
        (events.TimerCreated(NOON, 0, NOON, Retry(0, 1)), events.TimerFired(NOON, 0, NOON)),
    ],
)
def test_after_an_event_that_makes_the_host_schedule_the_rest_waits(scheduled: Event, end: Event) -> None:
    ledger = ledger_of(scheduled, events.TaskScheduled(NOON, 9, "B"))

    intake = take(RUNNING, ledger, arrive(end, events.TaskCompleted(NOON, 9, "1")))

    assert intake.consumed == [1]
    assert intake.retry_event == end
    assert intake.left


def test_nothing_is_left_when_that_event_was_the_last() -> None:
    ledger = ledger_of(events.TaskScheduled(NOON, 0, "A", retry=Retry(0, 1)))

    assert not take(RUNNING, ledger, arrive(events.TaskFailed(NOON, 0, "x", None))).left


def test_the_success_of_an_attempt_makes_the_host_schedule_nothing() -> None:
    ledger = ledger_of(events.TaskScheduled(NOON, 0, "A", retry=Retry(0, 1)))

    assert take(RUNNING, ledger, arrive(events.TaskCompleted(NOON, 0, "1"))).retry_event is None


def test_what_arrives_before_a_suspension_is_taken_and_what_arrives_after_it_is_held() -> None:
    ledger = ledger_of(events.TaskScheduled(NOON, 0, "A"), events.TaskScheduled(NOON, 1, "B"))
    suspended = events.ExecutionSuspended(NOON, "why")
    arrived = arrive(events.TaskCompleted(NOON, 0, "1"), suspended, events.TaskCompleted(NOON, 1, "1"))

    intake = take(RUNNING, ledger, arrived)

    assert (intake.course, intake.consumed) == (Course.REPLAY, [1, 2])
    assert intake.suspended_by == suspended
    assert not intake.left


def test_a_suspension_with_its_end_behind_it_leaves_that_for_the_next_episode() -> None:
    arrived = arrive(events.ExecutionSuspended(NOON, "why"), events.ExecutionResumed(NOON, "go"))

    assert take(RUNNING, ledger_of(), arrived).left


def test_a_suspended_instance_holds_results_timers_and_events() -> None:
    history = (
        events.TaskScheduled(NOON, 0, "A"),
        events.TimerCreated(NOON, 1, NOON),
        events.ExternalEventAwaited(NOON, "Go"),
    )
    arrived = arrive(
        events.TaskCompleted(NOON, 0, "1"),
        events.TimerFired(NOON, 1, NOON),
        events.EventRaised(NOON, "Go", "1"),
    )

    intake = take(SUSPENDED, ledger_of(*history), arrived)

    assert (intake.course, intake.consumed) == (Course.RECORD, [])


def test_what_resumes_an_instance_is_taken_before_what_was_held() -> None:
    ledger = ledger_of(events.TaskScheduled(NOON, 0, "A"))
    resumed = events.ExecutionResumed(NOON, "go")

    intake = take(SUSPENDED, ledger, arrive(events.TaskCompleted(NOON, 0, "1"), resumed))

    assert (intake.course, intake.consumed) == (Course.RECORD, [2])
    assert intake.resumed_by == resumed
    assert intake.left


def test_a_second_suspension_is_used_up_and_does_not_outlive_the_first() -> None:
    again = events.ExecutionSuspended(NOON, "again")

    intake = take(SUSPENDED, ledger_of(), arrive(again, events.ExecutionResumed(NOON, "go")))

    assert intake.consumed == [1, 2]
    assert intake.suspended_by is None


def test_a_request_to_resume_a_running_instance_changes_nothing() -> None:
    intake = take(RUNNING, ledger_of(), arrive(events.ExecutionResumed(NOON, "go")))

    assert (intake.course, intake.consumed, intake.resumed_by) == (Course.RECORD, [1], None)


@pytest.mark.parametrize("instance", [RUNNING, SUSPENDED])
def test_a_termination_goes_before_everything_else(instance: Instance) -> None:
    ledger = ledger_of(events.TaskScheduled(NOON, 0, "A"))
    terminated = events.ExecutionTerminated(NOON, "stop")

    intake = take(instance, ledger, arrive(events.TaskCompleted(NOON, 0, "1"), terminated))

    assert intake.course is Course.TERMINATE
    assert intake.terminated_by == terminated
    assert intake.consumed == [1, 2]


def test_a_termination_of_an_earlier_execution_ends_nothing() -> None:
    intake = take(RUNNING, ledger_of(), arrive(events.ExecutionTerminated(NOON, "stop"), execution="e0"))

    assert (intake.course, intake.consumed) == (Course.RECORD, [1])


def test_the_mark_of_a_rewind_runs_the_orchestrator() -> None:
    assert take(RUNNING, ledger_of(), arrive(events.GenericEvent(NOON, "why"))).course is Course.REPLAY
