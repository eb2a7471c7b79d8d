"""The task hub as the rest of the house sees it: client operations, work items, timer records, wake-ups."""

import asyncio
import logging
import os
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

from funchost.clock import SYSTEM_CLOCK, Clock
from funchost.durable.identity import new_id
from funchost.durable.instances import SdkProtocol
from funchost.durable.refusals import HubUnavailable
from funchost.taskhub.client_operations import ClientOperations
from funchost.taskhub.database import Database, Transaction, Work
from funchost.taskhub.host_watch import HostWatch, host_is_dead
from funchost.taskhub.migrations import SCHEMA_VERSION, bring_up_to_date, check_version, hosts_of
from funchost.taskhub.ownership import App, claim
from funchost.taskhub.timer_records import TimerRecords
from funchost.taskhub.trouble import HubDamaged, TaskHubError, cannot_open, refuse_damaged
from funchost.taskhub.upkeep import Upkeep, clock_was_set_back, repair_times
from funchost.taskhub.work_items import WorkItems
from funchost.tracking import Tracking

# When a person begins to wonder.
_SAID_AFTER_SECONDS = 2.0

_log = logging.getLogger("DurableTask.AzureStorage")


class WakeUps:
    """Who wants to hear that there may be work. Listeners are called on the event loop."""

    def __init__(self) -> None:
        self._listeners: list[tuple[int, Callable[[], None]]] = []

    def subscribe(self, work: int, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` whenever there may be work of one of these kinds. What this returns ends it."""
        entry = (work, listener)
        self._listeners.append(entry)
        return lambda: self._listeners.remove(entry)

    def tell(self, work: int) -> None:
        """Call those who want to hear of it."""
        for wanted, listener in tuple(self._listeners):
            if wanted & work:
                listener()


class TaskHub:
    """One host instance's access to a task hub.

    Attributes:
        host_id: under which this host leases work.
        work: the work items that this host leases and hands in.
        timers: which host fires each timer function, and when.
        wake_ups: tells when there may be work.
    """

    def __init__(self, path: Path, database: Database, wake_ups: WakeUps, locks: Path, clock: Clock) -> None:
        self._path = path
        self._is_given_up = False
        self.host_id = new_id()
        self.wake_ups = wake_ups
        self.work = WorkItems(database, self.host_id, clock)
        self.timers = TimerRecords(database, self.host_id)
        self._database = database
        self._clock = clock
        self._watch = HostWatch(
            database, locks, self.host_id, clock, on_work=lambda: self.wake_ups.tell(Work.ANY)
        )
        self._upkeep = Upkeep(database, clock)

    @classmethod
    async def open(
        cls,
        folder: Path,
        name: str,
        *,
        power_loss_safe: bool = False,
        clock: Clock = SYSTEM_CLOCK,
        app: App | None = None,
        on_damage: Callable[[HubDamaged], None] = lambda damage: None,
    ) -> "TaskHub":
        """Open the hub `name` in `folder`, take over what dead hosts left, and register this host.

        Folder and files are made readable by their owner only. `app` is whose the hub is to be. `on_damage`
        is called when the file proves to be damaged later; the host must not go on then. Raises TaskHubError
        when the hub cannot be opened, or is that of another app.
        """
        opening = asyncio.ensure_future(cls._open(folder, name, power_loss_safe, clock, app, on_damage))
        try:
            await asyncio.wait([opening], timeout=_SAID_AFTER_SECONDS)
            if not opening.done():
                _log.warning(
                    "Task hub '%s' cannot be opened yet: another process holds it locked or brings it up to "
                    "date. It is waited for.",
                    folder / f"{name}.db",
                )
            return await opening
        finally:
            opening.cancel()

    @classmethod
    async def _open(
        cls,
        folder: Path,
        name: str,
        power_loss_safe: bool,
        clock: Clock,
        app: App | None,
        on_damage: Callable[[HubDamaged], None],
    ) -> "TaskHub":
        path, locks = folder / f"{name}.db", folder / f"{name}.hosts"
        wake_ups = WakeUps()

        def prepare(connection: sqlite3.Connection) -> None:
            def alive(hosts: list[str]) -> bool:
                return not all(host_is_dead(locks, host_id) for host_id in hosts)

            if not alive(hosts_of(connection)):
                refuse_damaged(connection, path)
            before = bring_up_to_date(connection, path, clock.now(), alive)
            if before is not None:
                _log.warning("Task hub '%s' was brought from version %d to %d.", path, before, SCHEMA_VERSION)

        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            check_version(path)
            _keep_private(path)
            database = await Database.open(
                path,
                power_loss_safe=power_loss_safe,
                prepare=prepare,
                on_work=lambda work: hub._on_own_work(work),
                on_damage=lambda damage: hub._on_damage(damage, on_damage),
            )
        except (OSError, sqlite3.Error) as error:
            raise cannot_open(path, error) from error
        hub = cls(path, database, wake_ups, locks, clock)
        try:
            now = clock.now()
            await database.write_if(
                lambda connection: clock_was_set_back(connection, now),
                lambda transaction: repair_times(transaction, now),
            )
            await hub._watch.begin(lambda transaction: hub._claim(transaction, app))
        except (HubUnavailable, OSError, TaskHubError) as error:
            await hub._watch.end(frees=False)
            await database.close()
            raise cannot_open(path, error) from error
        hub._upkeep.begin()
        database.is_quiet = False
        return hub

    def clients(
        self,
        protocol: SdkProtocol,
        tracking: Tracking | None = None,
        *,
        default_version: str = "",
        overwrite_running: bool = False,
    ) -> ClientOperations:
        """What clients ask of this hub, for an app of this protocol.

        `default_version` is the version of instances that are started without one; with `overwrite_running`
        a start replaces an instance that has not ended.
        """
        return ClientOperations(
            self._database,
            self._clock,
            protocol,
            default_version,
            overwrite_running,
            self.wake_ups.subscribe,
            tracking or Tracking(),
        )

    async def free_leases(self, seconds: float | None = None) -> None:
        """Give back what this host has leased and does not work on any more.

        Raises HubUnavailable, also when it takes longer than so many seconds. Nothing but `close` is allowed
        then.
        """
        self._database.is_quiet = True
        try:
            await asyncio.wait_for(self._watch.free_leases(), seconds)
        except (HubUnavailable, TimeoutError) as error:
            self._is_given_up = True
            late = HubUnavailable(str(self._path), f"it has not answered for {seconds} s", "See who uses it.")
            raise self._database.trouble or late from error
        self._database.is_quiet = False

    async def close(self) -> None:
        """Free what this host still leases and close the file.

        Raises HubUnavailable when the leases cannot be freed; the next host that looks around does that.
        """
        self._database.hurry()
        try:
            await self._upkeep.end()
            await self._watch.end(frees=not self._is_given_up)
        finally:
            await self._database.close()

    def _claim(self, transaction: Transaction, app: App | None) -> None:
        if app is None:
            return
        owner = claim(
            transaction.connection,
            self._path,
            app,
            lambda: self._watch.others_are_alive(transaction.connection),
        )
        if owner is not None:
            _log.warning(
                "Task hub '%s' was that of the app in '%s' and is that of '%s' from now on.",
                self._path,
                owner,
                app.folder,
            )

    def _on_damage(self, damage: HubDamaged, tell: Callable[[HubDamaged], None]) -> None:
        self._is_given_up = True
        tell(damage)

    def _on_own_work(self, work: int) -> None:
        self.wake_ups.tell(work)
        self._watch.call_others()


def _keep_private(path: Path) -> None:
    """Make the hub's file if there is none, and let only its owner read it and its side files.

    SQLite gives new side files the mode of the file they belong to.
    """
    if not path.exists():
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    for file in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        if file.is_file() and stat.S_IMODE(file.stat().st_mode) != 0o600:
            file.chmod(0o600)
