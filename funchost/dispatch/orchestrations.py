"""The orchestration dispatcher: lease an instance, run one episode of it, commit what it decided."""

import logging
import time
import uuid
from collections.abc import Sequence

from funchost.dispatch.dispatcher import Dispatcher
from funchost.dispatch.functions import ORCHESTRATION_TRIGGER, DurableFunctions
from funchost.dispatch.history_cache import Execution, HistoryCache
from funchost.durable import decision, events
from funchost.durable.answer import Answer, MalformedAnswer, parse_failure, parse_state
from funchost.durable.commit import Commit
from funchost.durable.context import orchestration_context, read_by_sdk
from funchost.durable.failures import unknown_function
from funchost.durable.intake import Course, take
from funchost.durable.model import Instance
from funchost.durable.scheduling import Rules
from funchost.taskhub import LeaseLost, TaskHub
from funchost.taskhub.hub import clock
from funchost.taskhub.work import LeasedInstance
from funchost.worker import journal
from funchost.worker.exceptions import PoolStopped, WorkerLost
from funchost.worker.model import FunctionInfo, Invocation
from funchost.worker.pool import WorkerPool

_log = logging.getLogger("Host.Durable")

# After an episode an instance waits for this multiple of the replay's time, unless all its open tasks
# have answered: replays then cost at most a third of the time, however many tasks there are.
_REST_FACTOR = 2


class OrchestrationDispatcher(Dispatcher[LeasedInstance]):
    """Runs at most `limit` episodes at a time."""

    def __init__(
        self,
        hub: TaskHub,
        pool: WorkerPool,
        functions: DurableFunctions,
        rules: Rules,
        limit: int,
        http_poll_milliseconds: int,
    ) -> None:
        super().__init__(limit)
        self._hub = hub
        self._pool = pool
        self._functions = functions
        self._rules = rules
        self._http_poll_milliseconds = http_poll_milliseconds
        self._cache = HistoryCache()

    async def _lease(self, room: int) -> Sequence[LeasedInstance]:
        return await self._hub.lease_instances(room, self._cache.is_current)

    async def _seconds_until_due(self) -> float | None:
        ready_at = await self._hub.next_ready_at()
        return None if ready_at is None else max(0.0, (ready_at - clock()) / 1_000_000)

    async def _work(self, item: LeasedInstance) -> None:
        instance_id = item.instance.instance_id
        try:
            execution = await self._execution(item)
            began = time.monotonic()
            commit = await self._episode(item.instance, execution, item)
            took = time.monotonic() - began
        except (WorkerLost, PoolStopped) as loss:
            _log.warning("An episode of instance '%s' is run again: %s", instance_id, loss)
            await self._hub.return_instance(instance_id, 0)
            return
        try:
            await self._hub.commit_episode(item, commit, int(took * _REST_FACTOR * 1_000_000))
        except LeaseLost:
            _log.warning("An episode of instance '%s' is dropped: it was taken over.", instance_id)
            return
        self._remember(item, execution, commit)

    async def _execution(self, item: LeasedInstance) -> Execution:
        instance = item.instance
        kept = self._cache.take(instance.instance_id)
        if item.history is None and kept is not None:
            return kept
        history = item.history
        if history is None:
            history = await self._hub.events(instance.instance_id)
        return Execution.from_history(instance.execution_id, item.episode, history)

    async def _episode(self, instance: Instance, execution: Execution, item: LeasedInstance) -> Commit:
        ledger = execution.ledger
        now = clock()
        intake = take(instance, ledger, item.messages)
        if intake.terminated_by is not None:
            return decision.terminate(instance, intake, intake.terminated_by, len(ledger.scheduled), now)
        if intake.course is Course.RECORD:
            return decision.record(instance, ledger, intake, now)
        opening = events.orchestrator_started(now)
        function = self._functions.find(ORCHESTRATION_TRIGGER, instance.name)
        if function is None:
            known = self._functions.names(ORCHESTRATION_TRIGGER)
            error = unknown_function("orchestrator", instance.name, known)
            return decision.fail(instance, intake, opening, len(ledger.scheduled), error, now)
        new_texts = [event.text for event in (opening, *intake.events) if read_by_sdk(event)]
        context = orchestration_context(
            instance, [*execution.texts, *new_texts], self._http_poll_milliseconds
        )
        answer = await self._replay(function, context)
        try:
            return decision.decide(instance, ledger, intake, opening, answer, self._rules, clock())
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            _log.exception("Instance '%s' asks for something that cannot be done.", instance.instance_id)
            next_task_id = len(ledger.scheduled)
            return decision.fail(instance, intake, opening, next_task_id, repr(error), now)

    async def _replay(self, function: FunctionInfo, context: bytes) -> Answer:
        invocation_id = str(uuid.uuid4())
        journal.executing(function.name, invocation_id, None)
        began = time.monotonic()
        result = await self._pool.invoke(Invocation(invocation_id, function.name, "string", context))
        milliseconds = (time.monotonic() - began) * 1000
        journal.executed(function.name, invocation_id, result.ok, milliseconds, result.worker, result.error)
        try:
            if result.error is not None:
                return parse_failure(result.error.type, result.error.message, result.error.stack)
            return parse_state(result.payload.decode())
        except MalformedAnswer as error:
            return Answer(error=str(error), has_actions=False)

    def _remember(self, item: LeasedInstance, execution: Execution, commit: Commit) -> None:
        if commit.instance.status.is_final:
            return
        if commit.replaces_history:
            execution = Execution(commit.instance.execution_id, item.episode)
        for event in commit.history:
            execution.keep(event)
        execution.episode = item.episode + 1
        self._cache.put(commit.instance.instance_id, execution)
