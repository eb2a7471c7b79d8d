"""The decision of one episode: history, messages and the orchestrator's answer become one commit.

Pure: the same arguments always give the same commit, apart from fresh random IDs.
Source: DurableTask.Core, TaskOrchestrationDispatcher; durable extension, OutOfProcOrchestrationShim.
"""

from collections.abc import Sequence
from dataclasses import replace

from funchost.durable.actions import CallActivity, CallSubOrchestrator, CreateTimer, TaskAction
from funchost.durable.commit import Commit
from funchost.durable.episode_commit import EpisodeCommit, Rules
from funchost.durable.events import (
    ExecutionSuspended,
    ExternalEventAwaited,
    Failure,
    OrchestratorCompleted,
    OrchestratorStarted,
    Retry,
    TimerCancelled,
    TimerFired,
)
from funchost.durable.instances import Instance, Status
from funchost.protocols.json1.answer import Answer
from funchost.protocols.json1.intake import Intake
from funchost.protocols.json1.ledger import Ledger, retry_of
from funchost.protocols.json1.numbering import Numbering, non_determinism, number_tasks

_CUSTOM_STATUS_LIMIT_BYTES = 16 * 1024


def decide(
    instance: Instance,
    ledger: Ledger,
    intake: Intake,
    opening: OrchestratorStarted,
    answer: Answer,
    rules: Rules,
    now: int,
) -> Commit:
    """What an episode in which the orchestrator ran changes.

    `opening` is the OrchestratorStarted that the orchestrator saw. `ledger` already knows the events of
    the intake and is brought up to date with the commit.
    """
    running = replace(instance, status=Status.RUNNING, updated_at=now)
    consumed = [*intake.consumed, *(message_id for message_id, _ in intake.ahead)]
    commit = Commit(running, consumed=consumed, history=[opening, *intake.events])
    episode = EpisodeCommit(commit, rules, now, ledger.apply)
    numbering = number_tasks(ledger, answer.tasks)
    failure = _apply_actions(episode, ledger, numbering, answer, intake)
    commit.more_to_take = intake.left or _waits_anew(commit)
    if failure is not None:
        _fail(episode, numbering.next_task_id, failure, failure)
    elif not ledger.open:
        _end_if_done(episode, numbering.next_task_id, answer)
    if commit.instance.status is Status.RUNNING and not commit.replaces_history:
        commit.history.append(OrchestratorCompleted(now))
        commit.open_tasks = ledger.open_work()
    if commit.instance.status is Status.RUNNING and intake.suspended_by is not None:
        _suspend(commit, intake.suspended_by)
    return commit


def record(instance: Instance, ledger: Ledger, intake: Intake, now: int) -> Commit:
    """What an episode changes that only notes what arrived: suspend, resume, or nothing of use."""
    commit = Commit(instance, consumed=list(intake.consumed), history=list(intake.events))
    commit.more_to_take = intake.left
    commit.open_tasks = ledger.open_work()
    if intake.resumed_by is not None:
        reason = intake.resumed_by.reason
        commit.instance = replace(instance, status=Status.RUNNING, output=reason, updated_at=now)
    elif intake.suspended_by is not None:
        _suspend(commit, intake.suspended_by)
        commit.instance = replace(commit.instance, updated_at=now)
    return commit


def terminate(instance: Instance, ledger: Ledger, intake: Intake, now: int) -> Commit:
    """End the instance at once; work that runs goes on and its results are dropped."""
    assert intake.terminated_by is not None
    commit = Commit(instance, consumed=list(intake.consumed))
    commit.history += [OrchestratorStarted(now), intake.terminated_by]
    reason = intake.terminated_by.reason or ""
    episode = EpisodeCommit(commit, Rules(), now)
    episode.end(len(ledger.scheduled), Status.TERMINATED, reason)
    episode.tell_parent_of_failure(reason)
    return commit


def fail(
    instance: Instance, ledger: Ledger, intake: Intake, opening: OrchestratorStarted, reason: str, now: int
) -> Commit:
    """Fail an instance whose orchestrator cannot run at all, for example because it no longer exists."""
    commit = Commit(instance, consumed=list(intake.consumed), history=[opening, *intake.events])
    _fail(EpisodeCommit(commit, Rules(), now), len(ledger.scheduled), reason, reason)
    return commit


def failure_output(name: str, error: str) -> str:
    """The output of an instance whose orchestrator function failed."""
    return f"Orchestrator function '{name}' failed: {error}"


def _apply_actions(
    episode: EpisodeCommit, ledger: Ledger, numbering: Numbering, answer: Answer, intake: Intake
) -> str | None:
    """Schedule what the answer asks for. Returns the failure that forbids to go on, if there is one."""
    if not answer.has_actions:
        return None
    mismatch = non_determinism(ledger, numbering, answer.tasks)
    if mismatch is not None:
        return mismatch
    if len(answer.tasks) > episode.rules.max_actions:
        return (
            f"Maximum amount of orchestration actions ({episode.rules.max_actions}) has been reached. "
            "This value can be configured in host.json file as MaxOrchestrationActions."
        )
    for name in answer.waits[ledger.waits_recorded :]:
        episode.record(ExternalEventAwaited(episode.now, name))
    # Before what was scheduled after them: that is where the SDK looks for an event that it was given.
    for _, event in intake.ahead:
        episode.record(event)
    numbered = list(zip(numbering.task_ids, answer.tasks, strict=True))
    for task_id, action in numbered:
        if task_id not in ledger.scheduled:
            retries = isinstance(action, CallActivity | CallSubOrchestrator) and action.retry is not None
            episode.schedule(task_id, action, Retry(task_id, 1) if retries else None)
    if intake.retry_event is not None:
        _continue_retry(episode, ledger, intake.retry_event, numbering.next_task_id, dict(numbered))
    _withdraw_cancelled_timers(episode, ledger, numbered)
    return _apply_custom_status(episode.commit, answer)


def _continue_retry(
    episode: EpisodeCommit,
    ledger: Ledger,
    after: Failure | TimerFired,
    next_task_id: int,
    listed: dict[int, TaskAction],
) -> None:
    """Schedule what a failed attempt or a due retry timer asks for.

    A failure sets a timer, also after the last attempt, when it fires at once: the SDK counts on it.
    A due timer starts the next attempt while there is one. Source: DurableTask.Core RetryInterceptor;
    the SDK's RetryAbleTask.
    """
    retry = retry_of(ledger.scheduled[after.task_id])
    action = listed.get(retry.first_task_id) if retry else None
    if retry is None or not isinstance(action, CallActivity | CallSubOrchestrator) or action.retry is None:
        return
    last = retry.attempt >= action.retry.max_attempts
    if isinstance(after, Failure):
        pause = 0 if last else action.retry.pause_after(retry.attempt)
        episode.set_timer(next_task_id, episode.now + pause, retry)
    elif not last:
        episode.schedule(next_task_id, action, Retry(retry.first_task_id, retry.attempt + 1))


def _withdraw_cancelled_timers(
    episode: EpisodeCommit, ledger: Ledger, numbered: Sequence[tuple[int, TaskAction]]
) -> None:
    """Close every timer that the orchestrator has cancelled, so that it holds nothing up."""
    for task_id, action in numbered:
        if isinstance(action, CreateTimer) and action.is_cancelled and task_id in ledger.open:
            episode.record(TimerCancelled(episode.now, task_id))
            episode.commit.cancelled_timers.append(task_id)


def _apply_custom_status(commit: Commit, answer: Answer) -> str | None:
    if answer.custom_status is None:
        return None
    size = len(answer.custom_status.encode("utf-16-le"))
    if size > _CUSTOM_STATUS_LIMIT_BYTES:
        return failure_output(
            commit.instance.name,
            "The UTF-16 size of the JSON-serialized payload must not exceed 16 KB. The current payload size "
            f"is {-(-size // 1024)} KB.",
        )
    commit.instance = replace(commit.instance, custom_status=answer.custom_status)
    return None


def _end_if_done(episode: EpisodeCommit, task_id: int, answer: Answer) -> None:
    if answer.error is not None:
        _fail(episode, task_id, failure_output(episode.instance.name, answer.error), answer.error)
    elif answer.continue_as_new is not None:
        episode.continue_as_new(answer.continue_as_new)
    elif answer.done:
        episode.end(task_id, Status.COMPLETED, answer.output)
        episode.tell_parent_of_success(answer.output)


def _fail(episode: EpisodeCommit, task_id: int, output: str, error: str) -> None:
    episode.end(task_id, Status.FAILED, output)
    episode.tell_parent_of_failure(output, f"Message: {error}, StackTrace: ")


def _suspend(commit: Commit, request: ExecutionSuspended) -> None:
    commit.instance = replace(commit.instance, status=Status.SUSPENDED, output=request.reason)


def _waits_anew(commit: Commit) -> bool:
    """Whether an event that was held so far may now be wanted."""
    return any(isinstance(event, ExternalEventAwaited) for event in commit.history)
