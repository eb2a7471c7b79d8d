"""The app, run after run: start it, wait for the order to restart or to stop, end it, start it again.

An app that cannot start ends the host only when nobody could mend it meanwhile: at the first start, without
`--watch`. Where orders come from is the host instance's affair.
"""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Sequence

from funchost import console, settings
from funchost.exits import CannotStart
from funchost.http.front_end import HttpFrontEnd
from funchost.http.management.documents import client_binding
from funchost.http.router import RouteError
from funchost.role import Role
from funchost.running_app import RunningApp
from funchost.settings import Settings, SettingsError
from funchost.taskhub import TaskHub

# How long the end of a run waits for what runs.
GRACE_SECONDS = 10.0
_STILL_OFFLINE_SECONDS = 1.0

_log = logging.getLogger("Host.General")


class AppRuns:
    """All runs of the app in one host instance.

    Attributes:
        is_draining: whether the app takes no work but HTTP requests.
        is_stopping: whether the order to stop has come.
    """

    def __init__(self, settings: Settings, role: Role) -> None:
        self.is_draining = False
        self.is_stopping = False
        self._settings = settings
        self._role = role
        self._began = role.began
        self._ordered = asyncio.Event()
        self._app: RunningApp | None = None

    @property
    def in_flight(self) -> int:
        """How many invocations run."""
        return 0 if self._app is None else self._app.pool.in_flight

    @property
    def worker_pids(self) -> Sequence[int]:
        """The worker processes that take work."""
        return () if self._app is None else self._app.pool.pids

    def restart(self) -> None:
        """End this run, or its start, and begin the next."""
        self._ordered.set()

    def stop(self) -> None:
        """Let `run` return; the app still works until `end`."""
        self.is_stopping = True
        self._ordered.set()

    def drain(self) -> None:
        """Take no new work from the task hub."""
        self.is_draining = True
        if self._app is not None:
            self._app.drain()

    def resume(self) -> None:
        """Take the task hub's work again."""
        self.is_draining = False
        if self._app is not None:
            self._app.resume()

    async def run(self, hub: TaskHub, front_end: HttpFrontEnd) -> None:
        """Run the app, once more after each order to restart, until the order to stop.

        Raises CannotStart when the first start fails and no source is watched.
        """
        await self._run_once(hub, front_end, is_first=True)
        while not self.is_stopping:
            front_end.hold()
            self._began = time.monotonic()
            await self.end(GRACE_SECONDS)
            self.is_draining = False
            self._ordered.clear()
            # The order to stop may have come while the last run was ended.
            if not self.is_stopping:
                await self._run_once(hub, front_end, is_first=False)

    async def end(self, grace_seconds: float) -> None:
        """End the run there is, waiting so long for its work."""
        if self._app is not None:
            await self._app.stop(grace_seconds)

    async def _run_once(self, hub: TaskHub, front_end: HttpFrontEnd, is_first: bool) -> None:
        """From a start to the next order."""
        if front_end.is_offline:
            front_end.fail("The app is offline.")
            await self._wait_for_order(or_not=lambda: front_end.is_offline)
            return
        try:
            if not is_first:
                self._reload_settings()
            await self._start(hub, front_end, is_first)
        except (CannotStart, SettingsError) as problem:
            if is_first and self._settings.watch is None:
                raise
            front_end.fail(str(problem))
            if self._role.announces:
                console.print_failed_start(str(problem), self._settings)
        await self._ordered.wait()

    async def _start(self, hub: TaskHub, front_end: HttpFrontEnd, is_first: bool) -> None:
        """Start one run; an order that comes meanwhile is obeyed. Raises CannotStart."""
        app = self._app = RunningApp(self._settings, hub, self._client_binding(front_end), self._role.label)
        load = asyncio.create_task(app.load())
        order = asyncio.create_task(self._ordered.wait())
        await asyncio.wait([load, order], return_when=asyncio.FIRST_COMPLETED)
        order.cancel()
        if not load.done():
            await app.stop(0)
            load.cancel()
            await asyncio.wait([load])
            return
        load.result()
        try:
            front_end.ready(self._settings, app.clients, app.pool, app.functions, app.timer_payload)
        except RouteError as error:
            hint = 'Mend the route, or set extensions.http.routePrefix to "" in host.json.'
            raise CannotStart(f"{error}\n{hint}") from error
        if self._role.announces:
            console.print_functions(app.functions, self._settings)
            if is_first:
                console.print_knobs(self._settings)
        app.start_dispatchers()
        self._role.on_ready(time.monotonic() - self._began)

    def _reload_settings(self) -> None:
        self._settings = settings.reload(self._settings, os.environ)
        console.setup_logging(self._settings, self._role.label)
        if self._role.announces:
            for warning in self._settings.warnings:
                _log.warning(warning)

    def _client_binding(self, front_end: HttpFrontEnd) -> dict[str, object]:
        hub = self._settings.hub
        urls = (front_end.webhook_base_url, front_end.rpc_base_url)
        return client_binding(*urls, hub.name, hub.connection_name, front_end.webhook_key)

    async def _wait_for_order(self, or_not: Callable[[], bool]) -> None:
        """Wait for an order, or until the condition is seen to hold no more."""
        while or_not():
            try:
                await asyncio.wait_for(self._ordered.wait(), _STILL_OFFLINE_SECONDS)
            except TimeoutError:
                continue
            return
