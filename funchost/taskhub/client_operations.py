"""Client operations: what the management API and the durable client ask of a task hub.

They raise the refusals of `funchost.durable.exceptions`. When a method returns, what it did is committed.
"""

import sqlite3
import urllib.parse
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from funchost.clock import Clock
from funchost.durable.actions import SignalEntity
from funchost.durable.commit import Message
from funchost.durable.entities import request_for
from funchost.durable.events import (
    FIRST_PRIVATE_TYPE,
    Event,
    EventRaised,
    ExecutionResumed,
    ExecutionStarted,
    ExecutionSuspended,
    ExecutionTerminated,
)
from funchost.durable.identity import check_instance_id, is_entity_id, new_id
from funchost.durable.instances import Instance, InstanceFilter, SdkProtocol, Status
from funchost.durable.refusals import InstanceEnded, InstanceNotFound, WrongState
from funchost.taskhub.database import Database, Transaction, Work
from funchost.taskhub.instance_transactions import (
    UNFINISHED,
    forget_instance,
    post,
    put_new_instance,
    rewind_instance,
)
from funchost.taskhub.rows import instance_from_row, read_history, read_instance
from funchost.taskhub.statements import SQL

_FIRST_MOMENT = -(2**62)
_LAST_MOMENT = 2**62
_LAST_CHARACTER = "\U0010ffff"


class ClientOperations:
    """Starts, asks about and changes instances, for an app of one SDK protocol.

    `default_version` is the version of instances that are started without one; with `overwrite_running`
    a start replaces an instance that has not ended.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        protocol: SdkProtocol,
        default_version: str,
        overwrite_running: bool,
        subscribe: Callable[[int, Callable[[], None]], Callable[[], None]],
    ) -> None:
        self.protocol = protocol
        self._database = database
        self._clock = clock
        self._default_version = default_version
        self._replaceable = frozenset(Status) if overwrite_running else frozenset(Status) - UNFINISHED
        self._subscribe = subscribe

    async def start(
        self, name: str, instance_id: str | None, input: str | None, version: str | None = None
    ) -> Instance:
        """Start an orchestration; without an ID it gets a fresh one.

        `input` is stored JSON text. Raises InvalidInstanceId, or InstanceExists when the ID is in use.
        Source: HTTP management API: start; DurableTask.Core duplicate start rule.
        """
        if instance_id:
            check_instance_id(instance_id)
        now = self._clock.now()
        instance = Instance(
            instance_id=instance_id or new_id(),
            execution_id=new_id(),
            name=name,
            version=self._default_version if version is None else version,
            status=Status.PENDING,
            protocol=self.protocol,
            input=input,
            created_at=now,
            updated_at=now,
        )
        started = ExecutionStarted(now, name, instance.version)

        def work(transaction: Transaction) -> Instance:
            transaction.work |= Work.EPISODES
            return put_new_instance(transaction.connection, instance, started, replaceable=self._replaceable)

        return await self._database.write(work)

    async def get(self, instance_id: str) -> Instance | None:
        """The instance as it is now, None when there is none."""
        return await self._database.read(lambda connection: read_instance(connection, instance_id))

    async def history(self, instance_id: str) -> list[Event]:
        """The events of the current execution."""
        recorded = await self._database.read(lambda connection: read_history(connection, instance_id))
        return [event for event in recorded if event.type < FIRST_PRIVATE_TYPE]

    async def find(
        self, filter: InstanceFilter, limit: int, after: str | None = None
    ) -> tuple[list[Instance], str | None]:
        """A page of instances in the order of their IDs, and the token of the next page, if there is one."""
        parameters = _filter_parameters(filter) | {
            "after": "" if after is None else urllib.parse.unquote(after),
            "limit": limit + 1,
        }
        rows = await self._database.read(lambda c: c.execute(SQL["page"], parameters).fetchall())
        found = [instance_from_row(row) for row in rows[:limit]]
        more = len(rows) > limit
        return found, urllib.parse.quote(found[-1].instance_id) if more else None

    async def raise_event(self, instance_id: str, name: str, input: str) -> None:
        """Send an external event; `input` is JSON text. Raises InstanceNotFound or InstanceEnded."""
        await self._send(instance_id, lambda now: EventRaised(now, name, input))

    async def terminate(self, instance_id: str, reason: str) -> None:
        """Ask an instance to end. Raises InstanceNotFound or InstanceEnded."""
        await self._send(instance_id, lambda now: ExecutionTerminated(now, reason))

    async def suspend(self, instance_id: str, reason: str) -> None:
        """Ask an instance to hold. Raises InstanceNotFound, InstanceEnded or WrongState."""

        def check(instance: Instance) -> None:
            if instance.status is Status.SUSPENDED:
                raise WrongState(
                    f"Cannot suspend the orchestration instance {instance_id} because instance is in the "
                    "Suspended state."
                )

        await self._send(instance_id, lambda now: ExecutionSuspended(now, reason), check)

    async def resume(self, instance_id: str, reason: str) -> None:
        """Ask a suspended instance to go on. Raises InstanceNotFound, InstanceEnded or WrongState."""

        def check(instance: Instance) -> None:
            if instance.status is not Status.SUSPENDED:
                raise WrongState(
                    f"Cannot resume the orchestration instance {instance_id} because instance is in the "
                    f"{instance.status} state."
                )

        await self._send(instance_id, lambda now: ExecutionResumed(now, reason), check)

    async def purge(self, instance_id: str) -> bool:
        """Delete an instance that has ended; False when there is none. Raises WrongState when it has not."""

        def work(transaction: Transaction) -> bool:
            instance = read_instance(transaction.connection, instance_id)
            if instance is None:
                return False
            if not instance.status.is_final and not is_entity_id(instance_id):
                raise WrongState(
                    f"The instance '{instance_id}' cannot be purged while its status is {instance.status}. "
                    "Terminate it first."
                )
            forget_instance(transaction.connection, instance_id)
            return True

        return await self._database.write(work)

    async def purge_where(self, filter: InstanceFilter) -> int:
        """Delete the ended instances that the filter means, and tell how many there were."""
        statuses = frozenset(s for s in filter.statuses or frozenset(Status) if s.is_final)
        parameters = _filter_parameters(replace(filter, statuses=statuses))

        def work(transaction: Transaction) -> int:
            ended = transaction.connection.execute(SQL["ended_instances"], parameters).fetchall()
            for row in ended:
                forget_instance(transaction.connection, row["instance_id"])
            return len(ended)

        return await self._database.write(work)

    async def rewind(self, instance_id: str, reason: str) -> None:
        """Run a failed instance again from its failures.

        Raises InstanceNotFound, InstanceEnded or WrongState.
        """
        now = self._clock.now()
        await self._database.write(lambda transaction: rewind_instance(transaction, instance_id, reason, now))

    async def restart(self, instance_id: str, new_id: bool) -> Instance:
        """Start an instance again with the input it had, under a fresh ID or its own.

        Raises InstanceNotFound, also for an entity, or InstanceExists when the same ID is still in use.
        """
        instance = await self.get(instance_id)
        if instance is None or is_entity_id(instance_id):
            raise InstanceNotFound(instance_id)
        wanted = None if new_id else instance_id
        return await self.start(instance.name, wanted, instance.input, instance.version)

    async def signal_entity(self, entity_id: str, operation: str, input: str | None) -> None:
        """Send an operation to an entity, which is made when there is none.

        Source: HTTP management API: signal entity.
        """
        now = self._clock.now()
        signal = request_for(SignalEntity(entity_id, operation, input)).message(now)

        def work(transaction: Transaction) -> None:
            post(transaction.connection, [signal], self.protocol)
            transaction.work |= Work.EPISODES

        await self._database.write(work)

    async def entity_state(self, entity_id: str) -> str | None:
        """The state of an entity as JSON text, None when it does not exist."""
        entity = await self.get(entity_id)
        return None if entity is None else entity.entity_state

    async def _send(
        self,
        instance_id: str,
        event: Callable[[int], Event],
        check: Callable[[Instance], None] = lambda instance: None,
    ) -> None:
        """Post an event to an instance that has not ended and passes `check`."""
        now = self._clock.now()

        def work(transaction: Transaction) -> None:
            instance = _living(transaction.connection, instance_id)
            check(instance)
            post(transaction.connection, [Message(instance_id, event(now), None, now)], instance.protocol)
            transaction.work |= Work.EPISODES

        await self._database.write(work)


def _living(connection: sqlite3.Connection, instance_id: str) -> Instance:
    instance = read_instance(connection, instance_id)
    if instance is None:
        raise InstanceNotFound(instance_id)
    if instance.status.is_final:
        raise InstanceEnded(instance_id, instance.status)
    return instance


def _filter_parameters(filter: InstanceFilter) -> dict[str, Any]:
    return {
        "created_from": _FIRST_MOMENT if filter.created_from is None else filter.created_from,
        "created_to": _LAST_MOMENT if filter.created_to is None else filter.created_to,
        "updated_from": _FIRST_MOMENT if filter.updated_from is None else filter.updated_from,
        "updated_to": _LAST_MOMENT if filter.updated_to is None else filter.updated_to,
        "entities": filter.entities,
        "prefix": filter.prefix,
        "prefix_end": filter.prefix + _LAST_CHARACTER,
        "statuses": f",{','.join(sorted(filter.statuses))}," if filter.statuses else "",
    }
