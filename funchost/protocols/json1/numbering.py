"""Task numbers: which number each action of an answer has, and whether that agrees with the history.

The SDK matches completions by number alone and never notices that the code has changed; the engine does.
Source: DurableTask.Core, TaskOrchestrationContext and its non-determinism messages.
"""

import enum
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from funchost.durable.answer import Action, ActionType
from funchost.durable.events import EventType
from funchost.durable.ledger import Ledger, Scheduled

HTTP_ACTIVITY = "BuiltIn::HttpActivity"

SCHEDULED_AS: Mapping[int, EventType] = {
    ActionType.CALL_ACTIVITY: EventType.TASK_SCHEDULED,
    ActionType.CALL_ACTIVITY_WITH_RETRY: EventType.TASK_SCHEDULED,
    ActionType.CALL_HTTP: EventType.TASK_SCHEDULED,
    ActionType.CALL_SUB_ORCHESTRATOR: EventType.SUB_ORCHESTRATION_CREATED,
    ActionType.CALL_SUB_ORCHESTRATOR_WITH_RETRY: EventType.SUB_ORCHESTRATION_CREATED,
    ActionType.CREATE_TIMER: EventType.TIMER_CREATED,
    ActionType.CALL_ENTITY: EventType.EVENT_SENT,
    ActionType.SIGNAL_ENTITY: EventType.EVENT_SENT,
    ActionType.SCHEDULED_SIGNAL_ENTITY: EventType.EVENT_SENT,
}

_KINDS: Mapping[EventType, str] = {
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


def number_tasks(ledger: Ledger, tasks: Sequence[Action]) -> Numbering:
    """Give each task its number: 0, 1, 2 and so on, without those that the host took for retries."""
    by_host = {task_id for task_id, task in ledger.scheduled.items() if task.made_by_host}
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


def task_name(action: Action) -> str | None:
    """The name under which an action's task is recorded; timers and entity operations have none."""
    if action["actionType"] == ActionType.CALL_HTTP:
        return HTTP_ACTIVITY
    name: str | None = action.get("functionName")
    return name


def non_determinism(ledger: Ledger, numbering: Numbering, tasks: Sequence[Action]) -> str | None:
    """The message of the first task that history has and the answer contradicts, or None."""
    listed = dict(zip(numbering.task_ids, tasks, strict=True))
    for task_id, recorded in ledger.scheduled.items():
        if recorded.made_by_host:
            continue
        action = listed.get(task_id)
        if action is None:
            missing = "the current replay execution hasn't (yet?) scheduled this task. "
            return _message(task_id, recorded, missing, _Contradiction.MISSING)
        type_ = SCHEDULED_AS[action["actionType"]]
        if type_ is not recorded.type:
            return _message(task_id, recorded, _other_kind(recorded, _KINDS[type_]), _Contradiction.KIND)
        name = task_name(action)
        if type_ in _NAMED and (name or "").casefold() != (recorded.name or "").casefold():
            return _message(task_id, recorded, _other_name(recorded, name), _Contradiction.NAME)
    return None


def _message(task_id: int, recorded: Scheduled, instead: str, contradiction: _Contradiction) -> str:
    return (
        "Non-Deterministic workflow detected: A previous execution of this orchestration scheduled "
        f"{_label(task_id, recorded, contradiction)} but {instead}"
        "Was a change made to the orchestrator code after this instance had already started running?"
    )


def _label(task_id: int, recorded: Scheduled, contradiction: _Contradiction) -> str:
    """What the history has, with the engine's own small irregularities, because people match on it."""
    missing = contradiction is _Contradiction.MISSING
    fields = json.loads(recorded.text or "{}")
    match recorded.type:
        case EventType.TASK_SCHEDULED if missing:
            return f"an activity task with sequence ID {task_id} and name '{recorded.name}' (version ''),"
        case EventType.TASK_SCHEDULED:
            return f"an activity task with sequence number {task_id} named '{recorded.name}',"
        case EventType.TIMER_CREATED:
            return f"a timer task with sequence number {task_id}" + ("" if missing else " named")
        case EventType.SUB_ORCHESTRATION_CREATED:
            return (
                f"a sub-orchestration task with sequence ID {task_id} and name '{recorded.name}' "
                f"(version '{fields['Version']}', instance ID '{fields['InstanceId']}'),"
            )
        case _:
            return (
                f"a send event task with sequence ID {task_id}, type 'EventSent'{'' if missing else ','} "
                f"name '{fields['Name']}', instance ID '{fields['InstanceId']}',"
            )


def _other_kind(recorded: Scheduled, kind: str) -> str:
    match recorded.type:
        case EventType.EVENT_SENT:
            instead = f"scheduled a {kind} task at"
        case EventType.SUB_ORCHESTRATION_CREATED:
            instead = f"produced a {kind} action at"
        case _:
            instead = f"produced a {kind} action with"
    return f"the current orchestration replay instead {instead} this sequence number. "


def _other_name(recorded: Scheduled, name: str | None) -> str:
    replay = "the current orchestration replay instead scheduled"
    if recorded.type is EventType.TASK_SCHEDULED:
        # Two blanks, as in the original.
        return f"{replay} an activity task named '{name}' with this sequence number.  "
    return f"{replay} a sub-orchestration task with name {name} at this sequence number. "
