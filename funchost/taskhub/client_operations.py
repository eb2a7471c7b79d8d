"""Client operations: what the management API and the durable clients ask of a task hub.

They are made for a run of an app. An instance keeps the SDK protocol that it began with; one of another
protocol can be looked at, replaced and purged, and all else is refused with OtherGeneration. The other
refusals are those of `funchost.durable.refusals` too. When a method returns, what it did is committed.
"""

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

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
from funchost.durable.refusals import InstanceEnded, InstanceNotFound, OtherGeneration, WrongState
from funchost.taskhub.database import Database, Transaction, Work
from funchost.taskhub.finding import EntityStatus, Page, entity_status, filter_parameters, read_page
from funchost.taskhub.instance_transactions import UNFINISHED, post, put_new_instance, rewind_instance
from funchost.taskhub.removal import (
    release_orphaned_locks,
    remove_empty_entities,
    remove_ended,
    remove_instance,
)
from funchost.taskhub.rows import instance_parameters, read_history, read_instance
from funchost.taskhub.statements import SQL
from funchost.taskhub.status_waits import StatusWaits, Subscribe
from funchost.tracking import Tracking

_GENERATIONS = {SdkProtocol.JSON1: "1.x", SdkProtocol.GRPC2: "2.x"}


@dataclass(frozen=True, slots=True)
class Purged:
    """How many instances a purge has deleted, and whether it came to its end within its time."""

    deleted: int
    is_complete: bool = True


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
        subscribe: Subscribe,
        tracking: Tracking,
    ) -> None:
        self.protocol = protocol
        self._database = database
        self._clock = clock
        self._default_version = default_version
        self._replaceable = frozenset(Status) if overwrite_running else frozenset(Status) - UNFINISHED
        self._waits = StatusWaits(database, subscribe)
        self._tracking = tracking

    async def start(
        self,
        name: str,
        instance_id: str | None,
        input: str | None,
        version: str | None = None,
        *,
        tags: Mapping[str, str] | None = None,
        start_at: int | None = None,
        replaceable: frozenset[Status] | None = None,
    ) -> Instance:
        """Start an orchestration, now or at `start_at`; without an ID it gets a fresh one.

        `input` is stored text. A used ID is started anew when the status of its instance is among the
        `replaceable` ones (None: all) and may be replaced at all. Raises InvalidInstanceId, or InstanceExists
        when the ID is in use.
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
            tags=tags,
            created_at=now,
            updated_at=now,
            scheduled_at=start_at,
        )
        started = ExecutionStarted(now, name, instance.version)
        may_replace = self._replaceable if replaceable is None else self._replaceable & replaceable

        def work(transaction: Transaction) -> Instance:
            transaction.work |= Work.EPISODES
            return put_new_instance(transaction.connection, instance, started, replaceable=may_replace)

        created = await self._database.write(work)
        self._tracking.start_asked(created)
        return created

    async def get(self, instance_id: str) -> Instance | None:
        """The instance as it is now, None when there is none."""
        return await self._database.read(lambda connection: read_instance(connection, instance_id))

    async def wait_for(self, instance_id: str, is_reached: Callable[[Status], bool]) -> Instance | None:
        """The instance as soon as its status passes `is_reached`; None when there is none, or no more."""
        await self._waits.until(instance_id, is_reached)
        return await self.get(instance_id)

    async def history(self, instance_id: str) -> list[Event]:
        """The events of the current execution."""
        recorded = await self._database.read(lambda connection: read_history(connection, instance_id))
        return [event for event in recorded if event.type < FIRST_PRIVATE_TYPE]

    async def find(
        self,
        filter: InstanceFilter,
        limit: int,
        after: str | None = None,
        *,
        with_values: bool = True,
        most_text: int | None = None,
    ) -> tuple[list[Instance], str | None]:
        """A page of instances in the order of their IDs, and the ID behind which the next page begins, None
        when there is none.

        Without values the input, output, custom status, failure and entity state of each are left out. A page
        ends early when its values have reached `most_text` characters.
        """
        page = Page(limit, after or "", with_values, most_text)
        return await self._database.read(lambda connection: read_page(connection, filter, page))

    async def raise_event(
        self, instance_id: str, name: str, input: str | None, *, must_arrive: bool = True
    ) -> None:
        """Send an external event; `input` is JSON text.

        Raises InstanceNotFound or InstanceEnded; unless it must arrive, it is dropped then.
        """
        try:
            instance = await self._send(instance_id, lambda now: EventRaised(now, name, input))
        except (InstanceNotFound, InstanceEnded) as refusal:
            if must_arrive:
                raise
            self._tracking.event_dropped(instance_id, name, str(refusal))
            return
        self._tracking.event_asked(instance, name, input)

    async def terminate(self, instance_id: str, reason: str | None, *, recursive: bool = False) -> None:
        """Ask an instance to end, and all that run below it if that is asked. One whose start is put off ends
        at once.

        Raises InstanceNotFound or InstanceEnded.
        """
        now = self._clock.now()
        terminated = ExecutionTerminated(now, reason)

        def work(transaction: Transaction) -> Instance:
            connection = transaction.connection
            instance = self._living(connection, instance_id)
            below = []
            if recursive:
                below = connection.execute(SQL["descendants"], {"instance_id": instance_id}).fetchall()
            if _start_is_put_off(instance, now):
                _end_unstarted(connection, instance, reason, now)
            receivers = (instance_id, *(row["instance_id"] for row in below))
            post(connection, [Message(each, terminated, None, now) for each in receivers], self.protocol)
            transaction.work |= Work.EPISODES
            return instance

        self._tracking.termination_asked(await self._database.write(work), reason)

    async def suspend(self, instance_id: str, reason: str | None) -> None:
        """Ask an instance to hold. Raises InstanceNotFound, InstanceEnded or WrongState."""

        def check(instance: Instance) -> None:
            if instance.status is Status.SUSPENDED:
                raise WrongState(
                    f"Cannot suspend the orchestration instance {instance_id} because instance is in the "
                    "Suspended state."
                )

        instance = await self._send(instance_id, lambda now: ExecutionSuspended(now, reason), check)
        self._tracking.suspension_asked(instance, reason)

    async def resume(self, instance_id: str, reason: str | None) -> None:
        """Ask a suspended instance to go on. Raises InstanceNotFound, InstanceEnded or WrongState."""

        def check(instance: Instance) -> None:
            if instance.status is not Status.SUSPENDED:
                raise WrongState(
                    f"Cannot resume the orchestration instance {instance_id} because instance is in the "
                    f"{instance.status} state."
                )

        instance = await self._send(instance_id, lambda now: ExecutionResumed(now, reason), check)
        self._tracking.resumption_asked(instance, reason)

    async def rewind(self, instance_id: str, reason: str) -> None:
        """Run a failed instance again from its failures.

        Raises InstanceNotFound, InstanceEnded or WrongState.
        """
        now = self._clock.now()

        def work(transaction: Transaction) -> Instance:
            self._check_generation(read_instance(transaction.connection, instance_id))
            return rewind_instance(transaction, instance_id, reason, now)

        self._tracking.rewind_asked(await self._database.write(work), reason)

    async def restart(self, instance_id: str, new_id: bool) -> Instance:
        """Start an instance again with the input and the tags it had, under a fresh ID or its own.

        Raises InstanceNotFound, also for an entity, or InstanceExists when the same ID is still in use.
        """
        instance = await self.get(instance_id)
        if instance is None or is_entity_id(instance_id):
            raise InstanceNotFound(instance_id)
        self._check_generation(instance)
        wanted = None if new_id else instance_id
        return await self.start(instance.name, wanted, instance.input, instance.version, tags=instance.tags)

    async def purge(self, instance_id: str, *, recursive: bool = False) -> int:
        """Delete an instance that has ended, and all that ended below it if that is asked; returns how many
        were deleted, 0 when there is no such instance.

        Entities and instances of the other SDK generation need not have ended. Raises WrongState when the
        instance must end first.
        """

        def work(transaction: Transaction) -> int:
            instance = read_instance(transaction.connection, instance_id)
            if instance is None:
                return 0
            must_end = instance.protocol is self.protocol and not is_entity_id(instance_id)
            if must_end and not instance.status.is_final:
                raise WrongState(
                    f"The instance '{instance_id}' cannot be purged while its status is {instance.status}. "
                    "Terminate it first."
                )
            return remove_instance(transaction, instance_id, recursive=recursive)

        return await self._database.write(work)

    async def purge_where(
        self, filter: InstanceFilter, *, recursive: bool = False, seconds: float | None = None
    ) -> Purged:
        """Delete the ended instances that the filter means, and all that ended below them if that is asked.

        It stops after about so many seconds; None is as long as it takes.
        """
        statuses = frozenset(s for s in filter.statuses or frozenset(Status) if s.is_final)
        parameters = filter_parameters(replace(filter, statuses=statuses))
        began, deleted = self._clock.monotonic(), 0
        while count := await self._database.write(
            lambda transaction: remove_ended(transaction, parameters, recursive=recursive)
        ):
            deleted += count
            if seconds is not None and self._clock.monotonic() - began >= seconds:
                return Purged(deleted, is_complete=False)
        return Purged(deleted)

    async def signal_entity(
        self,
        entity_id: str,
        operation: str,
        input: str | None,
        *,
        due: int | None = None,
        request_id: str | None = None,
    ) -> None:
        """Send an operation to an entity, which is made when there is none; it runs now or when it is due.

        Source: HTTP management API: signal entity.
        """
        now = self._clock.now()
        signal = request_for(SignalEntity(entity_id, operation, input, due, request_id)).message(now)

        def work(transaction: Transaction) -> None:
            self._check_generation(read_instance(transaction.connection, entity_id))
            post(transaction.connection, [signal], self.protocol)
            transaction.work |= Work.EPISODES

        await self._database.write(work)
        self._tracking.signal_asked(entity_id, operation)

    async def entity(self, entity_id: str) -> EntityStatus | None:
        """What there is of an entity, None when nobody has ever asked it anything."""

        def read(connection: sqlite3.Connection) -> EntityStatus | None:
            instance = read_instance(connection, entity_id)
            return None if instance is None else entity_status(connection, instance)

        return await self._database.read(read)

    async def entity_state(self, entity_id: str) -> str | None:
        """The state of an entity as JSON text, None when it does not exist."""
        entity = await self.get(entity_id)
        return None if entity is None else entity.entity_state

    async def find_entities(
        self,
        filter: InstanceFilter,
        limit: int,
        after: str | None = None,
        *,
        with_values: bool = True,
        with_transient: bool = False,
        most_text: int | None = None,
    ) -> tuple[list[EntityStatus], str | None]:
        """A page of entities like that of `find`; those without a state are left out unless they are
        asked for as well."""
        page = Page(limit, after or "", with_values, most_text, with_stateless=with_transient)

        def read(connection: sqlite3.Connection) -> tuple[list[EntityStatus], str | None]:
            found, following = read_page(connection, replace(filter, entities=True), page)
            return [entity_status(connection, entity) for entity in found], following

        return await self._database.read(read)

    async def remove_empty_entities(self) -> int:
        """Remove the entities that have no state, no lock and nothing to do; returns how many there were."""
        removed = 0
        while count := await self._database.write(remove_empty_entities):
            removed += count
        return removed

    async def release_orphaned_locks(self) -> int:
        """Have the locks given back whose holders do not run any more; returns how many there are."""
        now = self._clock.now()
        return await self._database.write(
            lambda transaction: release_orphaned_locks(transaction, self.protocol, now)
        )

    async def _send(
        self,
        instance_id: str,
        event: Callable[[int], Event],
        check: Callable[[Instance], None] = lambda instance: None,
    ) -> Instance:
        """Post an event to an instance that has not ended and passes `check`; returns the instance."""
        now = self._clock.now()

        def work(transaction: Transaction) -> Instance:
            instance = self._living(transaction.connection, instance_id)
            check(instance)
            # An instance hears of nothing before its start.
            visible_at = instance.scheduled_at if _start_is_put_off(instance, now) else now
            message = Message(instance_id, event(now), None, visible_at or now)
            post(transaction.connection, [message], instance.protocol)
            transaction.work |= Work.EPISODES
            return instance

        return await self._database.write(work)

    def _living(self, connection: sqlite3.Connection, instance_id: str) -> Instance:
        instance = read_instance(connection, instance_id)
        if instance is None:
            raise InstanceNotFound(instance_id)
        if instance.status.is_final:
            raise InstanceEnded(instance_id, instance.status)
        self._check_generation(instance)
        return instance

    def _check_generation(self, instance: Instance | None) -> None:
        if instance is not None and instance.protocol is not self.protocol:
            raise OtherGeneration(
                instance.instance_id, _GENERATIONS[instance.protocol], _GENERATIONS[self.protocol]
            )


def _start_is_put_off(instance: Instance, now: int) -> bool:
    is_pending = instance.status is Status.PENDING
    return is_pending and instance.scheduled_at is not None and instance.scheduled_at > now


def _end_unstarted(connection: sqlite3.Connection, instance: Instance, reason: str | None, now: int) -> None:
    """End an instance of which nothing has run."""
    ended = replace(instance, status=Status.TERMINATED, output=reason, updated_at=now, completed_at=now)
    connection.execute(SQL["update_instance"], instance_parameters(ended))
    for name in ("close_mailbox", "delete_messages"):
        connection.execute(SQL[name], {"instance_id": instance.instance_id})
