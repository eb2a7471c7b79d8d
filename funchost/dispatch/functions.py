"""The durable functions of the app, by the names under which orchestrations call them."""

from collections.abc import Iterable, Sequence

from funchost.worker.model import FunctionInfo

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
