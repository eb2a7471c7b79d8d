"""When the next episode can start: the mailbox's sums against a model that looks at every message."""

import sqlite3
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from funchost.durable import events
from funchost.durable.commit import Commit, Message
from funchost.durable.instances import Instance, SdkProtocol, Status
from funchost.taskhub import LeasedInstance, host_watch
from funchost.taskhub import instance_transactions as episodes
from funchost.taskhub.database import Transaction
from funchost.taskhub.instance_transactions import post, put_new_instance
from funchost.taskhub.leasing import Leasing, any_ready_instance
from funchost.taskhub.statements import SCHEMA
from tests.taskhub.stepping import ALL

INSTANCE = Instance(
    instance_id="one",
    execution_id="e",
    name="work",
    version="",
    status=Status.RUNNING,
    input=None,
    created_at=0,
    updated_at=0,
)
HOST = "INSERT INTO hosts VALUES ('host', 0, 0)"
DELAYS = st.sampled_from([0, 1, 4, 8])


@dataclass
class Waiting:
    """A message in the mailbox. It is news until an episode has seen it."""

    visible_at: int
    is_answer: bool
    is_news: bool = True


@dataclass
class Model:
    """The rule in words: an episode starts when there is news, at the end of the rest or when all answers
    that can come have come. One that was not committed is tried again at its time, if no news comes first.
    """

    now: int = 0
    mailbox: dict[int, Waiting] = field(default_factory=dict)
    rest_until: int = 0
    awaited: int = 0
    again_at: int | None = None

    def is_ready(self) -> bool:
        if self.again_at is not None and self.again_at <= self.now:
            return True
        news = any(each.is_news and each.visible_at <= self.now for each in self.mailbox.values())
        answers = sum(each.is_answer for each in self.mailbox.values())
        return news and (self.now >= self.rest_until or answers >= self.awaited)


class Mailbox(RuleBasedStateMachine):
    @initialize()
    def start(self) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        self.connection.row_factory = sqlite3.Row
        for statement in SCHEMA.split(";\n"):
            self.connection.execute(statement)
        self.connection.execute(HOST)
        self.transaction = Transaction(self.connection)
        self.leasing = Leasing("host")
        self.model = Model()
        self.leased: LeasedInstance | None = None
        started = events.ExecutionStarted(0, "work")
        put_new_instance(self.connection, INSTANCE, started, replaceable=frozenset())
        self.note(Waiting(0, False))

    def teardown(self) -> None:
        if hasattr(self, "connection"):
            self.connection.close()

    def note(self, message: Waiting) -> None:
        (newest,) = self.connection.execute("SELECT max(message_id) FROM messages").fetchone()
        self.model.mailbox[newest] = message

    @rule(is_answer=st.booleans())
    def post_one(self, is_answer: bool) -> None:
        now = self.model.now
        event = events.TaskCompleted(now, 1, None) if is_answer else events.EventRaised(now, "go", "1")
        post(self.connection, [Message("one", event, None, now)], SdkProtocol.JSON1)
        self.note(Waiting(now, is_answer))

    @rule(passed=st.integers(1, 2))
    def time_passes(self, passed: int) -> None:
        self.model.now += passed

    @precondition(lambda self: self.leased is None and self.model.is_ready())
    @rule()
    def lease_it(self) -> None:
        (self.leased,) = self.leasing.instances(self.transaction, ALL, 1, self.model.now)
        visible = {key for key, each in self.model.mailbox.items() if each.visible_at <= self.model.now}
        assert {message.message_id for message in self.leased.messages} == visible
        for key, waiting in self.model.mailbox.items():
            waiting.is_news = key not in visible
        self.model.again_at = None

    @precondition(lambda self: self.leased is not None)
    @rule(data=st.data(), rest=DELAYS, open_tasks=st.integers(0, 3), more=st.booleans())
    def commit_it(self, data: st.DataObject, rest: int, open_tasks: int, more: bool) -> None:
        assert self.leased is not None
        model = self.model
        taken = [m.message_id for m in self.leased.messages if data.draw(st.booleans(), label="takes")]
        timers = data.draw(st.lists(DELAYS, max_size=2), label="timers")
        commit = Commit(self.leased.instance, consumed=taken, open_tasks=open_tasks, more_to_take=more)
        model.rest_until, model.awaited = model.now + rest, open_tasks
        for delay in timers:
            due = model.now + delay
            commit.messages.append(Message("one", events.TimerFired(due, 7, due), None, due))
        (last,) = self.connection.execute("SELECT seq FROM sqlite_sequence").fetchone()
        episodes.commit_episode(self.transaction, "host", self.leased, commit, model.rest_until)
        for message_id in taken:
            del model.mailbox[message_id]
        for number, message in enumerate(commit.messages, last + 1):
            model.mailbox[number] = Waiting(message.visible_at, False)
        for waiting in model.mailbox.values():
            waiting.is_news |= more
        self.leased = None

    @precondition(lambda self: self.leased is not None)
    @rule(pause=DELAYS)
    def return_it(self, pause: int) -> None:
        assert self.leased is not None
        episodes.return_instance(self.transaction, "host", self.leased, self.model.now + pause, 1)
        self.give_up(self.model.now + pause)

    @precondition(lambda self: self.leased is not None)
    @rule()
    def host_dies(self) -> None:
        host_watch.take_over(self.transaction, "host")
        self.connection.execute(HOST)
        self.give_up(self.model.now)

    def give_up(self, again_at: int) -> None:
        self.model.again_at = again_at
        for waiting in self.model.mailbox.values():
            waiting.is_news = False
        self.leased = None

    @invariant()
    def is_ready_when_the_model_says_so(self) -> None:
        if not hasattr(self, "connection"):
            return
        ready = any_ready_instance(self.connection, ALL, self.model.now)
        assert ready == (self.leased is None and self.model.is_ready())


Mailbox.TestCase.settings = settings(max_examples=200, stateful_step_count=30)
test_a_mailbox_is_ready_when_the_model_says_so = Mailbox.TestCase
