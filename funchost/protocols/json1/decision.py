"""The decision of one episode: history, messages and the orchestrator's answer become one commit.

Pure: the same arguments always give the same commit, apart from fresh random IDs.
Source: DurableTask.Core, TaskOrchestrationDispatcher; durable extension, OutOfProcOrchestrationShim.
"""

import json
from dataclasses import replace

from funchost.durable import events
from funchost.durable.answer import Answer
from funchost.durable.commit import Commit, Message
from funchost.durable.events import Event, EventType
from funchost.durable.identity import new_id
from funchost.durable.intake import Intake
from funchost.durable.ledger import Ledger
from funchost.durable.instances import Instance, Status
from funchost.durable.numbering import Numbering, non_determinism, number_tasks
from funchost.durable.scheduling import Rules, Scheduler, started

_CUSTOM_STATUS_LIMIT_BYTES = 16 * 1024


def decide(
    instance: Instance, ledger: Ledger, intake: Intake, opening: Event, answer: Answer, rules: Rules, now: int
) -> Commit:
    """What an episode in which the orchestrator ran changes.

    `opening` is the OrchestratorStarted that the orchestrator saw. `ledger` already knows the events of
    the intake and is brought up to date with the commit.
    """
    running = replace(instance, status=Status.RUNNING, updated_at=now)
    commit = Commit(running, consumed=list(intake.consumed), history=[opening, *intake.events])
    scheduler = Scheduler(instance, ledger, commit, rules, now)
    numbering = number_tasks(ledger, answer.tasks)
    verdict = _apply_actions(scheduler, numbering, answer, intake)
    commit.more_to_take = intake.left or _new_wait(commit.history)
    if verdict is not None:
        _fail(commit, numbering, verdict, _stack_details(verdict), now)
    elif not ledger.open:
        _end_if_done(commit, numbering, answer, now)
    if commit.instance.status is Status.RUNNING and not commit.replaces_history:
        commit.history.append(events.orchestrator_completed(now))
        commit.open_tasks = _open_work(ledger)
    if commit.instance.status is Status.RUNNING and intake.suspended_by is not None:
        _suspend(commit, intake.suspended_by)
    return commit


def record(instance: Instance, ledger: Ledger, intake: Intake, now: int) -> Commit:
    """What an episode changes that only notes what arrived: suspend, resume, or nothing of use."""
    commit = Commit(instance, consumed=list(intake.consumed), history=list(intake.events))
    commit.more_to_take = intake.left
    commit.open_tasks = _open_work(ledger)
    if intake.resumed_by is not None:
        reason = intake.resumed_by.name
        commit.instance = replace(instance, status=Status.RUNNING, output=reason, updated_at=now)
    elif intake.suspended_by is not None:
        _suspend(commit, intake.suspended_by)
        commit.instance = replace(commit.instance, updated_at=now)
    return commit


def terminate(instance: Instance, intake: Intake, request: Event, next_task_id: int, now: int) -> Commit:
    """End the instance at once; work that runs goes on and its results are dropped."""
    commit = Commit(instance, consumed=list(intake.consumed), history=[events.orchestrator_started(now)])
    commit.history.append(request)
    reason = request.name or ""
    _end(commit, next_task_id, Status.TERMINATED, reason, now)
    failed = events.sub_orchestration_failed(now, instance.parent_task_id or 0, reason, None)
    _tell_parent(commit, failed, now)
    return commit


def fail(
    instance: Instance, intake: Intake, opening: Event, next_task_id: int, output: str, now: int
) -> Commit:
    """Fail an instance whose orchestrator cannot run at all, for example because it no longer exists."""
    commit = Commit(instance, consumed=list(intake.consumed), history=[opening, *intake.events])
    _fail(commit, Numbering((), next_task_id), output, _stack_details(output), now)
    return commit


def failure_output(name: str, error: str) -> str:
    """The output of an instance whose orchestrator function failed."""
    return f"Orchestrator function '{name}' failed: {error}"


def _apply_actions(scheduler: Scheduler, numbering: Numbering, answer: Answer, intake: Intake) -> str | None:
    """Schedule what the answer asks for. Returns the failure that forbids to go on, if there is one."""
    if not answer.has_actions:
        return None
    mismatch = non_determinism(scheduler.ledger, numbering, answer.tasks)
    if mismatch is not None:
        return mismatch
    if len(answer.tasks) > scheduler.rules.max_actions:
        return (
            f"Maximum amount of orchestration actions ({scheduler.rules.max_actions}) has been reached. "
            "This value can be configured in host.json file as MaxOrchestrationActions."
        )
    scheduler.schedule_new(numbering, answer.tasks)
    if intake.retry_event is not None:
        scheduler.continue_retry(intake.retry_event, numbering, answer.tasks)
    scheduler.withdraw_cancelled_timers(numbering, answer.tasks)
    _record_waits(scheduler, answer)
    return _apply_custom_status(scheduler.commit, answer)


def _record_waits(scheduler: Scheduler, answer: Answer) -> None:
    for name in answer.waits[scheduler.ledger.waits_recorded :]:
        event = events.external_event_awaited(scheduler.now, name)
        scheduler.commit.history.append(event)
        scheduler.ledger.apply(event)


def _apply_custom_status(commit: Commit, answer: Answer) -> str | None:
    if answer.custom_status is None:
        return None
    size = len(answer.custom_status.encode("utf-16-le"))
    if size > _CUSTOM_STATUS_LIMIT_BYTES:
        return (
            f"Orchestrator function '{commit.instance.name}' failed: The UTF-16 size of the JSON-serialized "
            f"payload must not exceed 16 KB. The current payload size is {-(-size // 1024)} KB."
        )
    commit.instance = replace(commit.instance, custom_status=answer.custom_status)
    return None


def _end_if_done(commit: Commit, numbering: Numbering, answer: Answer, now: int) -> None:
    if answer.error is not None:
        output = failure_output(commit.instance.name, answer.error)
        _fail(commit, numbering, output, _stack_details(answer.error), now)
    elif answer.continue_as_new is not None:
        _continue_as_new(commit, answer.continue_as_new["input"], now)
    elif answer.done:
        _end(commit, numbering.next_task_id, Status.COMPLETED, answer.output, now)
        completed = events.sub_orchestration_completed(
            now, commit.instance.parent_task_id or 0, answer.output
        )
        _tell_parent(commit, completed, now)


def _fail(commit: Commit, numbering: Numbering, output: str, details: str, now: int) -> None:
    _end(commit, numbering.next_task_id, Status.FAILED, output, now)
    failed = events.sub_orchestration_failed(now, commit.instance.parent_task_id or 0, output, details)
    _tell_parent(commit, failed, now)


def _stack_details(error: str) -> str:
    return f"Message: {error}, StackTrace: "


def _end(commit: Commit, next_task_id: int, status: Status, output: str | None, now: int) -> None:
    commit.history.append(events.execution_completed(now, next_task_id, status.number, output))
    commit.history.append(events.orchestrator_completed(now))
    commit.instance = replace(commit.instance, status=status, output=output, updated_at=now, completed_at=now)
    commit.open_tasks = 0
    commit.more_to_take = False


def _tell_parent(commit: Commit, event: Event, now: int) -> None:
    instance = commit.instance
    if instance.parent_instance_id is not None:
        message = Message(instance.parent_instance_id, event, instance.parent_execution_id, now)
        commit.messages.append(message)


def _continue_as_new(commit: Commit, input_text: str, now: int) -> None:
    """Start the next generation under the same ID; its start is an ordinary message to itself."""
    successor = replace(
        commit.instance,
        execution_id=new_id(),
        input=json.dumps(input_text),
        output=None,
        created_at=now,
    )
    commit.instance = successor
    commit.history = []
    commit.replaces_history = True
    commit.open_tasks = 0
    commit.more_to_take = True
    start = started(successor, now)
    commit.messages.append(Message(successor.instance_id, start, successor.execution_id, now))


def _suspend(commit: Commit, request: Event) -> None:
    commit.instance = replace(commit.instance, status=Status.SUSPENDED, output=request.name)


def _open_work(ledger: Ledger) -> int:
    timers = sum(ledger.scheduled[task_id].type is EventType.TIMER_CREATED for task_id in ledger.open)
    return len(ledger.open) - timers


def _new_wait(history: list[Event]) -> bool:
    """Whether an event that was held so far may now be wanted."""
    return any(event.type is EventType.EXTERNAL_EVENT_AWAITED for event in history)
