"""The durable functions of the app, by the names under which orchestrations call them, and calling one."""

from collections.abc import Iterable, Sequence

from funchost.durable.identity import new_id
from funchost.durable.protocol import Outcome, Raised, Returned
from funchost.worker.calling import call
from funchost.worker.invocations import FunctionInfo, Invocation
from funchost.worker.pool import WorkerPool

_ALONE_AFTER_ATTEMPTS = 2

ORCHESTRATION_TRIGGER = "orchestrationTrigger"
ACTIVITY_TRIGGER = "activityTrigger"
ENTITY_TRIGGER = "entityTrigger"


class NoProcessFree(Exception):
    """An invocation must run alone, and all worker processes for that are busy."""


class DurableFunctions:
    """Look-up without case, as the durable extension does it."""

    def __init__(self, functions: Iterable[FunctionInfo] = ()) -> None:
        self._by_trigger: dict[str, dict[str, FunctionInfo]] = {}
        for function in functions:
            named = self._by_trigger.setdefault(function.trigger, {})
            named[function.durable_name.casefold()] = function

    def find(self, trigger: str, name: str) -> FunctionInfo | None:
        """The function with this trigger that is called `name`."""
        return self._by_trigger.get(trigger, {}).get(name.casefold())

    def names(self, trigger: str) -> Sequence[str]:
        """The names of all functions with this trigger, in order."""
        return sorted(function.durable_name for function in self._by_trigger.get(trigger, {}).values())


async def ask(
    pool: WorkerPool, function: FunctionInfo, payload: bytes, instance_id: str, attempts: int
) -> Outcome:
    """Run a durable function with this text as its trigger's value, for this instance, after so many attempts
    in vain.

    Whoever dies with its worker twice may be what kills it, and runs alone from then on. Raises WorkerLost,
    FunctionTimedOut, PoolStopped, or NoProcessFree when it cannot run alone now.
    """
    identity = new_id()
    invocation_id = "-".join((identity[:8], identity[8:12], identity[12:16], identity[16:20], identity[20:]))
    alone = attempts >= _ALONE_AFTER_ATTEMPTS
    if alone and not pool.can_run_alone:
        raise NoProcessFree
    invocation = Invocation(
        invocation_id, function.name, "string", payload, alone=alone, instance=instance_id
    )
    result = await call(pool, invocation, None)
    if result.error is not None:
        return Raised(result.error.type, result.error.message, result.error.stack)
    return Returned(result.payload.decode())
