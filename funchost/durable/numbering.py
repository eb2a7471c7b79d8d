"""Task numbers: which number each action of an answer has, and whether that agrees with the history.

The SDK matches completions by number alone and never notices that the code has changed; the engine does.
Source: DurableTask.Core, TaskOrchestrationContext and its non-determinism messages.
"""

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
_QUESTION = "Was a change made to the orchestrator code after this instance had already started running?"


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
            return _describe(recorded, _missing(task_id, recorded), " ")
        contradiction = _contradiction(task_id, recorded, action)
        if contradiction is not None:
            return _describe(recorded, contradiction, "  " if "instead scheduled" in contradiction else " ")
    return None


def _describe(recorded: Scheduled, middle: str, gap: str) -> str:
    kind = {
        EventType.TASK_SCHEDULED: "an activity task",
        EventType.SUB_ORCHESTRATION_CREATED: "a sub-orchestration task",
        EventType.TIMER_CREATED: "a timer task",
        EventType.EVENT_SENT: "a send event task",
    }[recorded.type]
    return (
        "Non-Deterministic workflow detected: A previous execution of this orchestration scheduled "
        f"{kind} with {middle}{gap}{_QUESTION}"
    )


def _missing(task_id: int, recorded: Scheduled) -> str:
    label = f"sequence number {task_id}"
    if recorded.type is EventType.TASK_SCHEDULED:
        label = f"sequence ID {task_id} and name '{recorded.name}' (version '')"
    elif recorded.type is EventType.SUB_ORCHESTRATION_CREATED:
        label = f"sequence ID {task_id} and name '{recorded.name}'"
    return f"{label} but the current replay execution hasn't (yet?) scheduled this task."


def _contradiction(task_id: int, recorded: Scheduled, action: Action) -> str | None:
    type_ = SCHEDULED_AS[action["actionType"]]
    label = f"sequence number {task_id}" + (f" named '{recorded.name}'" if _is_named(recorded.type) else "")
    if type_ is not recorded.type:
        return (
            f"{label}, but the current orchestration replay instead produced a {_KINDS[type_]} action "
            "with this sequence number."
        )
    name = task_name(action)
    if _is_named(type_) and (name or "").casefold() != (recorded.name or "").casefold():
        kind = "an activity task" if type_ is EventType.TASK_SCHEDULED else "a sub-orchestration task"
        return (
            f"{label}, but the current orchestration replay instead scheduled {kind} "
            f"named '{name}' with this sequence number."
        )
    return None


def _is_named(type_: EventType) -> bool:
    return type_ in (EventType.TASK_SCHEDULED, EventType.SUB_ORCHESTRATION_CREATED)
