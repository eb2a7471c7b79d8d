"""Entity batches: run the operations that wait for one entity."""

import logging

from funchost.dispatch.functions import ENTITY_TRIGGER, DurableFunctions, durable_invocation
from funchost.durable import entities
from funchost.durable.commit import Commit
from funchost.durable.failures import unknown_function
from funchost.taskhub import LeasedInstance
from funchost.taskhub.clock import clock
from funchost.worker.calling import call
from funchost.worker.pool import WorkerPool

_log = logging.getLogger("Host.Durable")


class EntityBatches:
    """Runs batches of at most `max_batch` operations."""

    def __init__(self, pool: WorkerPool, functions: DurableFunctions, max_batch: int) -> None:
        self._pool = pool
        self._functions = functions
        self._max_batch = max_batch

    async def run(self, item: LeasedInstance) -> Commit:
        """Run what waits for a leased entity. Raises WorkerLost, FunctionTimedOut or PoolStopped.

        A function that breaks outside its operations fails the whole batch; the original would try the
        same batch again for ever.
        """
        entity = item.instance
        intake = entities.take(item.messages, self._max_batch)
        if not intake.batch:
            return Commit(entity, consumed=intake.consumed, more_to_take=intake.left)
        name, _ = entities.split_entity_id(entity.instance_id)
        function = self._functions.find(ENTITY_TRIGGER, name)
        if function is None:
            error = unknown_function("entity", name, self._functions.names(ENTITY_TRIGGER))
            return entities.fail_batch(entity, intake, error, clock())
        result = await call(
            self._pool, durable_invocation(function, entities.entity_context(entity, intake.batch)), None
        )
        if result.error is not None:
            error = f"{result.error.type}: {result.error.message}"
            return entities.fail_batch(entity, intake, error, clock())
        try:
            return entities.decide_entity(entity, intake, result.payload.decode(), clock())
        except entities.MalformedEntityAnswer as error:
            _log.error("%s", error)
            return entities.fail_batch(entity, intake, str(error), clock())
