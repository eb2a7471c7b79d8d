"""A task hub and its dispatchers in a few lists: runs real SDK functions through the pure rules.

Nothing is durable and nothing runs by itself: a test asks for one step after the other, in the order it
likes, and may have messages come twice and what is in memory forgotten.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from funchost.durable.answer import Answer, dump, parse_failure, parse_state
from funchost.durable.context import orchestration_context, read_by_sdk
from funchost.durable.intake import Course, take
from funchost.durable.ledger import COMPLETIONS, SCHEDULINGS, Ledger
from funchost.durable.model import Instance, Status
from funchost.durable.scheduling import Rules, started

from funchost.durable import decision, entities, events
from funchost.durable.commit import ActivityTask, ArrivedMessage, ChildStart, Commit, Message
from funchost.durable.events import Event, EventType
from funchost.durable.failures import activity_failure
from funchost.durable.identity import is_entity_id, new_id

BEGAN = 1_714_564_800_000_000
SECOND = 1_000_000

Function = Callable[[str], str]
"""What the SDK's decorators make of an orchestrator or an entity function."""


@dataclass
class Row:
    """An instance with all that belongs to it.

    `ledger` is what a host keeps in memory; `seen` and `looked_at` are the newest message and the time of
    the last episode, and `more_to_take` what it said of those it left.
    """

    instance: Instance
    history: list[Event] = field(default_factory=list)
    mailbox: list[tuple[int, Message]] = field(default_factory=list)
    ledger: Ledger | None = None
    seen: int = 0
    looked_at: int = 0
    more_to_take: bool = False


@dataclass
class ModelHub:
    """All instances of one hub and the functions of its app."""

    orchestrators: Mapping[str, Function]
    activities: Mapping[str, Callable[[Any, int], Any]] = field(default_factory=dict)
    """Called with the input and the number of the attempt."""
    entity_functions: Mapping[str, Function] = field(default_factory=dict)
    rules: Rules = field(default_factory=Rules)
    rows: dict[str, Row] = field(default_factory=dict)
    waiting_activities: list[ActivityTask] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    now: int = BEGAN
    duplicate: Callable[[], bool] = lambda: False
    """Whether the next completion comes twice, the second time a little later."""
    _last_message_id: int = 0

    # What a client asks for

    def start(self, name: str, input: Any = None, instance_id: str = "root") -> Row:
        """Start an instance as the SDK's client does."""
        instance = Instance(
            instance_id=instance_id,
            execution_id=new_id(),
            name=name,
            version="",
            status=Status.PENDING,
            input=None if input is None else json.dumps(json.dumps(input)),
            output=None,
            custom_status=None,
            created_at=self.now,
            updated_at=self.now,
            completed_at=None,
        )
        self._put(ChildStart(instance, started(instance, self.now)))
        return self.rows[instance_id]

    def send(self, event: Event, instance_id: str = "root") -> None:
        """Post what a client sends: an external event, or a request to terminate, suspend or resume."""
        self._post(Message(instance_id, event, None, self.now))

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
            row.ledger = None
        else:
            self.apply(row, commit)
            row.seen, row.looked_at, row.more_to_take = seen, looked_at, commit.more_to_take
        return commit

    def run_activity(self, position: int, *, crash: bool = False) -> None:
        """Run a waiting activity; a crash loses its result, so that it runs again."""
        self.now += 1000
        task = self.waiting_activities[position]
        try:
            value = self.activities[task.name](json.loads(task.input), self._attempt(task))
            outcome = events.task_completed(self.now, task.task_id, None if value is None else dump(value))
        except Exception as error:
            reason, details = activity_failure(task.name, type(error).__name__, str(error), "  File ...")
            outcome = events.task_failed(self.now, task.task_id, reason, details)
        if not crash:
            del self.waiting_activities[position]
            self._post(Message(task.instance_id, outcome, task.execution_id, self.now))

    def run_all(self) -> None:
        """Do all there is to do, timers included, until nothing more can happen."""
        for _ in range(1_000):
            if self.waiting_activities:
                self.run_activity(0)
            elif ready := self.ready():
                self.run_episode(ready[0])
            elif (due := self.next_due()) is not None:
                self.now = due
            else:
                return
        raise AssertionError("the instances do not come to rest")

    # How it happens

    def _episode(self, row: Row) -> Commit:
        ledger = self._ledger(row)
        instance, arrived = row.instance, self._arrived(row)
        intake = take(instance, ledger, arrived)
        if intake.terminated_by is not None:
            number = len(ledger.scheduled)
            return decision.terminate(instance, intake, intake.terminated_by, number, self.now)
        if intake.course is Course.RECORD:
            return decision.record(instance, ledger, intake, self.now)
        opening = events.orchestrator_started(self.now)
        answer = self._replay(row, [opening, *intake.events])
        self.answers.append(answer)
        commit = decision.decide(instance, ledger, intake, opening, answer, self.rules, self.now)
        self._decide_again(row, arrived, opening, answer, commit)
        return commit

    def _ledger(self, row: Row) -> Ledger:
        folded = Ledger()
        folded.extend(row.history)
        if row.ledger is None:
            row.ledger = folded
        assert row.ledger == folded
        return row.ledger

    def _decide_again(
        self, row: Row, arrived: list[ArrivedMessage], opening: Event, answer: Answer, commit: Commit
    ) -> None:
        """The same history always gives the same decision, whoever remembers what."""
        ledger = Ledger()
        ledger.extend(row.history)
        intake = take(row.instance, ledger, arrived)
        again = decision.decide(row.instance, ledger, intake, opening, answer, self.rules, self.now)
        assert without_random_ids(again) == without_random_ids(commit)

    def _replay(self, row: Row, new: list[Event]) -> Answer:
        texts = [event.text for event in (*row.history, *new) if read_by_sdk(event)]
        context = orchestration_context(row.instance, texts, 30_000)
        try:
            return parse_state(self.orchestrators[row.instance.name](context.decode()))
        except Exception as error:
            return parse_failure(type(error).__name__, str(error), "  File ...")

    def _entity_batch(self, row: Row) -> Commit:
        intake = entities.take(self._arrived(row), limit=3)
        name, _ = entities.split_entity_id(row.instance.instance_id)
        if name not in self.entity_functions:
            return entities.fail_batch(row.instance, intake, f"There is no entity {name}.", self.now)
        context = entities.entity_context(row.instance, intake.batch)
        returned = self.entity_functions[name](context.decode())
        return entities.decide_entity(row.instance, intake, returned, self.now)

    def apply(self, row: Row, commit: Commit) -> None:
        """Write what a commit says, as the hub does in one transaction."""
        row.mailbox = [
            (number, message)
            for number, message in row.mailbox
            if number not in commit.consumed and not _is_cancelled(message, commit)
        ]
        if commit.replaces_history:
            row.history, row.ledger = [], None
        row.history = [*row.history, *commit.history]
        row.instance = commit.instance
        check_counts(row.history)
        for child in commit.children:
            self._put(child)
        if row.instance.status.is_final:
            row.mailbox, row.ledger = [], None
        for message in commit.messages:
            self._post(message)
        self.waiting_activities.extend(commit.activities)

    def _put(self, start: ChildStart) -> None:
        child = start.child
        known = self.rows.get(child.instance_id)
        if known is not None and not known.instance.status.is_final:
            failed = events.sub_orchestration_failed(self.now, child.parent_task_id or 0, "in use", None)
            assert child.parent_instance_id is not None
            self._post(Message(child.parent_instance_id, failed, child.parent_execution_id, self.now))
            return
        self.rows[child.instance_id] = Row(child)
        self._post(Message(child.instance_id, start.started, child.execution_id, self.now))

    def _post(self, message: Message) -> None:
        key = message.instance_id
        if is_entity_id(key):
            self.rows.setdefault(key, Row(entities.new_entity(key, self.now)))
        row = self.rows.get(key)
        if row is None or row.instance.status.is_final:
            return
        # An entity's requests come once: the hub moves them in one transaction.
        twice = message.event.type in COMPLETIONS and self.duplicate()
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
        for event in self.rows[task.instance_id].history:
            if event.type is EventType.TASK_SCHEDULED and event.task_id == task.task_id and event.retry:
                return event.retry.attempt
        return 1


def _is_cancelled(message: Message, commit: Commit) -> bool:
    return message.event.type is EventType.TIMER_FIRED and message.event.task_id in commit.cancelled_timers


def check_counts(history: list[Event]) -> None:
    """No task is scheduled twice and none ends twice."""
    for kinds in (SCHEDULINGS, COMPLETIONS):
        numbers = [event.task_id for event in history if event.type in kinds]
        assert len(numbers) == len(set(numbers)), numbers


def without_random_ids(commit: Commit) -> str:
    """A commit as text in which fresh IDs are numbered in the order of their appearance."""
    numbers: dict[str, int] = {}
    return re.sub("[0-9a-f]{32}", lambda m: f"<{numbers.setdefault(m.group(), len(numbers))}>", repr(commit))
