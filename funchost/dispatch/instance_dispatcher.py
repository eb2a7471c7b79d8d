"""The instance dispatcher: lease an instance, have one episode or batch of it run, commit what it decided."""

from collections.abc import Sequence
from dataclasses import dataclass

from funchost.clock import SYSTEM_CLOCK, Clock
from funchost.dispatch.dispatcher import PAUSE_BEFORE_ALONE_SECONDS, Dispatcher
from funchost.dispatch.durable_functions import (
    ENTITY_TRIGGER,
    ORCHESTRATION_TRIGGER,
    DurableFunctions,
    NoProcessFree,
    ask,
)
from funchost.dispatch.replay_cache import CachedExecution, ReplayCache
from funchost.durable.commit import Commit
from funchost.durable.entities import split_entity_id
from funchost.durable.episode_commit import give_up
from funchost.durable.events import Event
from funchost.durable.failures import FunctionKind, unknown_function
from funchost.durable.identity import is_entity_id
from funchost.durable.protocol import Refusal, Replay, SdkRules, Turn
from funchost.durable.versions import MISMATCH_TEXT, MatchStrategy, complies
from funchost.taskhub import LeasedInstance, LeaseLost, Selection, TaskHub
from funchost.tracking import Tracking, subject_of
from funchost.worker.invocations import FunctionInfo, FunctionTimedOut, PoolStopped, WorkerLost
from funchost.worker.pool import WorkerPool

# After an episode an instance waits for this multiple of the replay's time, unless all its open tasks
# have answered: replays then cost at most a third of the time, however many tasks there are.
_REST_FACTOR = 2
# What takes longer than this is no replay but a wait for a free worker, of which no rest follows.
_LONGEST_REPLAY_SECONDS = 0.05
_LONGEST_REPLAY_SECONDS_PER_EVENT = 0.002

# How long an instance of another version is left alone before somebody looks at it again.
_PAUSE_AFTER_REFUSAL_SECONDS = 10.0

_TAKEN_OVER = "What was decided is dropped: another host has taken the instance over."


class VersionRefused(Exception):
    """The host's version may not run this instance; it stays as it is. Source: versionFailureStrategy."""

    def __init__(self, instance_id: str, version: str, host_version: str) -> None:
        super().__init__(
            f"Instance '{instance_id}' has version '{version}' and is left alone: host.json says "
            f"defaultVersion '{host_version}'. See versionMatchStrategy and versionFailureStrategy."
        )


@dataclass(frozen=True, slots=True)
class Versioning:
    """Which instances the host runs, and whether it fails the others. Nothing is checked without a version
    of the host's own. Source: host.json defaultVersion, versionMatchStrategy, versionFailureStrategy."""

    own: str = ""
    strategy: MatchStrategy = MatchStrategy.CURRENT_OR_OLDER
    fails_others: bool = False

    def allows(self, version: str) -> bool:
        """Whether an instance of this version may run here."""
        return not self.own or complies(self.own, version, self.strategy)


class InstanceDispatcher(Dispatcher[LeasedInstance]):
    """Works on at most `limit` orchestrations and entities at a time."""

    def __init__(
        self,
        hub: TaskHub,
        pool: WorkerPool,
        functions: DurableFunctions,
        rules: SdkRules,
        selection: Selection,
        versioning: Versioning,
        limit: int,
        max_attempts: int,
        tracking: Tracking,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        super().__init__(limit, clock)
        self._hub = hub
        self._pool = pool
        self._functions = functions
        self._rules = rules
        self._selection = selection
        self._versioning = versioning
        self._max_attempts = max_attempts
        self._tracking = tracking
        self._cache = ReplayCache()

    async def _lease(self, room: int) -> Sequence[LeasedInstance]:
        return await self._hub.work.lease_instances(self._selection, room)

    async def _seconds_until_due(self) -> float | None:
        ready_at = await self._hub.work.next_instance_at(self._selection)
        return None if ready_at is None else max(0.0, (ready_at - self._clock.now()) / 1_000_000)

    def _attempts(self, item: LeasedInstance) -> int:
        return item.attempts

    async def _give_back(self, item: LeasedInstance, pause_seconds: float, attempts: int) -> None:
        await self._hub.work.return_instance(item, pause_seconds, attempts)

    async def _work(self, item: LeasedInstance) -> None:
        instance = item.instance
        try:
            if is_entity_id(instance.instance_id):
                await self._commit(item, await self._run_batch(item))
            else:
                await self._run_episode(item)
        except (WorkerLost, FunctionTimedOut) as loss:
            # Neither a lost worker nor a replay that takes too long is a failure of the instance at once: its
            # episode is run again, as in the original.
            self._tracking.aborted(subject_of(instance), str(loss))
            await self._count_attempt(item)
        except PoolStopped:
            await self._give_back(item, 0, item.attempts)
        except NoProcessFree:
            await self._give_back(item, PAUSE_BEFORE_ALONE_SECONDS, item.attempts)
        except VersionRefused as refusal:
            self._tracking.noted(subject_of(instance), str(refusal))
            await self._give_back(item, _PAUSE_AFTER_REFUSAL_SECONDS, item.attempts)
        except LeaseLost:
            self._tracking.noted(subject_of(instance), _TAKEN_OVER)

    async def _run_episode(self, item: LeasedInstance) -> None:
        if item.attempts >= self._max_attempts:
            reason = _given_up("episode", "orchestrator", item.instance.name, item.attempts)
            await self._commit(item, give_up(item.instance, item.messages, reason, self._clock.now()))
            return
        replay = await self._replay(item)
        length = replay.length
        began = self._clock.monotonic()
        begun = self._rules.begin_episode(item.instance, replay, item.messages, self._clock.now())
        commit = begun if isinstance(begun, Commit) else await self._turn(item, begun)
        longest = _LONGEST_REPLAY_SECONDS + _LONGEST_REPLAY_SECONDS_PER_EVENT * length
        rest = min(self._clock.monotonic() - began, longest) * _REST_FACTOR
        await self._commit(item, commit, int(rest * 1_000_000))
        self._remember(item, replay, commit)

    async def _commit(self, item: LeasedInstance, commit: Commit, rest_microseconds: int = 0) -> None:
        past: Sequence[Event] = ()
        if self._tracking.shows_replays:
            past = await self._hub.work.events(item.instance.instance_id)
        await self._hub.work.commit_episode(item, commit, rest_microseconds)
        self._tracking.committed(item.instance, item.messages, commit, past)

    async def _turn(self, item: LeasedInstance, turn: Turn) -> Commit:
        instance = item.instance
        function = self._functions.find(ORCHESTRATION_TRIGGER, instance.name)
        if function is None:
            text = self._unknown("orchestrator", instance.name, ORCHESTRATION_TRIGGER)
            return turn.fail(text, self._clock.now(), Refusal.UNKNOWN_FUNCTION)
        if not self._versioning.allows(instance.version):
            if self._versioning.fails_others:
                return turn.fail(MISMATCH_TEXT, self._clock.now(), Refusal.VERSION_MISMATCH)
            raise VersionRefused(instance.instance_id, instance.version, self._versioning.own)
        return await self._ask(item, function, turn)

    async def _ask(self, item: LeasedInstance, function: FunctionInfo, turn: Turn) -> Commit:
        instance_id = item.instance.instance_id
        outcome = await ask(self._pool, function, turn.payload, instance_id, item.attempts)
        while (again := turn.again(outcome)) is not None:
            turn = again
            outcome = await ask(self._pool, function, turn.payload, instance_id, item.attempts)
        return turn.decide(outcome, self._clock.now())

    async def _run_batch(self, item: LeasedInstance) -> Commit:
        """Run what waits for an entity. After a failure its operations run one by one, so that one that
        cannot be carried out fails alone."""
        entity, now = item.instance, self._clock.now()
        begun = self._rules.begin_batch(entity, item.messages, now, alone=item.attempts > 0)
        if isinstance(begun, Commit):
            return begun
        name, _ = split_entity_id(entity.instance_id)
        if item.attempts >= self._max_attempts:
            reason = _given_up("operation", "entity", name, item.attempts)
            return begun.fail(reason, now, Refusal.GIVEN_UP)
        function = self._functions.find(ENTITY_TRIGGER, name)
        if function is None:
            text = self._unknown("entity", name, ENTITY_TRIGGER)
            return begun.fail(text, now, Refusal.UNKNOWN_FUNCTION)
        return await self._ask(item, function, begun)

    def _unknown(self, kind: FunctionKind, name: str, trigger: str) -> str:
        return unknown_function(kind, name, self._functions.names(trigger))

    async def _replay(self, item: LeasedInstance) -> Replay:
        instance = item.instance
        kept = self._cache.take(instance, item.episode)
        if kept is not None:
            return kept
        history = await self._hub.work.events(instance.instance_id) if item.episode else ()
        return self._rules.replay_of(instance, history)

    def _remember(self, item: LeasedInstance, replay: Replay, commit: Commit) -> None:
        instance = commit.instance
        if instance.status.is_final:
            return
        if commit.replaces_history:
            replay = self._rules.replay_of(instance, commit.history)
        else:
            replay.keep(commit.history)
        execution = CachedExecution(instance.execution_id, item.episode + 1, replay)
        self._cache.put(instance.instance_id, execution)


def _given_up(what: str, kind: FunctionKind, name: str, attempts: int) -> str:
    return (
        f"The {what} of {kind} '{name}' was tried {attempts} times and could not be carried out. "
        "The log of the host says why. FUNCHOST_MAX_ATTEMPTS says how often it is tried."
    )
