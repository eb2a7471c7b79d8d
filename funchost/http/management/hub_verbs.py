"""What the HTTP room asks of a task hub, as a type; the store itself lives in `funchost.taskhub`."""

from typing import Protocol

from funchost.durable.events import Event
from funchost.durable.instances import Instance, InstanceFilter
from funchost.taskhub.client_operations import Purged


class HubVerbs(Protocol):
    """The verbs behind the durable HTTP API. Refusals are `funchost.durable.refusals`."""

    async def start(
        self, name: str, instance_id: str | None, input: str | None, version: str | None = None
    ) -> Instance:
        """Create an instance; raises InvalidInstanceId or InstanceExists."""

    async def get(self, instance_id: str) -> Instance | None:
        """The instance as it is now."""

    async def history(self, instance_id: str) -> list[Event]:
        """The history of its current execution."""

    async def find(
        self, filter: InstanceFilter, limit: int, after: str | None = None
    ) -> tuple[list[Instance], str | None]:
        """One page in the order of IDs, and the token of the next one."""

    async def raise_event(self, instance_id: str, name: str, input: str) -> None:
        """Send an external event; raises InstanceNotFound or InstanceEnded."""

    async def terminate(self, instance_id: str, reason: str) -> None:
        """End an instance; raises InstanceNotFound or InstanceEnded."""

    async def suspend(self, instance_id: str, reason: str) -> None:
        """Hold an instance; raises InstanceNotFound, InstanceEnded or WrongState."""

    async def resume(self, instance_id: str, reason: str) -> None:
        """Let it go on; raises InstanceNotFound, InstanceEnded or WrongState."""

    async def purge(self, instance_id: str) -> int:
        """Delete an instance; 0 when there was none, raises WrongState when it may not be deleted."""

    async def purge_where(self, filter: InstanceFilter) -> Purged:
        """Delete all that the filter means, and tell how many."""

    async def rewind(self, instance_id: str, reason: str) -> None:
        """Run a failed instance again from its failures."""

    async def restart(self, instance_id: str, new_id: bool) -> Instance:
        """Start an instance again with the same input."""

    async def signal_entity(self, entity_id: str, operation: str, input: str | None) -> None:
        """Send an operation to an entity and wait for nothing."""

    async def entity_state(self, entity_id: str) -> str | None:
        """The state of an entity as JSON text; None when it does not exist."""
