"""The host instances of one hub: this one says that it lives, hears of work of others, and takes over what a
dead one had leased.

A host holds a lock on a file of its own for as long as its process lives; the kernel lets go of it at
the moment of death, so a killed host's work is taken over at once. One that hangs loses its leases when
its time runs out, by the machine's monotonic clock, which nobody can set. A wake-up call is one datagram on
loopback that says that there is new work in the hub. It is only a hint: a lost one delays work until the next
look around, a forged one costs one look.
"""

import asyncio
import fcntl
import logging
import os
import sqlite3
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import IO, cast

from funchost.clock import Clock
from funchost.durable.refusals import HubUnavailable
from funchost.taskhub.database import Database, Transaction, Work
from funchost.taskhub.statements import SQL

HEARTBEAT_SECONDS = 5.0
_LIFE_MICROSECONDS = 30_000_000
_LOOK_AROUND_SECONDS = 1.0
_LOOPBACK = "127.0.0.1"
_CALL = b"work"

_log = logging.getLogger("DurableTask.AzureStorage")


class HostWatch:
    """One host among those that share a hub. `on_work` is called when another host may have made work."""

    def __init__(
        self, database: Database, locks: Path, host_id: str, clock: Clock, on_work: Callable[[], None]
    ) -> None:
        self._database = database
        self._locks = locks
        self._host_id = host_id
        self._clock = clock
        self._on_work = on_work
        self._lock: HostLock | None = None
        self._calls: WakeUpCalls | None = None
        self._watch: asyncio.Task[None] | None = None
        self._alive_until = 0

    async def begin(self, check: Callable[[Transaction], None]) -> None:
        """Register this host, and take over what dead ones left.

        `check` is done together with the registration. Raises OSError, HubUnavailable or what `check` raises.
        """
        self._lock = HostLock(self._locks, self._host_id)
        self._calls = await WakeUpCalls.open(self._on_work)
        await self._beat(check)
        await self._look_for_others()
        self._calls.call_others()
        self._watch = asyncio.create_task(self._watch_others())

    async def free_leases(self) -> None:
        """Give back what this host has leased."""
        await self._database.write(lambda transaction: free_leases(transaction, self._host_id))

    async def end(self, *, frees: bool = True) -> None:
        """Leave the hub to the others, and free what this host still leases, or leave that to them too."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait([self._watch])
        try:
            if frees:
                await self._database.write(lambda transaction: take_over(transaction, self._host_id))
        finally:
            if self._calls is not None:
                self._calls.call_others()
                self._calls.close()
            if self._lock is not None:
                self._lock.release()

    def call_others(self) -> None:
        """Tell the other hosts that there is work."""
        if self._calls is not None:
            self._calls.call_others()

    def others_are_alive(self, connection: sqlite3.Connection) -> bool:
        """Whether another host works on the hub."""
        others = _other_hosts(connection, self._host_id)
        return not all(host_is_dead(self._locks, host_id) for host_id, _, _ in others)

    async def _watch_others(self) -> None:
        """Say regularly that this host lives, and look for dead ones and for work nobody called out."""
        rounds = round(HEARTBEAT_SECONDS / _LOOK_AROUND_SECONDS)
        while True:
            for _ in range(rounds):
                await self._clock.sleep(_LOOK_AROUND_SECONDS)
                if self._now() > self._alive_until:
                    # This process was stopped, or all were: let the others say first that they live.
                    break
                await self._attempt(self._look_for_others())
                self._on_work()
            await self._attempt(self._beat())

    async def _attempt(self, step: Coroutine[None, None, None]) -> None:
        """A step that fails must not end the life signs: the others would take this host for dead."""
        try:
            await step
        except HubUnavailable:
            # The hub itself tells of it.
            return
        except Exception:
            _log.exception("The other host instances could not be looked after. It is tried again.")

    async def _beat(self, check: Callable[[Transaction], None] = lambda transaction: None) -> None:
        assert self._calls is not None
        alive_until = self._now() + _LIFE_MICROSECONDS
        parameters = {"host_id": self._host_id, "wake_port": self._calls.port, "alive_until": alive_until}

        def beat(transaction: Transaction) -> None:
            check(transaction)
            transaction.connection.execute(SQL["put_host"], parameters)
            transaction.connection.execute(SQL["see_time"], {"now": self._clock.now()})

        await self._database.write(beat)
        self._alive_until = alive_until

    async def _look_for_others(self) -> None:
        assert self._calls is not None
        now = self._now()
        others = await self._database.read(lambda connection: _other_hosts(connection, self._host_id))
        ports = set()
        for host_id, port, alive_until in others:
            dead = host_is_dead(self._locks, host_id)
            if dead or alive_until < now:
                await self._take_over(host_id)
            else:
                ports.add(port)
            if dead:
                _lock_path(self._locks, host_id).unlink(missing_ok=True)
        self._calls.ports = frozenset(ports)

    def _now(self) -> int:
        """A time that all processes of the machine share."""
        return int(self._clock.monotonic() * 1_000_000)

    async def _take_over(self, host_id: str) -> None:
        await self._database.write(lambda transaction: take_over(transaction, host_id))


class HostLock:
    """The lock file of one host; holding it says that the host's process lives."""

    def __init__(self, folder: Path, host_id: str) -> None:
        """Raises OSError."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = _lock_path(folder, host_id)
        self._file: IO[bytes] = os.fdopen(os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600), "wb")
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def release(self) -> None:
        """Let go of the lock and remove its file."""
        self._path.unlink(missing_ok=True)
        self._file.close()


def _lock_path(folder: Path, host_id: str) -> Path:
    return folder / f"{host_id}.lock"


def host_is_dead(folder: Path, host_id: str) -> bool:
    """Whether no process holds this host's lock."""
    try:
        descriptor = os.open(_lock_path(folder, host_id), os.O_RDONLY)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def free_leases(transaction: Transaction, host_id: str) -> None:
    """Free everything that a host has leased; what has ended meanwhile is not run again."""
    for name in ("drop_orphaned_activities", "free_mailboxes", "free_activities", "free_timers"):
        transaction.connection.execute(SQL[name], {"host_id": host_id})
    transaction.work |= Work.ANY


def take_over(transaction: Transaction, host_id: str) -> None:
    """Free everything that a host had leased and forget the host."""
    free_leases(transaction, host_id)
    transaction.connection.execute(SQL["delete_host"], {"host_id": host_id})


def _other_hosts(connection: sqlite3.Connection, host_id: str) -> list[tuple[str, int, int]]:
    rows = connection.execute(SQL["hosts"]).fetchall()
    return [
        (row["host_id"], row["wake_port"], row["alive_until"]) for row in rows if row["host_id"] != host_id
    ]


class WakeUpCalls(asyncio.DatagramProtocol):
    """A loopback UDP socket: `on_call` is called for every call heard."""

    def __init__(self, on_call: Callable[[], None]) -> None:
        self._on_call = on_call
        self._transport: asyncio.DatagramTransport | None = None
        self.ports: frozenset[int] = frozenset()

    @classmethod
    async def open(cls, on_call: Callable[[], None]) -> "WakeUpCalls":
        """Bind a free port and listen."""
        loop = asyncio.get_running_loop()
        _, protocol = await loop.create_datagram_endpoint(lambda: cls(on_call), local_addr=(_LOOPBACK, 0))
        return protocol

    @property
    def port(self) -> int:
        """The port on which this host hears of work."""
        assert self._transport is not None
        port: int = self._transport.get_extra_info("sockname")[1]
        return port

    def call_others(self) -> None:
        """Tell the hosts in `ports` that there is work."""
        if self._transport is not None:
            for port in self.ports:
                self._transport.sendto(_CALL, (_LOOPBACK, port))

    def close(self) -> None:
        """Stop listening."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Pass the call on."""
        self._on_call()

    def error_received(self, exc: Exception) -> None:
        """A host that is gone refuses its datagram; it is forgotten with its lease."""
