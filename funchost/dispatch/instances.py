"""The instance dispatcher: lease an instance, have one episode or batch of it run, commit what it decided."""

import logging
import time
from collections.abc import Sequence

from funchost.dispatch.dispatcher import Dispatcher
from funchost.dispatch.entities import EntityBatches
from funchost.dispatch.history_cache import Execution, HistoryCache
from funchost.dispatch.orchestrations import OrchestrationEpisodes, VersionRefused
from funchost.durable.commit import Commit
from funchost.durable.identity import is_entity_id
from funchost.taskhub import LeasedInstance, LeaseLost, TaskHub
from funchost.taskhub.clock import clock
from funchost.worker.exceptions import FunctionTimedOut, PoolStopped, WorkerLost

_log = logging.getLogger("Host.Durable")

# After an episode an instance waits for this multiple of the replay's time, unless all its open tasks
# have answered: replays then cost at most a third of the time, however many tasks there are.
_REST_FACTOR = 2
# What takes longer than this is no replay but a wait for a free worker, of which no rest follows.
_LONGEST_REPLAY_SECONDS = 0.05
_LONGEST_REPLAY_SECONDS_PER_EVENT = 0.002

# How long an instance of another version is left alone before somebody looks at it again.
_PAUSE_AFTER_REFUSAL_SECONDS = 10.0


class InstanceDispatcher(Dispatcher[LeasedInstance]):
    """Works on at most `limit` orchestrations and entities at a time."""

    def __init__(
        self, hub: TaskHub, orchestrations: OrchestrationEpisodes, entities: EntityBatches, limit: int
    ) -> None:
        super().__init__(limit)
        self._hub = hub
        self._orchestrations = orchestrations
        self._entities = entities
        self._cache = HistoryCache()

    async def _lease(self, room: int) -> Sequence[LeasedInstance]:
        return await self._hub.lease_instances(room, self._cache.is_current)

    async def _seconds_until_due(self) -> float | None:
        ready_at = await self._hub.next_ready_at()
        return None if ready_at is None else max(0.0, (ready_at - clock()) / 1_000_000)

    async def _work(self, item: LeasedInstance) -> None:
        try:
            if is_entity_id(item.instance.instance_id):
                await self._hub.commit_episode(item, await self._entities.run(item))
            else:
                await self._run_episode(item)
        except (WorkerLost, FunctionTimedOut, PoolStopped) as loss:
            # Neither a lost worker nor a replay that takes too long is a failure of the instance: its episode
            # is run again, as in the original.
            _log.warning("Instance '%s' goes on in another worker: %s", item.instance.instance_id, loss)
            await self._give_back(item, 0)
        except VersionRefused as refusal:
            _log.warning("%s", refusal)
            await self._give_back(item, _PAUSE_AFTER_REFUSAL_SECONDS)
        except LeaseLost:
            _log.warning(
                "What instance '%s' decided is dropped: another host has taken it over.",
                item.instance.instance_id,
            )

    async def _give_back(self, item: LeasedInstance, pause_seconds: float) -> None:
        await self._hub.return_instance(item.instance.instance_id, pause_seconds)

    async def _run_episode(self, item: LeasedInstance) -> None:
        execution = await self._execution(item)
        began = time.monotonic()
        commit = await self._orchestrations.run(item, execution)
        longest = _LONGEST_REPLAY_SECONDS + _LONGEST_REPLAY_SECONDS_PER_EVENT * len(execution.texts)
        rest = min(time.monotonic() - began, longest) * _REST_FACTOR
        await self._hub.commit_episode(item, commit, int(rest * 1_000_000))
        self._remember(item, execution, commit)

    async def _execution(self, item: LeasedInstance) -> Execution:
        instance = item.instance
        kept = self._cache.take(instance.instance_id)
        history = item.history
        if history is None:
            if kept is not None:
                return kept
            history = await self._hub.events(instance.instance_id)
        return Execution.from_history(instance.execution_id, item.episode, history)

    def _remember(self, item: LeasedInstance, execution: Execution, commit: Commit) -> None:
        if commit.instance.status.is_final:
            return
        if commit.replaces_history:
            execution = Execution(commit.instance.execution_id)
        for event in commit.history:
            execution.keep(event)
        execution.episode = item.episode + 1
        self._cache.put(commit.instance.instance_id, execution)
