"""Life signs: this host says that it lives, and looks for hosts that do not and for work of others."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from pathlib import Path

from funchost.taskhub import hosts
from funchost.taskhub.clock import clock
from funchost.taskhub.storage.database import Database
from funchost.taskhub.wakeup import WakeUp

_LOOK_AROUND_SECONDS = 1.0

_log = logging.getLogger("Host.Durable")


class LifeSigns:
    """One host among those that share a hub. `on_work` is called when another host may have made work."""

    def __init__(self, database: Database, locks: Path, host_id: str, on_work: Callable[[], None]) -> None:
        self._database = database
        self._locks = locks
        self._host_id = host_id
        self._on_work = on_work
        self._lock: hosts.HostLock | None = None
        self._wakeup: WakeUp | None = None
        self._watch: asyncio.Task[None] | None = None
        self._alive_until = 0

    async def begin(self) -> None:
        """Register this host, and take over what dead ones left."""
        self._lock = hosts.HostLock(self._locks, self._host_id)
        self._wakeup = await WakeUp.open(self._on_work)
        await self._beat()
        await self._look_for_others()
        self._wakeup.call_others()
        self._watch = asyncio.create_task(self._watch_others())

    async def free_leases(self) -> None:
        """Give back what this host has leased."""
        await self._database.write(lambda transaction: hosts.free_leases(transaction, self._host_id))

    async def end(self) -> None:
        """Free what this host still leases and leave the hub to the others."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait([self._watch])
        await self._database.write(lambda transaction: hosts.take_over(transaction, self._host_id))
        if self._wakeup is not None:
            self._wakeup.call_others()
            self._wakeup.close()
        if self._lock is not None:
            self._lock.release()

    def call_others(self) -> None:
        """Tell the other hosts that there is work."""
        if self._wakeup is not None:
            self._wakeup.call_others()

    async def _watch_others(self) -> None:
        """Say regularly that this host lives, and look for dead ones and for work nobody called out."""
        rounds = round(hosts.HEARTBEAT_SECONDS / _LOOK_AROUND_SECONDS)
        while True:
            for _ in range(rounds):
                await asyncio.sleep(_LOOK_AROUND_SECONDS)
                if clock() > self._alive_until:
                    # The machine has slept, and the others with it: let them say first that they live.
                    break
                await self._attempt(self._look_for_others())
                self._on_work()
            await self._attempt(self._beat())

    async def _attempt(self, step: Coroutine[None, None, None]) -> None:
        """A step that fails must not end the life signs: the others would take this host for dead."""
        try:
            await step
        except Exception:
            _log.exception("The other host instances could not be looked after. It is tried again.")

    async def _beat(self) -> None:
        assert self._wakeup is not None
        port, now = self._wakeup.port, clock()
        self._alive_until = await self._database.write(
            lambda transaction: hosts.beat(transaction, self._host_id, port, now)
        )

    async def _look_for_others(self) -> None:
        assert self._wakeup is not None
        now = clock()
        others = await self._database.read(lambda connection: hosts.other_hosts(connection, self._host_id))
        ports = set()
        for host_id, port, alive_until in others:
            dead = hosts.host_is_dead(self._locks, host_id)
            if dead or alive_until < now:
                await self._take_over(host_id)
            else:
                ports.add(port)
            if dead:
                hosts.remove_lock(self._locks, host_id)
        self._wakeup.ports = frozenset(ports)

    async def _take_over(self, host_id: str) -> None:
        await self._database.write(lambda transaction: hosts.take_over(transaction, host_id))
