"""Task numbers: which number each action of an answer has, and whether that agrees with the history.

The SDK matches completions by number alone and never notices that the code has changed; the engine does.
Source: DurableTask.Core, TaskOrchestrationContext and its non-determinism messages.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from funchost.durable.actions import TaskAction
from funchost.durable.events import (
    EventSent,
    EventType,
    Scheduling,
    SubOrchestrationCreated,
    TaskScheduled,
    TimerCreated,
)
from funchost.protocols.json1.ledger import Ledger

_KINDS = {
    EventType.TASK_SCHEDULED: "ScheduleTaskOrchestratorAction",
    EventType.TIMER_CREATED: "CreateTimerOrchestratorAction",
    EventType.SUB_ORCHESTRATION_CREATED: "CreateSubOrchestrationAction",
    EventType.EVENT_SENT: "SendEventOrchestratorAction",
}


_NAMED = frozenset({EventType.TASK_SCHEDULED, EventType.SUB_ORCHESTRATION_CREATED})


class _Contradiction(enum.Enum):
    MISSING = "the answer does not list the task"
    KIND = "it lists another kind of task"
    NAME = "it lists another name"


@dataclass(frozen=True, slots=True)
class Numbering:
    """The numbers of an answer's tasks, and the next one that is free."""

    task_ids: tuple[int, ...]
    next_task_id: int


def number_tasks(ledger: Ledger, tasks: Sequence[TaskAction]) -> Numbering:
    """Give each task its number: 0, 1, 2 and so on, without those that the host took for retries."""
    by_host = ledger.made_by_host
    if not by_host:
        return Numbering(tuple(range(len(tasks))), len(tasks))
    task_ids: list[int] = []
    candidate = 0
    for _ in tasks:
        while candidate in by_host:
            candidate += 1
        task_ids.append(candidate)
        candidate += 1
    while candidate in by_host:
        candidate += 1
    return Numbering(tuple(task_ids), candidate)


def non_determinism(ledger: Ledger, numbering: Numbering, tasks: Sequence[TaskAction]) -> str | None:
    """The message of the first task that history has and the answer contradicts, or None."""
    listed = dict(zip(numbering.task_ids, tasks, strict=True))
    for task_id, recorded in ledger.scheduled.items():
        if task_id in ledger.made_by_host:
            continue
        action = listed.get(task_id)
        if action is None:
            missing = "the current replay execution hasn't (yet?) scheduled this task. "
            return _message(recorded, missing, _Contradiction.MISSING)
        kind = action.recorded_as
        if kind is not recorded.type:
            return _message(recorded, _other_kind(recorded, _KINDS[kind]), _Contradiction.KIND)
        if kind in _NAMED and action.name != recorded.name:  # type: ignore[union-attr]
            name = action.name  # type: ignore[union-attr]
            if name.casefold() != recorded.name.casefold():  # type: ignore[union-attr]
                return _message(recorded, _other_name(recorded, name), _Contradiction.NAME)
    return None


def _message(recorded: Scheduling, instead: str, contradiction: _Contradiction) -> str:
    return (
        "Non-Deterministic workflow detected: A previous execution of this orchestration scheduled "
        f"{_label(recorded, contradiction)} but {instead}"
        "Was a change made to the orchestrator code after this instance had already started running?"
    )


def _label(recorded: Scheduling, contradiction: _Contradiction) -> str:
    """What the history has, with the engine's own small irregularities, because people match on it."""
    missing = contradiction is _Contradiction.MISSING
    task_id = recorded.task_id
    match recorded:
        case TaskScheduled() if missing:
            return f"an activity task with sequence ID {task_id} and name '{recorded.name}' (version ''),"
        case TaskScheduled():
            return f"an activity task with sequence number {task_id} named '{recorded.name}',"
        case TimerCreated():
            return f"a timer task with sequence number {task_id}" + ("" if missing else " named")
        case SubOrchestrationCreated():
            return (
                f"a sub-orchestration task with sequence ID {task_id} and name '{recorded.name}' "
                f"(version '{recorded.version}', instance ID '{recorded.target_id}'),"
            )
        case EventSent():
            return (
                f"a send event task with sequence ID {task_id}, type 'EventSent'{'' if missing else ','} "
                f"name '{recorded.name}', instance ID '{recorded.target_id}',"
            )


def _other_kind(recorded: Scheduling, kind: str) -> str:
    match recorded:
        case EventSent():
            instead = f"scheduled a {kind} task at"
        case SubOrchestrationCreated():
            instead = f"produced a {kind} action at"
        case _:
            instead = f"produced a {kind} action with"
    return f"the current orchestration replay instead {instead} this sequence number. "


def _other_name(recorded: Scheduling, name: str) -> str:
    replay = "the current orchestration replay instead scheduled"
    if isinstance(recorded, TaskScheduled):
        # Two blanks, as in the original.
        return f"{replay} an activity task named '{name}' with this sequence number.  "
    return f"{replay} a sub-orchestration task with name {name} at this sequence number. "
