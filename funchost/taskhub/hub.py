"""The task hub as the rest of the house sees it: client operations, work items, and life signs.

Client operations raise the refusals of `funchost.durable.exceptions`. When a method returns, what it did
is committed.
"""

import asyncio
import json
import sqlite3
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from funchost.durable import entities, events
from funchost.durable.commit import Commit, Message
from funchost.durable.events import Event
from funchost.durable.exceptions import InstanceEnded, InstanceNotFound, WrongState
from funchost.durable.identity import check_instance_id, is_entity_id, new_id
from funchost.durable.model import Instance, InstanceFilter, Status
from funchost.durable.scheduling import started
from funchost.taskhub import hosts, rewinding, work
from funchost.taskhub.database import Database, Transaction
from funchost.taskhub.posting import post
from funchost.taskhub.rows import instance_from_row, read_history, read_instance
from funchost.taskhub.starting import forget_instance, put_new_instance
from funchost.taskhub.statements import SQL
from funchost.taskhub.wakeup import WakeUp

_FIRST_MOMENT = -(2**62)
_LAST_MOMENT = 2**62
_LAST_CHARACTER = "\U0010ffff"
_LOOK_AROUND_SECONDS = 1.0


def clock() -> int:
    """Now, in microseconds since 1970."""
    return time.time_ns() // 1000


class TaskHub:
    """One host instance's access to a task hub.

    Attributes:
        host_id: under which this host leases work.
        on_orchestrations: called on the event loop when an episode may be ready.
        on_activities: called on the event loop when an activity may be waiting.
    """

    def __init__(
        self, database: Database, locks: Path, default_version: str, overwrite_running: bool
    ) -> None:
        self.host_id = new_id()
        self.on_orchestrations: Callable[[], None] = lambda: None
        self.on_activities: Callable[[], None] = lambda: None
        self._database = database
        self._locks = locks
        self._default_version = default_version
        self._overwrite_running = overwrite_running
        self._lock: hosts.HostLock | None = None
        self._wakeup: WakeUp | None = None
        self._watch: asyncio.Task[None] | None = None
        database.on_work = self._on_own_work

    @classmethod
    async def open(
        cls,
        folder: Path,
        name: str,
        *,
        default_version: str = "",
        overwrite_running: bool = False,
        power_loss_safe: bool = False,
    ) -> "TaskHub":
        """Open the hub `name` in `folder`, take over what dead hosts left, and register this host.

        A new folder is made readable by its owner only. Raises TaskHubError when the hub cannot be opened.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        database = Database(folder / f"{name}.db", power_loss_safe=power_loss_safe)
        hub = cls(database, folder / f"{name}.hosts", default_version, overwrite_running)
        await hub._register()
        return hub

    async def close(self) -> None:
        """Free what this host still leases and close the file."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait([self._watch])
        await self._database.write(lambda transaction: hosts.take_over(transaction, self.host_id))
        if self._wakeup is not None:
            self._wakeup.call_others()
            self._wakeup.close()
        await self._database.close()
        if self._lock is not None:
            self._lock.release()

    # Client operations

    async def start(
        self, name: str, instance_id: str | None, input: str | None, version: str | None = None
    ) -> Instance:
        """Start an orchestration; without an ID it gets a fresh one.

        `input` is stored JSON text. Raises InvalidInstanceId, or InstanceExists when the ID is in use.
        Source: HTTP management API: start; DurableTask.Core duplicate start rule.
        """
        if instance_id:
            check_instance_id(instance_id)
        now = clock()
        instance = Instance(
            instance_id=instance_id or new_id(),
            execution_id=new_id(),
            name=name,
            version=self._default_version if version is None else version,
            status=Status.PENDING,
            input=input,
            output=None,
            custom_status=None,
            created_at=now,
            updated_at=now,
            completed_at=None,
        )
        start = started(instance, now)

        def work(transaction: Transaction) -> Instance:
            transaction.orchestrations = True
            return put_new_instance(
                transaction.connection, instance, start, overwrite_running=self._overwrite_running
            )

        return await self._database.write(work)

    async def get(self, instance_id: str) -> Instance | None:
        """The instance as it is now, None when there is none."""
        return await self._database.read(lambda connection: read_instance(connection, instance_id))

    async def history(self, instance_id: str) -> list[dict[str, Any]]:
        """The events of the current execution, as the protocol writes them."""
        recorded = await self.events(instance_id)
        return [json.loads(event.text) for event in recorded if event.type < events.FIRST_PRIVATE_TYPE]

    async def find(
        self, filter: InstanceFilter, limit: int, after: str | None = None
    ) -> tuple[list[Instance], str | None]:
        """A page of instances in the order of their IDs, and the token of the next page, if there is one."""
        parameters = _filter_parameters(filter) | {
            "after": "" if after is None else urllib.parse.unquote(after),
            "prefix": filter.prefix,
            "prefix_end": filter.prefix + _LAST_CHARACTER,
            "limit": limit + 1,
        }
        rows = await self._database.read(lambda c: c.execute(SQL["page"], parameters).fetchall())
        found = [instance_from_row(row) for row in rows[:limit]]
        more = len(rows) > limit
        return found, urllib.parse.quote(found[-1].instance_id) if more else None

    async def raise_event(self, instance_id: str, name: str, input: str) -> None:
        """Send an external event; `input` is JSON text. Raises InstanceNotFound or InstanceEnded."""
        await self._send(instance_id, lambda now: events.event_raised(now, name, input))

    async def terminate(self, instance_id: str, reason: str) -> None:
        """Ask an instance to end. Raises InstanceNotFound or InstanceEnded."""
        await self._send(instance_id, lambda now: events.execution_terminated(now, reason))

    async def suspend(self, instance_id: str, reason: str) -> None:
        """Ask an instance to hold. Raises InstanceNotFound, InstanceEnded or WrongState."""

        def check(instance: Instance) -> None:
            if instance.status is Status.SUSPENDED:
                raise WrongState(
                    f"Cannot suspend the orchestration instance {instance_id} because instance is in the "
                    "Suspended state."
                )

        await self._send(instance_id, lambda now: events.execution_suspended(now, reason), check)

    async def resume(self, instance_id: str, reason: str) -> None:
        """Ask a suspended instance to go on. Raises InstanceNotFound, InstanceEnded or WrongState."""

        def check(instance: Instance) -> None:
            if instance.status is not Status.SUSPENDED:
                raise WrongState(
                    f"Cannot resume the orchestration instance {instance_id} because instance is in the "
                    f"{instance.status} state."
                )

        await self._send(instance_id, lambda now: events.execution_resumed(now, reason), check)

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
            for (instance_id,) in ended:
                forget_instance(transaction.connection, instance_id)
            return len(ended)

        return await self._database.write(work)

    async def rewind(self, instance_id: str, reason: str) -> None:
        """Run a failed instance again from its failures.

        Raises InstanceNotFound, InstanceEnded or WrongState.
        """
        now = clock()
        await self._database.write(
            lambda transaction: rewinding.rewind_instance(transaction, instance_id, reason, now)
        )

    async def restart(self, instance_id: str, new_id: bool) -> Instance:
        """Start an instance again with the input it had, under a fresh ID or its own.

        Raises InstanceNotFound, or InstanceExists when the same ID is still in use.
        """
        instance = await self.get(instance_id)
        if instance is None:
            raise InstanceNotFound(instance_id)
        wanted = None if new_id else instance_id
        return await self.start(instance.name, wanted, instance.input, instance.version)

    async def signal_entity(self, entity_id: str, operation: str, input: str | None) -> None:
        """Send an operation to an entity, which is made when there is none.

        Source: HTTP management API: signal entity.
        """
        now = clock()
        signal = Message(entity_id, entities.signal(operation, input, now), None, now)

        def work(transaction: Transaction) -> None:
            post(transaction.connection, [signal])
            transaction.orchestrations = True

        await self._database.write(work)

    async def entity_state(self, entity_id: str) -> str | None:
        """The state of an entity as JSON text, None when it does not exist."""
        entity = await self.get(entity_id)
        return None if entity is None else entities.entity_state(entity)

    # Work items

    async def lease_instances(
        self, limit: int, is_cached: Callable[[Instance, int], bool]
    ) -> list[work.LeasedInstance]:
        """Lease up to `limit` instances that have something to do."""
        now = clock()
        leased = await self._database.write_if(
            lambda connection: work.any_ready_mailbox(connection, now),
            lambda transaction: work.lease_instances(transaction, self.host_id, limit, now, is_cached),
        )
        return leased or []

    async def events(self, instance_id: str) -> list[Event]:
        """The history of the current execution, private events included."""
        return await self._database.read(lambda connection: read_history(connection, instance_id))

    async def next_ready_at(self) -> int | None:
        """When the next episode can start: now or in the past, at a timer, or None."""
        return await self._database.read(work.next_ready_at)

    async def return_instance(self, instance_id: str, pause_seconds: float) -> None:
        """Give an instance back without a commit; its episode is tried again after the pause."""
        ready_at = clock() + int(pause_seconds * 1_000_000)
        await self._database.write(
            lambda transaction: work.return_instance(transaction, self.host_id, instance_id, ready_at)
        )

    async def commit_episode(
        self, leased: work.LeasedInstance, commit: Commit, rest_microseconds: int = 0
    ) -> None:
        """Write what an episode decided. Raises LeaseLost when the instance is no longer ours."""
        rest_until = clock() + rest_microseconds
        await self._database.write(
            lambda transaction: work.commit_episode(transaction, self.host_id, leased, commit, rest_until)
        )

    async def lease_activities(self, limit: int) -> list[work.LeasedActivity]:
        """Lease up to `limit` activities."""
        now = clock()
        leased = await self._database.write_if(
            lambda connection: work.any_waiting_activity(connection, now),
            lambda transaction: work.lease_activities(transaction, self.host_id, limit, now),
        )
        return leased or []

    async def next_activity_at(self) -> int | None:
        """When the next waiting activity may run: now or in the past, later, or None."""
        return await self._database.read(work.next_activity_at)

    async def postpone_activity(self, leased: work.LeasedActivity, input: str, not_before: int) -> None:
        """Have an activity run later, with another input. Raises LeaseLost when it is no longer ours."""
        await self._database.write(
            lambda transaction: work.postpone_activity(transaction, self.host_id, leased, input, not_before)
        )

    async def return_activity(self, activity_id: int) -> None:
        """Give an activity back, to be run again."""
        await self._database.write(
            lambda transaction: work.return_activity(transaction, self.host_id, activity_id)
        )

    async def finish_activity(self, leased: work.LeasedActivity, outcome: Event) -> None:
        """Hand in the outcome of an activity. Raises LeaseLost when it is no longer ours."""
        now = clock()
        await self._database.write(
            lambda transaction: work.finish_activity(transaction, self.host_id, leased, outcome, now)
        )

    # Life signs

    async def _register(self) -> None:
        self._lock = hosts.HostLock(self._locks, self.host_id)
        self._wakeup = await WakeUp.open(self._on_any_work)
        await self._beat()
        await self._look_for_others()
        self._wakeup.call_others()
        self._watch = asyncio.create_task(self._watch_others())

    async def _watch_others(self) -> None:
        """Say regularly that this host lives, and look for dead ones and for work nobody called out."""
        rounds = round(hosts.HEARTBEAT_SECONDS / _LOOK_AROUND_SECONDS)
        while True:
            for _ in range(rounds):
                await asyncio.sleep(_LOOK_AROUND_SECONDS)
                await self._look_for_others()
                self._on_any_work()
            await self._beat()

    async def _beat(self) -> None:
        assert self._wakeup is not None
        port, now = self._wakeup.port, clock()
        await self._database.write(lambda transaction: hosts.beat(transaction, self.host_id, port, now))

    async def _look_for_others(self) -> None:
        assert self._wakeup is not None
        now = clock()
        others = await self._database.read(lambda connection: hosts.other_hosts(connection, self.host_id))
        ports = set()
        for host_id, port, alive_until in others:
            if alive_until < now or hosts.host_is_dead(self._locks, host_id):
                await self._database.write(
                    lambda transaction, dead=host_id: hosts.take_over(transaction, dead)  # type: ignore[misc]
                )
            else:
                ports.add(port)
        self._wakeup.ports = frozenset(ports)

    def _on_own_work(self, orchestrations: bool, activities: bool) -> None:
        if orchestrations:
            self.on_orchestrations()
        if activities:
            self.on_activities()
        if self._wakeup is not None:
            self._wakeup.call_others()

    def _on_any_work(self) -> None:
        self.on_orchestrations()
        self.on_activities()

    async def _send(
        self,
        instance_id: str,
        event: Callable[[int], Event],
        check: Callable[[Instance], None] = lambda instance: None,
    ) -> None:
        """Post an event to an instance that has not ended and passes `check`."""
        now = clock()

        def work(transaction: Transaction) -> None:
            instance = _living(transaction.connection, instance_id)
            check(instance)
            post(transaction.connection, [Message(instance_id, event(now), None, now)])
            transaction.orchestrations = True

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
        "statuses": f",{','.join(sorted(filter.statuses))}," if filter.statuses else "",
    }
