"""Orchestration episodes: what waits for an instance, one run of the orchestrator, and the decision."""

import logging
from dataclasses import dataclass

from funchost.dispatch.functions import ORCHESTRATION_TRIGGER, DurableFunctions, durable_invocation
from funchost.dispatch.history_cache import Execution
from funchost.durable import decision, events
from funchost.durable.answer import Answer, MalformedAnswer, parse_failure, parse_state
from funchost.durable.commit import Commit
from funchost.durable.context import orchestration_context, read_by_sdk
from funchost.durable.failures import unknown_function
from funchost.durable.intake import Course, take
from funchost.durable.model import Instance
from funchost.durable.scheduling import Rules
from funchost.durable.versions import MISMATCH_TEXT, MatchStrategy, complies
from funchost.taskhub import LeasedInstance
from funchost.taskhub.clock import clock
from funchost.worker.calling import call
from funchost.worker.model import FunctionInfo
from funchost.worker.pool import WorkerPool

_log = logging.getLogger("Host.Durable")


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


class OrchestrationEpisodes:
    """Runs episodes of leased orchestrations."""

    def __init__(
        self,
        pool: WorkerPool,
        functions: DurableFunctions,
        rules: Rules,
        versioning: Versioning,
        http_poll_milliseconds: int,
    ) -> None:
        self._pool = pool
        self._functions = functions
        self._rules = rules
        self._versioning = versioning
        self._http_poll_milliseconds = http_poll_milliseconds

    async def run(self, item: LeasedInstance, execution: Execution) -> Commit:
        """Run one episode; `execution`'s ledger is brought up to date with the commit.

        Raises WorkerLost, PoolStopped or VersionRefused; the execution is of no use then.
        """
        instance, ledger = item.instance, execution.ledger
        now = clock()
        intake = take(instance, ledger, item.messages)
        next_task_id = len(ledger.scheduled)
        if intake.terminated_by is not None:
            return decision.terminate(instance, intake, intake.terminated_by, next_task_id, now)
        if intake.course is Course.RECORD:
            return decision.record(instance, ledger, intake, now)
        opening = events.orchestrator_started(now)
        function = self._functions.find(ORCHESTRATION_TRIGGER, instance.name)
        obstacle = self._obstacle(instance, function)
        if function is None or obstacle is not None:
            return decision.fail(instance, intake, opening, next_task_id, obstacle or "", now)
        new_texts = [event.text for event in (opening, *intake.events) if read_by_sdk(event)]
        history = [*execution.texts, *new_texts]
        context = orchestration_context(instance, history, self._http_poll_milliseconds)
        answer = await self._replay(function, context)
        try:
            return decision.decide(instance, ledger, intake, opening, answer, self._rules, clock())
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            _log.exception("Instance '%s' asks for something that cannot be done.", instance.instance_id)
            output = decision.failure_output(instance.name, repr(error))
            return decision.fail(instance, intake, opening, next_task_id, output, now)

    def _obstacle(self, instance: Instance, function: FunctionInfo | None) -> str | None:
        """The failure of an instance that cannot run here, None when it can."""
        if function is None:
            known = self._functions.names(ORCHESTRATION_TRIGGER)
            error = unknown_function("orchestrator", instance.name, known)
            return decision.failure_output(instance.name, error)
        if self._versioning.allows(instance.version):
            return None
        if self._versioning.fails_others:
            return MISMATCH_TEXT
        raise VersionRefused(instance.instance_id, instance.version, self._versioning.own)

    async def _replay(self, function: FunctionInfo, context: bytes) -> Answer:
        result = await call(self._pool, durable_invocation(function, context), None)
        try:
            if result.error is not None:
                return parse_failure(result.error.type, result.error.message, result.error.stack)
            return parse_state(result.payload.decode())
        except MalformedAnswer as error:
            return Answer(error=str(error), has_actions=False)
