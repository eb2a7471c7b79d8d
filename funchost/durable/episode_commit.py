"""What any episode writes into its commit: tasks that are scheduled, the end, the next execution.

Which actions are new, and when an instance may end, is decided by the protocol of the SDK.
Source: DurableTask.Core, TaskOrchestrationDispatcher.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from funchost.durable import entities
from funchost.durable.actions import (
    CallActivity,
    CallEntity,
    CallSubOrchestrator,
    ContinueAsNew,
    CreateTimer,
    LockEntities,
    SendEvent,
    SignalEntity,
    TaskAction,
    UnlockEntity,
)
from funchost.durable.commit import FIRST_IN_LINE, ActivityTask, ArrivedMessage, Commit, Message, NewInstance
from funchost.durable.events import (
    Event,
    EventRaised,
    EventSent,
    ExecutionCompleted,
    ExecutionStarted,
    OrchestratorCompleted,
    Parent,
    Retry,
    SubOrchestrationCompleted,
    SubOrchestrationCreated,
    SubOrchestrationFailed,
    TaskScheduled,
    TimerCreated,
    TimerFired,
)
from funchost.durable.failures import FailureDetails
from funchost.durable.identity import child_instance_id, is_entity_id, new_id
from funchost.durable.instances import Instance, Status


@dataclass(frozen=True, slots=True)
class Rules:
    """Settings that shape decisions. Source: host.json extensions.durableTask."""

    store_inputs: bool = False
    default_version: str = ""
    max_actions: int = 100_000
    max_entity_batch: int = 5000
    http_poll_milliseconds: int = 30_000


@dataclass(slots=True)
class EpisodeCommit:
    """The commit of one episode of one instance, while it is being written.

    `on_event` hears of every event that is recorded, so that the protocol's bookkeeping keeps up.
    """

    commit: Commit
    rules: Rules
    now: int
    on_event: Callable[[Event], None] = lambda event: None

    @property
    def instance(self) -> Instance:
        """The instance as the commit leaves it."""
        return self.commit.instance

    def record(self, event: Event) -> None:
        """Append an event to the history."""
        self.commit.history.append(event)
        self.on_event(event)

    def schedule(self, task_id: int, action: TaskAction, retry: Retry | None = None) -> None:
        """Schedule one task under this number."""
        match action:
            case CallActivity():
                self._activity(task_id, action, retry)
            case CreateTimer():
                self.set_timer(task_id, action.fire_at, is_cancelled=action.is_cancelled)
            case CallSubOrchestrator():
                self._sub_orchestration(task_id, action, retry)
            case SendEvent():
                self._send_event(task_id, action)
            case CallEntity() | SignalEntity() | LockEntities():
                self._ask_entity(task_id, action)
            case UnlockEntity():
                self._unlock(task_id, action)

    def set_timer(
        self, task_id: int, fire_at: int, retry: Retry | None = None, *, is_cancelled: bool = False
    ) -> None:
        """Set a durable timer; one whose time has passed fires at once."""
        self.record(TimerCreated(self.now, task_id, fire_at, retry))
        if not is_cancelled:
            due = max(fire_at, self.now)
            self._send_to_itself(TimerFired(due, task_id, fire_at), due)

    def end(
        self, task_id: int, status: Status, output: str | None, failure: FailureDetails | None = None
    ) -> None:
        """End the instance; the completion has this number."""
        self.commit.history.append(ExecutionCompleted(self.now, task_id, status, output, failure))
        self.commit.history.append(OrchestratorCompleted(self.now))
        self.commit.instance = replace(
            self.instance,
            status=status,
            output=output,
            failure=failure,
            updated_at=self.now,
            completed_at=self.now,
        )
        self.commit.open_tasks = 0
        self.commit.more_to_take = False

    def tell_parent_of_success(self, result: str | None) -> None:
        """Send the result to the orchestration that waits for this one, if there is one."""
        self._tell_parent(SubOrchestrationCompleted(self.now, self.instance.parent_task_id or 0, result))

    def tell_parent_of_failure(
        self, reason: str, details: str | None = None, failure: FailureDetails | None = None
    ) -> None:
        """Send the failure to the orchestration that waits for this one, if there is one."""
        task_id = self.instance.parent_task_id or 0
        self._tell_parent(SubOrchestrationFailed(self.now, task_id, reason, details, failure))

    def continue_as_new(self, action: ContinueAsNew) -> None:
        """Start the next execution under the same ID. Its start and the events it is given come before
        everything that waits."""
        successor = replace(
            self.instance,
            execution_id=new_id(),
            status=Status.RUNNING,
            input=action.input,
            output=None,
            version=self.instance.version if action.version is None else action.version,
            created_at=self.now,
            updated_at=self.now,
        )
        self.commit.instance = successor
        self.commit.superseded, self.commit.history = self.commit.history, []
        self.commit.replaces_history = True
        self.commit.open_tasks = 0
        self.commit.more_to_take = True
        self._send_to_itself(ExecutionStarted(self.now, successor.name, successor.version), FIRST_IN_LINE)
        for event in action.carried:
            self._send_to_itself(event, FIRST_IN_LINE)

    def _activity(self, task_id: int, action: CallActivity, retry: Retry | None) -> None:
        kept = action.input if self.rules.store_inputs else None
        self.record(TaskScheduled(self.now, task_id, action.name, kept, action.version, action.tags, retry))
        instance = self.instance
        self.commit.activities.append(
            ActivityTask(
                instance.instance_id,
                instance.execution_id,
                task_id,
                action.name,
                action.input,
                action.version,
                action.tags,
            )
        )

    def _sub_orchestration(self, task_id: int, action: CallSubOrchestrator, retry: Retry | None) -> None:
        parent = self.instance
        child_id = action.instance_id or child_instance_id(parent.execution_id, task_id)
        version = self.rules.default_version if action.version is None else action.version
        kept = action.input if self.rules.store_inputs else None
        self.record(
            SubOrchestrationCreated(
                self.now, task_id, action.name, child_id, version, kept, action.tags, retry
            )
        )
        refusal = _child_refusal(parent, child_id)
        if refusal is not None:
            self._send_to_itself(self._not_started(task_id, refusal), self.now)
            return
        child = Instance(
            instance_id=child_id,
            execution_id=new_id(),
            name=action.name,
            version=version,
            status=Status.PENDING,
            protocol=parent.protocol,
            input=action.input,
            tags={**(parent.tags or {}), **(action.tags or {})} or None,
            created_at=self.now,
            updated_at=self.now,
            parent_instance_id=parent.instance_id,
            parent_execution_id=parent.execution_id,
            parent_task_id=task_id,
        )
        started = ExecutionStarted(self.now, child.name, version, Parent(parent.name, parent.version))
        in_use = f"The sub-orchestration '{child_id}' cannot be started: its ID is in use."
        refused = Message(
            parent.instance_id, self._not_started(task_id, in_use), parent.execution_id, self.now
        )
        self.commit.new_instances.append(NewInstance(child, started, refused))

    def _not_started(self, task_id: int, reason: str) -> SubOrchestrationFailed:
        details = FailureDetails("SubOrchestrationNotStarted", reason)
        return SubOrchestrationFailed(self.now, task_id, reason, None, details)

    def _send_event(self, task_id: int, action: SendEvent) -> None:
        self.record(EventSent(self.now, task_id, action.target_id, action.name, action.input))
        raised = EventRaised(self.now, action.name, action.input)
        self.commit.messages.append(Message(action.target_id, raised, None, self.now))

    def _ask_entity(self, task_id: int, action: CallEntity | SignalEntity | LockEntities) -> None:
        request = entities.request_for(action, self.instance)
        answered_under = None if request.is_signal else request.request_id
        text = request.to_json()
        sent = EventSent(self.now, task_id, request.entity_id, request.event_name, text, answered_under)
        self.record(sent)
        self.commit.messages.append(request.message(self.now))

    def _unlock(self, task_id: int, action: UnlockEntity) -> None:
        text = entities.release_text(self.instance.instance_id, action.request_id)
        self.record(EventSent(self.now, task_id, action.entity_id, entities.RELEASE_EVENT, text))
        released = EventRaised(self.now, entities.RELEASE_EVENT, text)
        self.commit.messages.append(Message(action.entity_id, released, None, self.now))

    def _send_to_itself(self, event: Event, visible_at: int) -> None:
        instance = self.instance
        message = Message(instance.instance_id, event, instance.execution_id, visible_at)
        self.commit.messages.append(message)

    def _tell_parent(self, event: SubOrchestrationCompleted | SubOrchestrationFailed) -> None:
        instance = self.instance
        if instance.parent_instance_id is not None:
            message = Message(instance.parent_instance_id, event, instance.parent_execution_id, self.now)
            self.commit.messages.append(message)


def _child_refusal(parent: Instance, child_id: str) -> str | None:
    if child_id in (parent.instance_id, parent.parent_instance_id):
        return (
            "The instance ID of a sub-orchestration must be different than the instance ID of a parent "
            "orchestration."
        )
    if is_entity_id(child_id):
        return "Orchestration instance ids must not start with @."
    return None


def give_up(instance: Instance, arrived: Sequence[ArrivedMessage], reason: str, now: int) -> Commit:
    """Fail an instance whose episode cannot be carried out, whatever waits for it."""
    commit = Commit(instance, consumed=[message.message_id for message in arrived])
    episode = EpisodeCommit(commit, Rules(), now)
    failure = FailureDetails("WorkItemFailed", reason)
    episode.end(-1, Status.FAILED, reason, failure)
    episode.tell_parent_of_failure(reason, None, failure)
    return commit
