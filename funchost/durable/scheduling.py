"""Scheduling: an action becomes a history event and the work or message that follows from it."""

import json
from dataclasses import dataclass
from typing import Any

from funchost.durable import events
from funchost.durable.answer import Action, ActionType, dump
from funchost.durable.clock import parse_timestamp
from funchost.durable.commit import ActivityTask, ChildStart, Commit, Message
from funchost.durable.entities import OPERATION_EVENT, request_text
from funchost.durable.events import Event, EventType, Retry
from funchost.durable.identity import child_instance_id, is_entity_id, new_id
from funchost.durable.ledger import FAILURES, Ledger
from funchost.durable.model import Instance, Status
from funchost.durable.numbering import HTTP_ACTIVITY, SCHEDULED_AS, Numbering, task_name

_RETRYABLE = frozenset({ActionType.CALL_ACTIVITY_WITH_RETRY, ActionType.CALL_SUB_ORCHESTRATOR_WITH_RETRY})


@dataclass(frozen=True, slots=True)
class Rules:
    """Settings that shape decisions. Source: host.json extensions.durableTask."""

    store_inputs: bool = False
    default_version: str = ""
    max_actions: int = 100_000


@dataclass(slots=True)
class Scheduler:
    """Writes new tasks of one instance into one commit."""

    instance: Instance
    ledger: Ledger
    commit: Commit
    rules: Rules
    now: int

    def schedule_new(self, numbering: Numbering, tasks: tuple[Action, ...]) -> None:
        """Schedule every task that the history does not have yet, in order."""
        for task_id, action in zip(numbering.task_ids, tasks, strict=True):
            if task_id not in self.ledger.scheduled:
                retry = Retry(task_id, 1) if action["actionType"] in _RETRYABLE else None
                self.schedule(task_id, action, retry)

    def schedule(self, task_id: int, action: Action, retry: Retry | None) -> None:
        """Schedule one task under this number."""
        type_ = SCHEDULED_AS[action["actionType"]]
        if type_ is EventType.TASK_SCHEDULED:
            self._activity(task_id, action, retry)
        elif type_ is EventType.SUB_ORCHESTRATION_CREATED:
            self._sub_orchestration(task_id, action, retry)
        elif type_ is EventType.TIMER_CREATED:
            cancelled = bool(action.get("isCanceled"))
            self._timer(task_id, parse_timestamp(action["fireAt"]), None, cancelled=cancelled)
        else:
            self._entity_operation(task_id, action)

    def continue_retry(self, after: Event, numbering: Numbering, tasks: tuple[Action, ...]) -> None:
        """Schedule what a failed attempt or a due retry timer asks for.

        A failure sets a timer, also after the last attempt, when it fires at once: the SDK counts on it.
        A due timer starts the next attempt while there is one. Source: DurableTask.Core RetryInterceptor;
        the SDK's RetryAbleTask.
        """
        retry = self.ledger.scheduled[after.task_id].retry
        action = dict(zip(numbering.task_ids, tasks, strict=True)).get(retry.first_task_id) if retry else None
        if retry is None or action is None:
            return
        options = action["retryOptions"]
        last = retry.attempt >= options["maxNumberOfAttempts"]
        if after.type in FAILURES:
            pause = 0 if last else _pause_in_microseconds(options, retry.attempt)
            self._timer(numbering.next_task_id, self.now + pause, retry)
        elif not last:
            again = Retry(retry.first_task_id, retry.attempt + 1)
            self.schedule(numbering.next_task_id, action, again)

    def withdraw_cancelled_timers(self, numbering: Numbering, tasks: tuple[Action, ...]) -> None:
        """Close every timer that the orchestrator has cancelled, so that it holds nothing up."""
        for task_id, action in zip(numbering.task_ids, tasks, strict=True):
            if action.get("isCanceled") and task_id in self.ledger.open:
                self._record(events.timer_cancelled(self.now, task_id))
                self.commit.cancelled_timers.append(task_id)

    def _record(self, event: Event) -> None:
        self.commit.history.append(event)
        self.ledger.apply(event)

    def _send(self, event: Event, instance_id: str, execution_id: str | None, at: int) -> None:
        self.commit.messages.append(Message(instance_id, event, execution_id, at))

    def _activity(self, task_id: int, action: Action, retry: Retry | None) -> None:
        name = task_name(action) or ""
        input_ = dump(action["httpRequest"]) if name == HTTP_ACTIVITY else action.get("input", "null")
        kept = json.dumps([input_]) if self.rules.store_inputs else None
        self._record(events.task_scheduled(self.now, task_id, name, kept, retry))
        task = ActivityTask(self.instance.instance_id, self.instance.execution_id, task_id, name, input_)
        self.commit.activities.append(task)

    def _timer(self, task_id: int, fire_at: int, retry: Retry | None, *, cancelled: bool = False) -> None:
        self._record(events.timer_created(self.now, task_id, fire_at, retry))
        if not cancelled:
            due = max(fire_at, self.now)
            fired = events.timer_fired(due, task_id, fire_at)
            self._send(fired, self.instance.instance_id, self.instance.execution_id, due)

    def _sub_orchestration(self, task_id: int, action: Action, retry: Retry | None) -> None:
        parent = self.instance
        name: str = action["functionName"]
        child_id = action.get("instanceId") or child_instance_id(parent.execution_id, task_id)
        version = action.get("version")
        version = self.rules.default_version if version is None else version
        text = action.get("input")
        input_ = None if text is None else json.dumps(text)
        kept = input_ if self.rules.store_inputs else None
        event = events.sub_orchestration_created(self.now, task_id, name, child_id, version, kept, retry)
        self._record(event)
        refusal = self._child_refusal(child_id)
        if refusal is not None:
            failed = events.sub_orchestration_failed(self.now, task_id, refusal, None)
            self._send(failed, parent.instance_id, parent.execution_id, self.now)
            return
        child = Instance(
            instance_id=child_id,
            execution_id=new_id(),
            name=name,
            version=version,
            status=Status.PENDING,
            input=input_,
            created_at=self.now,
            updated_at=self.now,
            parent_instance_id=parent.instance_id,
            parent_execution_id=parent.execution_id,
            parent_task_id=task_id,
        )
        self.commit.children.append(ChildStart(child, started(child, self.now, parent)))

    def _child_refusal(self, child_id: str) -> str | None:
        if child_id in (self.instance.instance_id, self.instance.parent_instance_id):
            return (
                "The instance ID of a sub-orchestration must be different than the instance ID of a parent "
                "orchestration."
            )
        if is_entity_id(child_id):
            return "Orchestration instance ids must not start with @."
        return None

    def _entity_operation(self, task_id: int, action: Action) -> None:
        entity_id: str = action["instanceId"]
        is_call = action["actionType"] == ActionType.CALL_ENTITY
        request_id = new_id()
        # The entity's SDK decodes an input twice, as it does with what a client sends.
        input_ = None if action.get("input") is None else json.dumps(action["input"])
        text = request_text(action["operation"], input_, request_id, self.instance if is_call else None)
        self._record(events.event_sent(self.now, task_id, entity_id, text, request_id if is_call else None))
        self._send(events.event_raised(self.now, OPERATION_EVENT, text), entity_id, None, self.now)


def started(child: Instance, now: int, parent: Instance | None = None) -> Event:
    """The ExecutionStarted of an instance; `parent` is set for a sub-orchestration."""
    parent_fields = None
    if parent is not None:
        parent_fields = {
            "Name": parent.name,
            "OrchestrationInstance": {
                "InstanceId": parent.instance_id,
                "ExecutionId": parent.execution_id,
            },
            "TaskScheduleId": child.parent_task_id,
            "Version": parent.version,
        }
    return events.execution_started(
        now,
        name=child.name,
        version=child.version,
        instance_id=child.instance_id,
        execution_id=child.execution_id,
        parent=parent_fields,
        generation=child.generation,
    )


def _pause_in_microseconds(options: dict[str, Any], attempt: int) -> int:
    """How long to wait after this attempt. The Python SDK sends a first interval only; the rest of the
    protocol's fields have the engine's defaults."""
    pause = options["firstRetryIntervalInMilliseconds"] * options.get("backoffCoefficient", 1) ** (
        attempt - 1
    )
    longest = options.get("maxRetryIntervalInMilliseconds")
    return int((min(pause, longest) if longest else pause) * 1000)
