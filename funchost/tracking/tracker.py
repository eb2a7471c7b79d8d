"""Tracking: which lines of the log follow from what has been committed to the task hub.

They are written after the commit, and made only when somebody will see them. How they read is in `lines`.
Source: durable extension, those who call EndToEndTraceHelper.
"""

import logging
import uuid
from collections.abc import Iterator, Mapping, Sequence

from funchost.durable.commit import ActivityTask, ArrivedMessage, Commit
from funchost.durable.entities import EntityRequest
from funchost.durable.events import (
    Event,
    EventRaised,
    EventSent,
    ExecutionCompleted,
    ExecutionStarted,
    ExternalEventAwaited,
    Failure,
    OrchestratorStarted,
    SubOrchestrationCompleted,
    SubOrchestrationCreated,
    TaskCompleted,
    TaskScheduled,
    TimerCreated,
    TimerFired,
)
from funchost.durable.identity import is_entity_id
from funchost.durable.instances import Instance, SdkProtocol, Status
from funchost.durable.refusals import Unreadable
from funchost.durable.text import parse_json
from funchost.durable.timestamps import format_timestamp
from funchost.tracking.lines import Lines, Subject, context_of, subject_of, subject_of_entity, subject_of_task

_MOST_SAVED = 100_000


class Tracking:
    """Writes the lines about the instances of one task hub, in one run of the app.

    Inputs and outputs appear as their lengths unless `shows_values`; what an orchestrator did in earlier
    episodes appears again with every replay if `shows_replays`. Of a failure the first line is always shown:
    the others follow the function's own line about it.
    Source: host.json, `tracing.traceInputsAndOutputs` and `tracing.traceReplayEvents`.
    """

    def __init__(
        self, hub_name: str = "", *, shows_values: bool = False, shows_replays: bool = False
    ) -> None:
        self.shows_replays = shows_replays
        self._lines = Lines(hub_name, shows_values)
        # The last message of each instance of which was told that it is saved.
        self._saved: dict[str, int] = {}
        self._told_of_json_text = False

    def start_asked(self, instance: Instance) -> None:
        """A client has had an instance made."""
        if self._lines.wanted(logging.INFO):
            self._lines.scheduled(subject_of(instance), "NewInstance")

    def event_asked(self, instance: Instance, event: str, input: str | None) -> None:
        """A client has raised an external event. That SDK 1.x does not give its data is said once, as a line
        of the app's own: who reads it has to change the app."""
        may_be_text = instance.protocol is SdkProtocol.JSON1 and not self._told_of_json_text
        sent = _type_in_text(input) if may_be_text else None
        if sent is not None:
            self._told_of_json_text = True
            logging.getLogger(f"Function.{instance.name}").info(
                "Event '%s': raise_event of azure-functions-durable 1.x sends its data as JSON text, so that "
                "wait_for_external_event gives a str, here of a %s. Read it with json.loads.",
                event,
                sent,
                extra=context_of(subject_of(instance)),
            )
        if self._lines.wanted(logging.INFO):
            self._lines.scheduled(subject_of(instance), f"RaiseEvent:{event}")

    def event_dropped(self, instance_id: str, event: str, reason: str) -> None:
        """Nobody can take an event that a client of SDK 2.x has raised; the client does not hear of it."""
        self._lines.noted(
            Subject(instance_id, "", "Orchestrator"), f"The event '{event}' is dropped: {reason}"
        )

    def signal_asked(self, entity_id: str, operation: str) -> None:
        """A client has sent an operation to an entity."""
        if self._lines.wanted(logging.INFO):
            self._lines.scheduled(subject_of_entity(entity_id), f"EntitySignal:{operation}")

    def termination_asked(self, instance: Instance, reason: str | None) -> None:
        """A client has asked an instance to end."""
        keys = {"Reason": self._lines.value(reason), "State": "Terminated", "RuntimeStatus": "Terminated"}
        self._lines.say(logging.WARNING, subject_of(instance), "was terminated", keys)

    def suspension_asked(self, instance: Instance, reason: str | None) -> None:
        """A client has asked an instance to hold."""
        keys = {"Reason": self._lines.value(reason), "State": "Suspended", "RuntimeStatus": "Suspended"}
        self._lines.say(logging.INFO, subject_of(instance), "", keys, opening="Suspending function")

    def resumption_asked(self, instance: Instance, reason: str | None) -> None:
        """A client has asked an instance to go on."""
        keys = {"Reason": self._lines.value(reason), "State": "Scheduled", "RuntimeStatus": "Running"}
        self._lines.say(logging.INFO, subject_of(instance), "", keys, opening="Resuming function")

    def rewind_asked(self, instance: Instance, reason: str) -> None:
        """A client has set a failed instance back."""
        keys = {"Reason": self._lines.value(reason), "State": "Rewound"}
        self._lines.say(logging.WARNING, subject_of(instance), "was rewound", keys)

    def aborted(self, subject: Subject, reason: str) -> None:
        """An episode, a batch or an activity came to no end and is run again."""
        keys = {"Reason": f"It is run again: {reason}", "IsReplay": False}
        self._lines.say(logging.WARNING, subject, "was aborted", keys)

    def noted(self, subject: Subject, details: str) -> None:
        """Something else that a person should know. Source: EndToEndTraceHelper, ExtensionWarningEvent."""
        self._lines.noted(subject, details)

    def activity_started(self, task: ActivityTask) -> None:
        """An activity is about to run."""
        if self._lines.wanted(logging.INFO):
            self._lines.started(subject_of_task(task), task.input, task_id=task.task_id)

    def activity_ended(self, task: ActivityTask, outcome: Event) -> None:
        """The outcome of an activity is committed."""
        if isinstance(outcome, Failure):
            self._lines.failed(subject_of_task(task), _reason(outcome), task_id=task.task_id)
        elif isinstance(outcome, TaskCompleted) and self._lines.wanted(logging.INFO):
            self._lines.completed(subject_of_task(task), outcome.result, task_id=task.task_id)

    def committed(
        self, before: Instance, arrived: Sequence[ArrivedMessage], commit: Commit, past: Sequence[Event] = ()
    ) -> None:
        """An episode or a batch is committed.

        `before` is the instance as it was leased, `arrived` what it was leased with, `past` its history
        before the commit, if replays are shown.
        """
        if is_entity_id(before.instance_id):
            self._batch(before, commit)
        elif self._lines.wanted(logging.INFO):
            self._episode(before, arrived, commit, past)
        elif commit.instance.status is Status.FAILED:
            self._lines.failed(subject_of(before), commit.instance.output or "")

    def _episode(
        self, before: Instance, arrived: Sequence[ArrivedMessage], commit: Commit, past: Sequence[Event]
    ) -> None:
        subject = subject_of(before)
        recorded = commit.superseded or commit.history
        ran = any(isinstance(event, OrchestratorStarted) for event in recorded)
        if ran:
            self._replay(before, past)
        answers = _answers(arrived)
        for event in recorded:
            if isinstance(event, EventRaised) and event.name in answers:
                keys = {"OperationId": event.name, "State": "ExternalEventRaised"}
                self._lines.say(logging.INFO, subject, "received an entity response", keys)
            else:
                self._event(before, event, replay=False)
        self._save(subject, arrived, commit)
        if commit.superseded:
            self._lines.completed(subject, None, continued=True)
        elif ran and not commit.instance.status.is_final:
            self._lines.say(logging.INFO, subject, "awaited", {"IsReplay": False, "State": "Awaited"})

    def _event(self, instance: Instance, event: Event, *, replay: bool) -> None:
        """What one event of a history says."""
        subject = subject_of(instance)
        match event:
            case ExecutionStarted():
                self._lines.started(subject, instance.input, replay=replay)
            case TaskScheduled():
                called = subject._replace(function=event.name, kind="Activity")
                self._lines.scheduled(called, instance.name, replay=replay)
            case SubOrchestrationCreated():
                self._lines.scheduled(subject._replace(function=event.name), instance.name, replay=replay)
            case EventSent() if _is_operation(event):
                called = subject_of_entity(event.target_id)._replace(instance_id=subject.instance_id)
                self._lines.scheduled(called, instance.name, replay=replay)
                if event.request_id is not None:
                    self._lines.listening(subject, f"WaitForEntityResponse:{event.request_id}", replay)
            case TimerCreated():
                self._lines.listening(subject, f"CreateTimer:{format_timestamp(event.fire_at)}", replay)
            case ExternalEventAwaited():
                self._lines.listening(subject, f"WaitForExternalEvent:{event.name}", replay)
            case TimerFired():
                due = format_timestamp(event.fire_at)
                keys: Mapping[str, object] = {"IsReplay": replay, "State": "TimerExpired"}
                self._lines.say(logging.INFO, subject, f"was resumed by a timer scheduled for '{due}'", keys)
            case EventRaised():
                keys = {"State": "ExternalEventRaised"}
                self._lines.say(logging.INFO, subject, f"received a '{event.name}' event", keys)
            case ExecutionCompleted(status=Status.COMPLETED):
                self._lines.completed(subject, event.result)
            case ExecutionCompleted(status=Status.FAILED):
                self._lines.failed(subject, event.result or "")

    def _replay(self, instance: Instance, past: Sequence[Event]) -> None:
        """What earlier episodes did, and how the calls ended whose ends a replay tells itself."""
        calls: dict[int, Subject] = {}
        for event in past:
            self._event(instance, event, replay=True)
            if isinstance(event, TaskScheduled):
                calls[event.task_id] = Subject(instance.instance_id, event.name, "Activity")
            elif isinstance(event, SubOrchestrationCreated):
                calls[event.task_id] = Subject(instance.instance_id, event.name, "Orchestrator")
            elif isinstance(event, Failure) and event.task_id in calls:
                self._lines.failed(calls[event.task_id], _reason(event), replay=True)
            elif isinstance(event, TaskCompleted | SubOrchestrationCompleted) and event.task_id in calls:
                self._lines.completed(calls[event.task_id], "(replayed)", replay=True)

    def _save(self, subject: Subject, arrived: Sequence[ArrivedMessage], commit: Commit) -> None:
        """Tell once of each external event that nobody waits for yet."""
        last = self._saved.pop(subject.instance_id, 0)
        if commit.instance.status.is_final:
            return
        taken = set(commit.consumed)
        waiting = [
            (each.message_id, event) for each, event in _events(arrived) if each.message_id not in taken
        ]
        for number, event in waiting:
            if number > last:
                keys = {"State": "ExternalEventDropped"}
                self._lines.say(logging.INFO, subject, f"saved a '{event.name}' event", keys)
        if waiting and len(self._saved) < _MOST_SAVED:
            self._saved[subject.instance_id] = max(last, *(number for number, _ in waiting))

    def _batch(self, before: Instance, commit: Commit) -> None:
        informs = self._lines.wanted(logging.INFO)
        subject = subject_of(before)
        if informs and commit.operations:
            self._lines.started(subject, before.entity_state)
        for operation in commit.operations:
            if informs or operation.error is not None:
                self._lines.operation(subject, operation)
        for what, state in _entity_changes(before, commit.instance) if informs else ():
            self._lines.say(logging.INFO, subject, what, {"State": state})
        failures = [
            f"Error in operation '{operation.name}': {operation.error}"
            for operation in commit.operations
            if operation.error is not None
        ]
        if failures:
            self._lines.failed(subject, "; ".join(failures))
        elif informs and commit.operations:
            self._lines.completed(subject, commit.instance.entity_state, continued=True)


def _reason(failure: Failure) -> str:
    return failure.reason if failure.failure is None else str(failure.failure)


def _is_operation(event: EventSent) -> bool:
    """Whether an entity is asked for an operation; locks are asked for and given back by events too."""
    if not is_entity_id(event.target_id):
        return False
    try:
        return EntityRequest.parse(event.target_id, event.input or "null").operation is not None
    except Unreadable:
        return False


def _type_in_text(input: str | None) -> str | None:
    """The type of the value when `input` is JSON text in JSON text, which is what SDK 1.x makes of it."""
    try:
        text = parse_json(input or "null")
        return type(parse_json(text)).__name__ if isinstance(text, str) else None
    except Unreadable:
        return None


def _events(arrived: Sequence[ArrivedMessage]) -> Iterator[tuple[ArrivedMessage, EventRaised]]:
    for message in arrived:
        if isinstance(message.event, EventRaised):
            yield message, message.event


def _answers(arrived: Sequence[ArrivedMessage]) -> set[str]:
    """The names of events that are answers of entities: each is the ID of the request, and the answer is
    meant for one execution."""
    return {event.name for message, event in _events(arrived) if message.execution_id and _is_id(event.name)}


def _is_id(name: str) -> bool:
    try:
        uuid.UUID(name)
    except ValueError:
        return False
    return True


def _entity_changes(before: Instance, after: Instance) -> list[tuple[str, str]]:
    """What has become of an entity, and the state that the original gives it."""
    changes = []
    if before.entity_state is None and after.entity_state is not None:
        changes.append(("created entity state", "EntityStateCreated"))
    if before.entity_state is not None and after.entity_state is None:
        changes.append(("deleted entity state", "EntityStateDeleted"))
    if before.locked_by not in (None, after.locked_by):
        changes.append((f"released lock held by instance {before.locked_by}", "LockReleased"))
    if after.locked_by not in (None, before.locked_by):
        changes.append((f"granted lock to instance {after.locked_by}", "LockAcquired"))
    return changes
