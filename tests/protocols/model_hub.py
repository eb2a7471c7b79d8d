"""A task hub and its dispatchers in a few lists: runs real functions through the rules of any protocol.

Nothing is durable and nothing runs by itself: a test asks for one step after the other, in the order it
likes, and may have messages come twice and what is in memory forgotten.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from funchost.durable import entities
from funchost.durable.commit import ActivityTask, ArrivedMessage, Commit, Message, NewInstance
from funchost.durable.events import (
    Completion,
    Event,
    EventRaised,
    ExecutionStarted,
    Scheduling,
    TaskScheduled,
    TimerFired,
)
from funchost.durable.identity import is_entity_id, new_id
from funchost.durable.instances import Instance, Status
from funchost.durable.protocol import Outcome, Refusal, Replay, SdkRules

BEGAN = 1_714_564_800_000_000
SECOND = 1_000_000

Function = Callable[[bytes], Outcome]
"""What a worker makes of a function: the trigger's value in, how the call ended out."""

Activity = Callable[[bytes, int], Outcome]
"""An activity is told which attempt it is, too."""


@dataclass
class Row:
    """An instance with all that belongs to it.

    `replay` is what a host keeps in memory; `seen` and `looked_at` are the newest message and the time of
    the last episode, and `more_to_take` what it said of those it left.
    """

    instance: Instance
    history: list[Event] = field(default_factory=list)
    mailbox: list[tuple[int, Message]] = field(default_factory=list)
    replay: Replay | None = None
    seen: int = 0
    looked_at: int = 0
    more_to_take: bool = False


@dataclass
class ModelHub:
    """All instances of one hub and the functions of its app."""

    rules: SdkRules
    orchestrators: Mapping[str, Function] = field(default_factory=dict)
    activities: Mapping[str, Activity] = field(default_factory=dict)
    entity_functions: Mapping[str, Function] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)
    waiting_activities: list[ActivityTask] = field(default_factory=list)
    now: int = BEGAN
    duplicate: Callable[[], bool] = lambda: False
    """Whether the next completion comes twice, the second time a little later."""
    _last_message_id: int = 0

    # What a client asks for

    def start(self, name: str, input: str | None = None, instance_id: str = "root", **fields: Any) -> Row:
        """Start an instance with this input, as text; `fields` are further ones of its row."""
        instance = Instance(
            instance_id=instance_id,
            execution_id=new_id(),
            name=name,
            version=fields.pop("version", ""),
            status=Status.PENDING,
            protocol=self.rules.protocol,
            input=input,
            created_at=self.now,
            updated_at=self.now,
            **fields,
        )
        self._put(NewInstance(instance, ExecutionStarted(self.now, name, instance.version)))
        return self.rows[instance_id]

    def send(self, event: Event, instance_id: str = "root") -> None:
        """Post what a client sends: an external event, or a request to terminate, suspend or resume."""
        self._post(Message(instance_id, event, None, self.now))

    def raise_event(self, name: str, input: str | None = None, instance_id: str = "root") -> None:
        """Raise an external event with this data, as text."""
        self.send(EventRaised(self.now, name, input), instance_id)

    # What can happen next

    def ready(self) -> list[str]:
        """The instances with messages that the last episode has not seen, or has left to be taken."""
        return [key for key, row in self.rows.items() if self._is_ready(row)]

    def next_due(self) -> int | None:
        """When the next message in the future can be taken."""
        due = [m.visible_at for row in self.rows.values() for _, m in row.mailbox if m.visible_at > self.now]
        return min(due, default=None)

    def run_episode(self, instance_id: str, *, crash: bool = False) -> Commit:
        """Run one episode; a crash loses its commit and what the host knew."""
        self.now += 1000
        row = self.rows[instance_id]
        seen, looked_at = self._last_message_id, self.now
        commit = self._entity_batch(row) if is_entity_id(instance_id) else self._episode(row)
        if crash:
            row.replay = None
        else:
            self.apply(row, commit)
            row.seen, row.looked_at, row.more_to_take = seen, looked_at, commit.more_to_take
        return commit

    def run_activity(self, position: int = 0, *, crash: bool = False) -> None:
        """Run a waiting activity; a crash loses its result, so that it runs again."""
        self.now += 1000
        task = self.waiting_activities[position]
        if task.name in self.activities:
            outcome = self.activities[task.name](self.rules.activity_payload(task), self._attempt(task))
            ended = self.rules.activity_ended(task, outcome, self.now)
        else:
            ended = self.rules.activity_refused(task, f"There is no activity {task.name}.", self.now)
        if not crash:
            del self.waiting_activities[position]
            self._post(Message(task.instance_id, ended, task.execution_id, self.now))

    def run_until_rest(self) -> None:
        """Do all there is to do now; timers do not fire."""
        for _ in range(1_000):
            if self.waiting_activities:
                self.run_activity()
            elif ready := self.ready():
                self.run_episode(ready[0])
            else:
                return
        raise AssertionError("the instances do not come to rest")

    def run_all(self) -> None:
        """Do all there is to do, timers included, until nothing more can happen."""
        for _ in range(1_000):
            self.run_until_rest()
            due = self.next_due()
            if due is None:
                return
            self.now = due
        raise AssertionError("the instances do not come to rest")

    # How it happens

    def _episode(self, row: Row) -> Commit:
        instance, arrived = row.instance, self._arrived(row)
        if row.replay is None:
            row.replay = self.rules.replay_of(instance, row.history)
        turn = self.rules.begin_episode(instance, row.replay, arrived, self.now)
        # The same history always gives the same decision, whoever remembers what.
        folded = self.rules.replay_of(instance, row.history)
        again = self.rules.begin_episode(instance, folded, arrived, self.now)
        if isinstance(turn, Commit):
            assert isinstance(again, Commit)
            assert without_random_ids(again) == without_random_ids(turn)
            return turn
        assert not isinstance(again, Commit)
        assert again.payload == turn.payload
        if instance.name not in self.orchestrators:
            return turn.fail(f"There is no orchestrator {instance.name}.", self.now, Refusal.UNKNOWN_FUNCTION)
        outcome = self.orchestrators[instance.name](turn.payload)
        while (less := turn.again(outcome)) is not None:
            same = again.again(outcome)
            assert same is not None
            assert same.payload == less.payload
            turn, again = less, same
            outcome = self.orchestrators[instance.name](turn.payload)
        commit = turn.decide(outcome, self.now)
        assert without_random_ids(again.decide(outcome, self.now)) == without_random_ids(commit)
        return commit

    def _entity_batch(self, row: Row) -> Commit:
        turn = self.rules.begin_batch(row.instance, self._arrived(row), self.now, alone=False)
        if isinstance(turn, Commit):
            return turn
        name, _ = entities.split_entity_id(row.instance.instance_id)
        if name not in self.entity_functions:
            return turn.fail(f"There is no entity {name}.", self.now, Refusal.UNKNOWN_FUNCTION)
        return turn.decide(self.entity_functions[name](turn.payload), self.now)

    def apply(self, row: Row, commit: Commit) -> None:
        """Write what a commit says, as the hub does in one transaction."""
        row.mailbox = [
            (number, message)
            for number, message in row.mailbox
            if number not in commit.consumed and not _is_cancelled(message, commit)
        ]
        if commit.replaces_history:
            row.history, row.replay = [], None
        elif row.replay is not None:
            row.replay.keep(commit.history)
        row.history = [*row.history, *commit.history]
        row.instance = commit.instance
        check_counts(row.history)
        for new in commit.new_instances:
            self._put(new)
        if row.instance.status.is_final:
            row.mailbox, row.replay = [], None
        for message in commit.messages:
            self._post(message)
        self.waiting_activities.extend(commit.activities)

    def _put(self, new: NewInstance) -> None:
        instance = new.instance
        known = self.rows.get(instance.instance_id)
        if known is not None and not known.instance.status.is_final:
            if new.if_refused is not None:
                self._post(new.if_refused)
            return
        self.rows[instance.instance_id] = Row(instance)
        visible_at = instance.scheduled_at or instance.created_at
        self._post(Message(instance.instance_id, new.started, instance.execution_id, visible_at))

    def _post(self, message: Message) -> None:
        key = message.instance_id
        if is_entity_id(key):
            self.rows.setdefault(key, Row(entities.new_entity(key, self.rules.protocol, self.now)))
        row = self.rows.get(key)
        if row is None or row.instance.status.is_final:
            return
        twice = isinstance(message.event, Completion) and self.duplicate()
        for copy in (message, replace(message, visible_at=message.visible_at + 5000))[: 1 + twice]:
            self._last_message_id += 1
            row.mailbox.append((self._last_message_id, copy))

    def _is_ready(self, row: Row) -> bool:
        return any(
            message.visible_at <= self.now
            and (number > row.seen or message.visible_at > row.looked_at or row.more_to_take)
            for number, message in row.mailbox
        )

    def _arrived(self, row: Row) -> list[ArrivedMessage]:
        visible = [(m.visible_at, number, m) for number, m in row.mailbox if m.visible_at <= self.now]
        return [
            ArrivedMessage(n, m.event, m.execution_id) for _, n, m in sorted(visible, key=lambda v: v[:2])
        ]

    def _attempt(self, task: ActivityTask) -> int:
        """Which attempt this is: the host counts them, or the SDK uses the task's number again."""
        scheduled = [
            event
            for event in self.rows[task.instance_id].history
            if isinstance(event, TaskScheduled) and event.task_id == task.task_id
        ]
        retry = scheduled[-1].retry if scheduled else None
        return len(scheduled) if retry is None else retry.attempt


def _is_cancelled(message: Message, commit: Commit) -> bool:
    return isinstance(message.event, TimerFired) and message.event.task_id in commit.cancelled_timers


def check_counts(history: list[Event]) -> None:
    """No task ends more often than it was scheduled."""
    scheduled: dict[int, int] = {}
    for event in history:
        if isinstance(event, Scheduling):
            scheduled[event.task_id] = scheduled.get(event.task_id, 0) + 1
        elif isinstance(event, Completion):
            scheduled[event.task_id] = scheduled.get(event.task_id, 0) - 1
            assert scheduled[event.task_id] >= 0, history


def without_random_ids(commit: Commit) -> str:
    """A commit as text in which fresh IDs are numbered in the order of their appearance."""
    numbers: dict[str, int] = {}
    return re.sub("[0-9a-f]{32}", lambda m: f"<{numbers.setdefault(m.group(), len(numbers))}>", repr(commit))
