"""Json1Rules: episodes, entity batches and activities of azure-functions-durable 1.x."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from funchost.durable import entities
from funchost.durable.commit import ActivityTask, ArrivedMessage, Commit
from funchost.durable.entities import EntityIntake, OperationResult
from funchost.durable.episode_commit import Rules
from funchost.durable.events import Event, OrchestratorStarted, TaskCompleted, TaskFailed
from funchost.durable.instances import Instance, SdkProtocol
from funchost.durable.protocol import Outcome, Raised, Refusal, Replay, SdkRules, Turn
from funchost.durable.refusals import Unreadable
from funchost.durable.text import dump_json, is_storable, storable
from funchost.protocols.json1 import decision
from funchost.protocols.json1.answer import Answer, read_answer
from funchost.protocols.json1.entity_batches import batch_context, read_batch_answer
from funchost.protocols.json1.failure_texts import activity_failure, activity_timeout
from funchost.protocols.json1.intake import Course, Intake, look_ahead, take
from funchost.protocols.json1.ledger import Ledger
from funchost.protocols.json1.replay_input import orchestration_context, sdk_event

_EVENT_OVERHEAD = 200


@dataclass(slots=True)
class JsonReplay(Replay):
    """An execution's ledger, and the texts of the events that the SDK replays."""

    instance: Instance
    ledger: Ledger = field(default_factory=Ledger)
    texts: list[str] = field(default_factory=list)
    size: int = 0

    @property
    def length(self) -> int:
        """How many events the SDK reads."""
        return len(self.texts)

    def keep(self, events: Iterable[Event]) -> None:
        """Remember events for replay; the ledger knows them from the decision."""
        for event in events:
            self.size += _EVENT_OVERHEAD
            text = sdk_event(event, self.instance, played=True)
            if text is not None:
                self.texts.append(text)
                self.size += len(text)


@dataclass(slots=True)
class _Episode(Turn):
    rules: Rules
    instance: Instance
    replay: JsonReplay
    intake: Intake
    opening: OrchestratorStarted
    payload: bytes = b""
    is_asked_again: bool = False

    def __post_init__(self) -> None:
        ahead = (event for _, event in self.intake.ahead)
        unseen = (self.opening, *self.intake.events, *ahead)
        new = (sdk_event(event, self.instance, played=False) for event in unseen)
        texts = [*self.replay.texts, *(text for text in new if text is not None)]
        self.payload = orchestration_context(self.instance, texts, self.rules.http_poll_milliseconds)

    def again(self, outcome: Outcome) -> Turn | None:
        fitting = self._fitting(read_answer(outcome)) if self.intake.ahead else 0
        if fitting == len(self.intake.ahead):
            return None
        less = replace(self.intake, ahead=self.intake.ahead[:fitting])
        return replace(self, intake=less, is_asked_again=True)

    def decide(self, outcome: Outcome, now: int) -> Commit:
        answer, ledger = read_answer(outcome), self.replay.ledger
        return decision.decide(self.instance, ledger, self.intake, self.opening, answer, self.rules, now)

    def _fitting(self, answer: Answer) -> int:
        """How many of the events ahead went to a wait of their own.

        They are the last that the SDK was given and have one name. Once one of them finds no wait, the
        orchestrator waits for something else, and so do all after it. An orchestrator that has ended may have
        left any of them unread: it is asked again with one less, so that the next episode sees the end.
        """
        name, ledger = self.intake.ahead[0][1].name, self.replay.ledger
        waits = [*ledger.awaited.get(name.casefold(), ()), *answer.waits[ledger.waits_recorded :]]
        fitting = min(waits.count(name), len(self.intake.ahead))
        if not answer.has_ended:
            return fitting
        return 0 if self.is_asked_again else max(0, fitting - 1)

    def fail(self, reason: str, now: int, refusal: Refusal) -> Commit:
        if refusal is Refusal.UNKNOWN_FUNCTION:
            reason = decision.failure_output(self.instance.name, reason)
        ledger = self.replay.ledger
        return decision.fail(self.instance, ledger, self.intake, self.opening, storable(reason), now)


@dataclass(slots=True)
class _Batch(Turn):
    rules: Rules
    entity: Instance
    intake: EntityIntake
    payload: bytes

    def decide(self, outcome: Outcome, now: int) -> Commit:
        if isinstance(outcome, Raised):
            return self.fail(f"{outcome.error_type}: {outcome.message}", now)
        try:
            answer = read_batch_answer(outcome.text, len(self.intake.batch))
        except Unreadable as error:
            return self.fail(
                f"Entity '{self.entity.instance_id}': the function's answer cannot be read: {error}.", now
            )
        return entities.decide_batch(self.entity, self.intake, answer, self.rules.default_version, now)

    def fail(self, reason: str, now: int, refusal: Refusal = Refusal.GIVEN_UP) -> Commit:
        result = OperationResult(dump_json(storable(reason)), is_error=True)
        return entities.fail_batch(self.entity, self.intake, result, now)


class Json1Rules(SdkRules):
    """The rules of SDK 1.x: the host numbers, retries, holds external events and checks determinism."""

    protocol = SdkProtocol.JSON1

    def __init__(self, rules: Rules) -> None:
        self._rules = rules

    def replay_of(self, instance: Instance, history: Iterable[Event]) -> JsonReplay:
        """Fold a history that was read from the hub, or begin an empty one."""
        replay = JsonReplay(instance)
        recorded = list(history)
        replay.ledger.extend(recorded)
        replay.keep(recorded)
        return replay

    def begin_episode(
        self, instance: Instance, replay: Replay, arrived: Sequence[ArrivedMessage], now: int
    ) -> Turn | Commit:
        """Take what the instance may take of what has arrived. The replay's ledger takes it into account."""
        assert isinstance(replay, JsonReplay)
        ledger = replay.ledger
        pace, latest, ledger.latest = ledger.pace, ledger.latest, None
        intake = take(instance, ledger, arrived)
        if intake.course is Course.TERMINATE:
            return decision.terminate(instance, ledger, intake, now)
        if intake.course is Course.RECORD:
            ledger.latest = latest
            return decision.record(instance, ledger, intake, now)
        intake.ahead = look_ahead(intake, arrived, pace)
        return _Episode(self._rules, instance, replay, intake, OrchestratorStarted(now))

    def begin_batch(
        self, entity: Instance, arrived: Sequence[ArrivedMessage], now: int, *, alone: bool
    ) -> Turn | Commit:
        """Take the operations that can run now, or the first of them alone."""
        intake = entities.take(entity, arrived, 1 if alone else self._rules.max_entity_batch)
        if not intake.batch:
            return entities.idle(entity, intake, now)
        return _Batch(self._rules, entity, intake, batch_context(entity, intake.operations))

    def activity_ended(self, task: ActivityTask, outcome: Outcome, now: int) -> Event:
        """The completion that an activity's outcome becomes."""
        if isinstance(outcome, Raised):
            reason, details = activity_failure(task.name, outcome.error_type, outcome.message, outcome.stack)
            return TaskFailed(now, task.task_id, reason, details)
        text = outcome.text
        if not is_storable(text):
            return self.activity_refused(task, "its result is no Unicode text", now)
        return TaskCompleted(now, task.task_id, None if text in ("", "null") else text)

    def activity_refused(
        self, task: ActivityTask, reason: str, now: int, *, timed_out: bool = False
    ) -> Event:
        """The failure of an activity that could not be run, or ran too long."""
        if timed_out:
            return TaskFailed(now, task.task_id, *activity_timeout(task.name, reason))
        return TaskFailed(now, task.task_id, storable(reason))
