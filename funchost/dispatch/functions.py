"""The durable functions of the app, by the names under which orchestrations call them."""

import uuid
from collections.abc import Iterable, Sequence

from funchost.worker.model import FunctionInfo, Invocation

ORCHESTRATION_TRIGGER = "orchestrationTrigger"
ACTIVITY_TRIGGER = "activityTrigger"
ENTITY_TRIGGER = "entityTrigger"


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


def durable_invocation(function: FunctionInfo, payload: bytes) -> Invocation:
    """A call of a durable function with this text as its trigger's value."""
    return Invocation(str(uuid.uuid4()), function.name, "string", payload)
