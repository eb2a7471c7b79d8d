"""The task hub as the rest of the house sees it: client operations, work items, timers, life signs."""

from collections.abc import Callable
from pathlib import Path

from funchost.durable.identity import new_id
from funchost.taskhub.client_operations import ClientOperations
from funchost.taskhub.exceptions import TaskHubError
from funchost.taskhub.life_signs import LifeSigns
from funchost.taskhub.storage.database import Database
from funchost.taskhub.timers import Timers
from funchost.taskhub.work_items import WorkItems


class TaskHub(ClientOperations, WorkItems, Timers):
    """One host instance's access to a task hub.

    Attributes:
        host_id: under which this host leases work.
        on_orchestrations: called on the event loop when an episode may be ready.
        on_activities: called on the event loop when an activity may be waiting.
    """

    def __init__(
        self, database: Database, locks: Path, default_version: str, overwrite_running: bool
    ) -> None:
        ClientOperations.__init__(self, database, default_version, overwrite_running)
        WorkItems.__init__(self, database, new_id())
        Timers.__init__(self, database, self.host_id)
        self.on_orchestrations: Callable[[], None] = lambda: None
        self.on_activities: Callable[[], None] = lambda: None
        self._life_signs = LifeSigns(database, locks, self.host_id, self._on_any_work)
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
        path = folder / f"{name}.db"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise TaskHubError(path, str(error)) from error
        database = Database(path, power_loss_safe=power_loss_safe)
        hub = cls(database, folder / f"{name}.hosts", default_version, overwrite_running)
        try:
            await hub._life_signs.begin()
        except OSError as error:
            await database.close()
            raise TaskHubError(path, str(error)) from error
        return hub

    async def free_leases(self) -> None:
        """Give back what this host has leased and does not work on any more."""
        await self._life_signs.free_leases()

    async def close(self) -> None:
        """Free what this host still leases and close the file."""
        await self._life_signs.end()
        await self._database.close()

    def _on_own_work(self, orchestrations: bool, activities: bool) -> None:
        if orchestrations:
            self.on_orchestrations()
        if activities:
            self.on_activities()
        self._life_signs.call_others()

    def _on_any_work(self) -> None:
        self.on_orchestrations()
        self.on_activities()
