"""Task numbers and contradictions. Source of the texts: DurableTask.Core, TaskOrchestrationContext."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funchost.durable import events
from funchost.durable.actions import CallActivity, CallEntity, CallSubOrchestrator, CreateTimer, TaskAction
from funchost.durable.events import Event, Retry
from funchost.protocols.json1.ledger import Ledger
from funchost.protocols.json1.numbering import non_determinism, number_tasks
from tests.durable.instances import NOON

WAS = "Was a change made to the orchestrator code after this instance had already started running?"
PREVIOUS = "Non-Deterministic workflow detected: A previous execution of this orchestration scheduled "
GONE = "but the current replay execution hasn't (yet?) scheduled this task. "
INSTEAD = "but the current orchestration replay instead "


def call(name: str) -> TaskAction:
    return CallActivity(name, None)


def child(name: str) -> TaskAction:
    return CallSubOrchestrator(name, None)


TIMER = CreateTimer(NOON)
CALL_ENTITY = CallEntity("@e@k", "get", None)
ACTIVITY_A = events.TaskScheduled(NOON, 0, "A")
TIMER_0 = events.TimerCreated(NOON, 0, NOON)
SUB_S = events.SubOrchestrationCreated(NOON, 0, "S", "child", "1.0")
SUB_LABEL = "a sub-orchestration task with sequence ID 0 and name 'S' (version '1.0', instance ID 'child'), "
ENTITY_CALL = events.EventSent(NOON, 0, "@e@k", "op", '{"id":"r1"}', "r1")


def ledger_of(*history: Event) -> Ledger:
    ledger = Ledger()
    ledger.extend(history)
    return ledger


def contradiction(recorded: Event, *tasks: TaskAction) -> str | None:
    ledger = ledger_of(recorded)
    return non_determinism(ledger, number_tasks(ledger, tasks), tasks)


def test_tasks_are_numbered_from_0_in_the_order_of_the_answer() -> None:
    numbering = number_tasks(Ledger(), [call("A"), TIMER, call("B")])

    assert (numbering.task_ids, numbering.next_task_id) == ((0, 1, 2), 3)


def test_numbers_that_the_host_took_for_a_retry_are_left_out() -> None:
    ledger = ledger_of(
        events.TaskScheduled(NOON, 0, "A", retry=Retry(0, 1)),
        events.TimerCreated(NOON, 1, NOON, Retry(0, 1)),
        events.TaskScheduled(NOON, 2, "A", retry=Retry(0, 2)),
        events.TimerCreated(NOON, 3, NOON, Retry(0, 2)),
    )

    numbering = number_tasks(ledger, [call("A"), call("B")])

    assert (numbering.task_ids, numbering.next_task_id) == ((0, 4), 5)


@given(st.sets(st.integers(1, 12)), st.integers(0, 8))
def test_no_number_is_given_twice_and_none_is_left_out(by_host: set[int], count: int) -> None:
    ledger = ledger_of(*(events.TimerCreated(NOON, number, NOON, Retry(0, 1)) for number in by_host))

    numbering = number_tasks(ledger, [call("A")] * count)

    used = by_host | set(numbering.task_ids)
    assert len(numbering.task_ids) == count
    assert not by_host & set(numbering.task_ids)
    assert numbering.next_task_id not in used
    assert set(range(numbering.next_task_id)) <= used


@pytest.mark.parametrize(
    ("recorded", "action"),
    [
        (ACTIVITY_A, call("A")),
        (ACTIVITY_A, call("a")),
        (TIMER_0, TIMER),
        (SUB_S, child("s")),
        (ENTITY_CALL, CALL_ENTITY),
        (events.TaskScheduled(NOON, 0, "BuiltIn::HttpActivity"), call("BuiltIn::HttpActivity")),
    ],
)
def test_what_history_and_answer_agree_on_is_no_contradiction(recorded: Event, action: TaskAction) -> None:
    assert contradiction(recorded, action) is None


CASES: list[tuple[Event, list[TaskAction], str]] = [
    (ACTIVITY_A, [], f"an activity task with sequence ID 0 and name 'A' (version ''), {GONE}"),
    (
        ACTIVITY_A,
        [TIMER],
        f"an activity task with sequence number 0 named 'A', {INSTEAD}produced a "
        "CreateTimerOrchestratorAction action with this sequence number. ",
    ),
    (
        ACTIVITY_A,
        [call("B")],
        f"an activity task with sequence number 0 named 'A', {INSTEAD}scheduled an activity task named 'B' "
        "with this sequence number.  ",
    ),
    (TIMER_0, [], f"a timer task with sequence number 0 {GONE}"),
    (
        TIMER_0,
        [call("A")],
        f"a timer task with sequence number 0 named {INSTEAD}produced a ScheduleTaskOrchestratorAction "
        "action with this sequence number. ",
    ),
    (SUB_S, [], SUB_LABEL + GONE),
    (
        SUB_S,
        [CALL_ENTITY],
        f"{SUB_LABEL}{INSTEAD}produced a SendEventOrchestratorAction action at this sequence number. ",
    ),
    (
        SUB_S,
        [child("T")],
        f"{SUB_LABEL}{INSTEAD}scheduled a sub-orchestration task with name T at this sequence number. ",
    ),
    (
        ENTITY_CALL,
        [],
        "a send event task with sequence ID 0, type 'EventSent' name 'op', instance ID '@e@k', " + GONE,
    ),
    (
        ENTITY_CALL,
        [child("S")],
        f"a send event task with sequence ID 0, type 'EventSent', name 'op', instance ID '@e@k', {INSTEAD}"
        "scheduled a CreateSubOrchestrationAction task at this sequence number. ",
    ),
]


@pytest.mark.parametrize(("recorded", "tasks", "middle"), CASES)
def test_a_contradiction_is_told_in_the_engines_words(
    recorded: Event, tasks: list[TaskAction], middle: str
) -> None:
    assert contradiction(recorded, *tasks) == PREVIOUS + middle + WAS


def test_what_the_host_scheduled_for_a_retry_needs_no_action() -> None:
    assert contradiction(events.TimerCreated(NOON, 1, NOON, Retry(0, 1))) is None


def test_the_first_contradiction_in_the_order_of_the_history_is_told() -> None:
    ledger = ledger_of(ACTIVITY_A, events.TaskScheduled(NOON, 1, "B"))
    tasks = [call("X"), call("Y")]

    message = non_determinism(ledger, number_tasks(ledger, tasks), tasks)

    assert message is not None
    assert "named 'A'" in message
