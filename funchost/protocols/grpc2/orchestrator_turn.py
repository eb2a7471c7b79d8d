"""One episode of SDK 2.x: the orchestrator's answer becomes a commit.

The SDK has checked the history and numbered its actions; here they are written down as they come.
Source: DurableTask.Core, TaskOrchestrationDispatcher; durable extension, OutOfProcMiddleware.
"""

from dataclasses import replace

from funchost.durable import events
from funchost.durable.actions import Complete, ContinueAsNew
from funchost.durable.commit import FIRST_IN_LINE, Commit, Message
from funchost.durable.episode_commit import EpisodeCommit, Rules
from funchost.durable.events import Event
from funchost.durable.failures import FailureDetails
from funchost.durable.instances import Instance, Status
from funchost.durable.protocol import Outcome, Raised, Refusal, Turn
from funchost.durable.refusals import Unreadable
from funchost.durable.text import storable
from funchost.protocols.grpc2.encoded_history import EncodedHistory, Taken
from funchost.protocols.grpc2.response import OrchestratorAnswer, parse_answer

_CUSTOM_STATUS_LIMIT = 16 * 1024
_REFUSED = "InvalidOperationException"


def invocation_failure(name: str, raised: Raised) -> FailureDetails:
    """The failure of a call to an orchestrator or entity function that did not come to its end."""
    cause = FailureDetails(
        storable(raised.error_type), storable(raised.message), storable(raised.stack) or None
    )
    message = f"Function '{name}' failed with an unhandled exception."
    return FailureDetails(cause.error_type, message, inner=cause)


def record_unrun(instance: Instance, taken: Taken, rules: Rules, now: int) -> Commit:
    """The commit of an episode without a replay: nothing of use has come, or the end ahead of the start."""
    commit = Commit(instance, consumed=taken.consumed)
    for event in taken.events:
        if isinstance(event, events.ExecutionTerminated):
            episode = _opened(instance, taken, rules, now, now)
            _end(episode, 0, Complete(Status.TERMINATED, event.reason))
            return episode.commit
    return commit


class OrchestratorTurn(Turn):
    """An episode whose orchestrator has to run."""

    __slots__ = ("_history", "_instance", "_opening", "_rules", "_taken", "payload")

    def __init__(
        self, instance: Instance, history: EncodedHistory, taken: Taken, rules: Rules, now: int
    ) -> None:
        self._instance = instance
        self._history = history
        self._taken = taken
        self._rules = rules
        self._opening = now
        self.payload = history.request([events.OrchestratorStarted(now), *taken.events])

    def decide(self, outcome: Outcome, now: int) -> Commit:
        """What follows from the orchestrator's answer."""
        if isinstance(outcome, Raised):
            return self._failed(invocation_failure(self._instance.name, outcome), now)
        try:
            answer = parse_answer(outcome.text, now)
        except Unreadable as error:
            return self._failed(FailureDetails(_REFUSED, storable(str(error))), now)
        size = len((answer.custom_status or "").encode("utf-16-le"))
        if size > _CUSTOM_STATUS_LIMIT:
            actual = f"{size / 1024:.2f}"
            reason = f"CustomStatus is too large: limit = 16 KB (UTF-16), actual = {actual} KB."
            return self._failed(FailureDetails("ArgumentException", reason), now)
        return self._carried_out(answer, now)

    def fail(self, reason: str, now: int, refusal: Refusal) -> Commit:
        """Fail the instance, whose orchestrator cannot run at all."""
        is_final = refusal is Refusal.VERSION_MISMATCH
        return self._failed(FailureDetails(refusal, storable(reason), is_non_retriable=is_final), now)

    def _carried_out(self, answer: OrchestratorAnswer, now: int) -> Commit:
        episode = self._open(now)
        continues = answer.end is not None and isinstance(answer.end[1], ContinueAsNew)
        if answer.custom_status is not None or not continues:
            episode.commit.instance = replace(episode.instance, custom_status=answer.custom_status)
        for task_id, action in answer.tasks:
            if not self._is_repeated(task_id):
                episode.schedule(task_id, action)
        match answer.end:
            case None:
                episode.record(events.OrchestratorCompleted(now))
            case task_id, Complete() as completion:
                _end(episode, task_id, completion)
            case _, ContinueAsNew() as again:
                episode.continue_as_new(again)
                self._hand_on_requests(episode)
        return episode.commit

    def _open(self, now: int) -> EpisodeCommit:
        return _opened(self._instance, self._taken, self._rules, self._opening, now)

    def _is_repeated(self, task_id: int) -> bool:
        """Whether the action is one that an earlier episode has carried out.

        While the SDK is suspended it does not look at the events that confirm its actions, and gives them
        again in every episode.
        """
        is_held = self._history.suspended and not self._taken.has(events.ExecutionResumed)
        return is_held and task_id <= self._history.highest_task_id

    def _hand_on_requests(self, episode: EpisodeCommit) -> None:
        """Clients mean the instance, not one execution: the next one gets their requests, which this one has
        not heeded any more."""
        instance = episode.instance
        for event in self._taken.events:
            if isinstance(
                event, events.ExecutionTerminated | events.ExecutionSuspended | events.ExecutionResumed
            ):
                message = Message(instance.instance_id, event, instance.execution_id, FIRST_IN_LINE)
                episode.commit.messages.append(message)

    def _failed(self, failure: FailureDetails, now: int) -> Commit:
        episode = self._open(now)
        number = self._history.length + len(self._taken.events) + 1
        _end(episode, number, Complete(Status.FAILED, None, failure))
        return episode.commit


def _opened(instance: Instance, taken: Taken, rules: Rules, opening: int, now: int) -> EpisodeCommit:
    """A commit that has taken its events and shows the status that follows from them."""
    status, output = instance.status, instance.output
    if taken.suspension is not None:
        is_suspension = isinstance(taken.suspension, events.ExecutionSuspended)
        status, output = Status.SUSPENDED if is_suspension else Status.RUNNING, taken.suspension.reason
    elif status is not Status.SUSPENDED:
        status = Status.RUNNING
    begun = replace(instance, status=status, output=output, updated_at=now)
    history: list[Event] = [events.OrchestratorStarted(opening), *taken.events]
    return EpisodeCommit(Commit(begun, consumed=list(taken.consumed), history=history), rules, now)


def _end(episode: EpisodeCommit, task_id: int, completion: Complete) -> None:
    failure = completion.failure
    output = completion.result if failure is None else str(failure)
    episode.end(task_id, completion.status, output, failure)
    if completion.status is Status.COMPLETED:
        episode.tell_parent_of_success(output)
    else:
        told = failure or FailureDetails(f"Orchestration{completion.status}", output or "")
        episode.tell_parent_of_failure(output or str(completion.status), None, told)
