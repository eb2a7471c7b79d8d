"""One host instance: the rooms put together, from the first socket to the last child.

It composes and obeys; it decides nothing about requests, functions or instances. The sockets and the task
hub stay open for its whole life; the app in between may be started again.
"""

from __future__ import annotations

import asyncio
import functools
import json
import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from funchost import console, settings
from funchost.app_run import (
    EXIT_AT_ONCE,
    EXIT_FAILED,
    EXIT_STOPPED,
    GRACE_SECONDS,
    HUB_SECONDS,
    AppRun,
    CannotStart,
    Wanted,
    attempt,
)
from funchost.durable.refusals import HubUnavailable
from funchost.settings import Settings, SettingsError
from funchost.sources import Sources, SourceWatcher
from funchost.taskhub import App, HubDamaged, TaskHub, TaskHubError

if TYPE_CHECKING:
    from funchost.http.front_end import HttpFrontEnd
    from funchost.http.host_endpoints import Order
    from funchost.http.key_file import KeyFile
    from funchost.sidecar.endpoint import GrpcEndpoint
    from funchost.worker.invocations import ClientForm

Word: TypeAlias = "Order | int | dict[str, str]"
"""What an instance tells its supervisor: an order that it got, the run that it serves, why it ends."""

_STILL_OFFLINE_SECONDS = 1.0

_log = logging.getLogger("Host.General")


@dataclass(frozen=True, slots=True)
class Supervised:
    """What an instance below a supervisor is given.

    On `line` it reads what is wanted, a JSON object for each change; it writes the orders that it gets, the
    number of its run when the app serves requests, and why it cannot go on. The end of the line is the end of
    the supervisor.
    """

    number: int
    wanted: Wanted
    line: socket.socket


def run(
    settings: Settings, listening: socket.socket, began: float, supervised: Supervised | None = None
) -> int:
    """Run one host instance on this socket until it is told to stop; returns the exit code.

    `began` is the moment of the start, of time.monotonic().
    """
    try:
        return asyncio.run(HostInstance(settings, began, supervised).run(listening))
    finally:
        console.flush()


def give_up(problem: CannotStart) -> int:
    """Say why the host cannot start; returns the exit code."""
    console.print_end(str(problem))
    return problem.exit_code


def watch_sources(settings: Settings, on_change: Callable[[], object]) -> SourceWatcher | None:
    """Tell a person and `on_change`, in a thread of its own, when sources change; None without `--watch`."""
    if settings.watch is None:
        return None

    def tell(paths: tuple[str, ...]) -> None:
        console.print_changes(paths)
        on_change()

    watcher = SourceWatcher(Sources(settings.script_root, settings.data_dir, settings.watch), tell)
    watcher.start()
    return watcher


def reserve_port() -> socket.socket:
    """A loopback port that nobody else gets, for a server that binds it later with SO_REUSEPORT.

    The socket does not listen, so that every connection goes to that server.
    """
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    reserved.bind(("127.0.0.1", 0))
    return reserved


class HostInstance:
    """Obeys signals, the supervisor and the admin endpoints; runs the app, once more after each restart.

    An app that cannot start ends the host only when nobody could mend it meanwhile: at the first start,
    without `--watch`.
    """

    def __init__(self, settings: Settings, began: float, supervised: Supervised | None) -> None:
        self._settings = settings
        self._began = began
        self._supervised = supervised
        self._wanted = Wanted() if supervised is None else supervised.wanted
        self._label = f"i{1 if supervised is None else supervised.number}"
        # One of the instances prints what is the same in all of them.
        self._announces = self._label == "i1"
        self._stop_wanted = asyncio.Event()
        # A new run or a stop is wanted.
        self._interrupted = asyncio.Event()
        self._damage: HubDamaged | None = None
        self._stopped_well = True
        self._app: AppRun | None = None
        # For the gRPC server, which only apps on SDK 2.x need; clients keep its port over restarts.
        self._grpc_port = reserve_port()
        self._grpc: GrpcEndpoint | None = None
        self._to_supervisor: asyncio.StreamWriter | None = None
        self._listening_to_supervisor: asyncio.Task[None] | None = None

    @property
    def is_draining(self) -> bool:
        """Whether no work is taken but HTTP requests."""
        return self._wanted.drained

    @property
    def in_flight(self) -> int:
        """How many invocations run."""
        return 0 if self._app is None else self._app.pool.in_flight

    @property
    def worker_pids(self) -> Sequence[int]:
        """The worker processes that take work."""
        return () if self._app is None else self._app.pool.pids

    def order(self, order: Order) -> None:
        """Have all instances of the command carry out an order, soon."""
        if self._supervised is None:
            self._obey(self._wanted.after(order))
        else:
            self._tell_supervisor(order)

    async def run(self, listening: socket.socket) -> int:
        """Serve on this socket until it is told to stop, or say why that cannot be; returns the exit code."""
        code = EXIT_STOPPED
        try:
            await self._serve(listening)
        except CannotStart as problem:
            await self._give_up(problem)
            code = problem.exit_code
        except (OSError, HubUnavailable) as error:
            text = f"The host cannot go on: {error} Start it again when this is mended."
            await self._give_up(CannotStart(text))
            code = EXIT_FAILED
        if not self._stopped_well:
            console.flush()
            # A thread that waits for a hung disk would keep the process alive.
            os._exit(code or EXIT_FAILED)
        return code

    async def _give_up(self, problem: CannotStart) -> None:
        """Say why it ends. A supervisor says it once for all its instances."""
        if self._supervised is None or self._to_supervisor is None:
            give_up(problem)
            return
        self._tell_supervisor({"problem": str(problem)})
        with suppress(OSError):
            await self._to_supervisor.drain()

    async def _serve(self, listening: socket.socket) -> None:
        """Start everything, serve until the order to stop, stop everything in the opposite order.

        Raises CannotStart when the first start fails and no source is watched, or the task hub is damaged.
        """
        # Loaded here, so that the supervisor does without it.
        from funchost.http.front_end import HttpFrontEnd

        await self._listen_to_orders()
        keys = self._open_keys()
        hub = await self._open_hub()
        front_end = HttpFrontEnd(self._settings, self, keys)
        loop, watcher = asyncio.get_running_loop(), None
        # A supervisor watches for all instances.
        if self._supervised is None:
            restart = functools.partial(loop.call_soon_threadsafe, self.order, "restart")
            watcher = watch_sources(self._settings, restart)
        try:
            await front_end.start_rpc()
            await front_end.start(listening)
            await self._run_app(hub, front_end)
            if self._damage is not None:
                raise CannotStart(str(self._damage))
            if self._announces:
                console.print_stopping(GRACE_SECONDS)
        except BaseException as problem:
            front_end.fail(str(problem))
            raise
        finally:
            self._stopped_well = await self._stop(hub, front_end, watcher)

    async def _stop(self, hub: TaskHub, front_end: HttpFrontEnd, watcher: SourceWatcher | None) -> bool:
        """Take every step, whatever becomes of those before; whether all went well."""
        went_well = True
        if self._app is not None:
            self._app.take_work(False)
        if watcher is not None:
            went_well &= await attempt("Ending the watch", asyncio.to_thread(watcher.stop))
        went_well &= await attempt("Closing the port", front_end.stop(GRACE_SECONDS))
        if self._app is not None:
            went_well &= await self._app.stop(GRACE_SECONDS)
        if self._grpc is not None:
            went_well &= await attempt("Closing the gRPC port", self._grpc.stop())
        self._grpc_port.close()
        went_well &= await attempt("Closing the workers' port", front_end.stop_rpc())
        return went_well & await attempt("Closing the task hub", hub.close(), HUB_SECONDS)

    async def _run_app(self, hub: TaskHub, front_end: HttpFrontEnd) -> None:
        """Run the app, once more for each new run that is wanted, until the order to stop."""
        await self._run_once(hub, front_end, is_first=True)
        while not self._stop_wanted.is_set():
            front_end.hold()
            self._began = time.monotonic()
            if self._app is not None:
                await self._end_run(self._app, hub)
            if self._grpc is not None:
                self._grpc.hold()
            self._interrupted.clear()
            # The order to stop may have come while the last run was ended.
            if not self._stop_wanted.is_set():
                await self._run_once(hub, front_end, is_first=False)

    async def _end_run(self, app: AppRun, hub: TaskHub) -> None:
        """Make room for the next run. Raises CannotStart."""
        if not await app.stop(GRACE_SECONDS):
            raise CannotStart("The app cannot be restarted: see the lines above. Start funchost again.")
        try:
            await hub.free_leases(HUB_SECONDS)
        except HubUnavailable as trouble:
            raise CannotStart(
                f"The app cannot be restarted. {trouble} Then start funchost again."
            ) from trouble

    async def _run_once(self, hub: TaskHub, front_end: HttpFrontEnd, is_first: bool) -> None:
        """From a start to the next order to restart or to stop."""
        if front_end.is_offline:
            front_end.fail("The app is offline.")
            while front_end.is_offline and not self._interrupted.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._interrupted.wait(), _STILL_OFFLINE_SECONDS)
            return
        try:
            if not is_first:
                self._reload_settings()
            await self._start(hub, front_end, is_first)
        except (CannotStart, SettingsError) as problem:
            if is_first and self._settings.watch is None:
                raise
            front_end.fail(str(problem))
            if self._announces:
                console.print_failed_start(str(problem), self._settings)
        await self._interrupted.wait()

    async def _start(self, hub: TaskHub, front_end: HttpFrontEnd, is_first: bool) -> None:
        """Start one run; an order that comes meanwhile is obeyed. Raises CannotStart."""
        number = self._wanted.run
        binding = self._client_binding(front_end)
        app = self._app = AppRun(self._settings, hub, binding, self._label)
        load = asyncio.create_task(app.load())
        order = asyncio.create_task(self._interrupted.wait())
        await asyncio.wait([load, order], return_when=asyncio.FIRST_COMPLETED)
        order.cancel()
        if not load.done():
            await app.stop(0)
            load.cancel()
            await asyncio.wait([load])
            return
        load.result()
        await self._open_doors(app, front_end)
        if self._announces:
            console.print_functions(app.functions, self._settings)
            console.print_sdk(app.pool.sdk)
            if is_first:
                console.print_knobs(self._settings)
            if left_alone := await app.left_alone():
                _log.warning(left_alone)
        app.start_dispatchers()
        if self._wanted.drained:
            app.take_work(False)
        if self._supervised is None:
            console.print_ready(self._settings, time.monotonic() - self._began)
        else:
            self._tell_supervisor(number)

    async def _open_doors(self, app: AppRun, front_end: HttpFrontEnd) -> None:
        """Let requests in: the app is indexed, and no work of the task hub has been given to it yet.

        Raises CannotStart.
        """
        from funchost.http.router import RouteError

        if app.needs_grpc or self._grpc is not None:
            await self._open_grpc(app)

        try:
            front_end.ready(self._settings, app.clients, app.pool, app.functions, app.timer_payload)
        except RouteError as error:
            hint = 'Mend the route, or set extensions.http.routePrefix to "" in host.json.'
            raise CannotStart(f"{error}\n{hint}") from error

    async def _open_grpc(self, app: AppRun) -> None:
        """Serve the app's durable clients over gRPC. The server outlives the app."""
        from funchost.sidecar.endpoint import GrpcEndpoint
        from funchost.sidecar.instance_calls import Run

        hub = self._settings.hub
        if self._grpc is None:
            self._grpc = GrpcEndpoint(hub.name)
            try:
                await self._grpc.start(self._grpc_port.getsockname()[1])
            except OSError as error:
                raise CannotStart(str(error)) from error
        self._grpc.serve(Run(app.clients, hub.throw_on_raise_event) if app.needs_grpc else None)

    def _reload_settings(self) -> None:
        self._settings = settings.reload(self._settings, os.environ)
        console.setup_logging(self._settings, self._label)
        if self._announces:
            for warning in self._settings.warnings:
                _log.warning(warning)

    def _client_binding(self, front_end: HttpFrontEnd) -> dict[ClientForm, dict[str, object]]:
        from funchost.http.management import documents

        hub, public, code = self._settings.hub, front_end.webhook_base_url, front_end.webhook_key
        return {
            "json1": documents.client_binding(
                public, front_end.rpc_base_url, hub.name, hub.connection_name, code
            ),
            "grpc2": documents.grpc_client_binding(
                public,
                self._grpc_port.getsockname()[1],
                hub.name,
                code,
                max_message_bytes=hub.max_grpc_message_bytes,
                http_client_timeout=hub.grpc_http_client_timeout,
                use_forwarded_host=hub.use_forwarded_host,
            ),
        }

    async def _open_hub(self) -> TaskHub:
        hub = self._settings.hub
        opening = asyncio.create_task(
            TaskHub.open(
                self._settings.data_dir,
                hub.name,
                power_loss_safe=hub.power_loss_safe,
                app=App(self._settings.script_root, self._settings.adopt_hub),
                on_damage=self._hub_is_damaged,
            )
        )
        stop = asyncio.create_task(self._stop_wanted.wait())
        await asyncio.wait([opening, stop], return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if not opening.done():
            console.flush()
            # The thread that waits for a locked hub would keep the process alive much longer.
            os._exit(EXIT_STOPPED)
        try:
            return opening.result()
        except TaskHubError as error:
            raise CannotStart(str(error)) from error

    def _hub_is_damaged(self, damage: HubDamaged) -> None:
        self._damage = damage
        self._stop_soon()

    def _open_keys(self) -> KeyFile | None:
        from funchost.http.key_file import KeyFile, KeyFileError

        if not self._settings.enable_auth:
            return None
        try:
            keys = KeyFile(self._settings.data_dir)
        except KeyFileError as error:
            raise CannotStart(str(error)) from error
        if self._announces:
            console.print_keys(keys.path)
        return keys

    async def _listen_to_orders(self) -> None:
        """Obey from now on."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._asked_to_stop)
        if self._supervised is None:
            loop.add_signal_handler(signal.SIGINT, self._asked_to_stop)
            return
        # In a terminal Ctrl+C reaches every process; the supervisor's word is the one that counts.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        reader, self._to_supervisor = await asyncio.open_connection(sock=self._supervised.line)
        self._listening_to_supervisor = asyncio.create_task(self._listen_to_supervisor(reader))

    async def _listen_to_supervisor(self, reader: asyncio.StreamReader) -> None:
        with suppress(OSError):
            async for text in reader:
                self._obey(Wanted(**json.loads(text)))
        # It is gone: nobody is left who would stop this instance.
        self._stop_soon()

    def _tell_supervisor(self, word: Word) -> None:
        assert self._to_supervisor is not None
        self._to_supervisor.write(json.dumps(word).encode() + b"\n")

    def _obey(self, wanted: Wanted) -> None:
        """Turn to what is wanted now; a new run is started by `_run_app`."""
        before, self._wanted = self._wanted, wanted
        if wanted.run != before.run:
            self._interrupted.set()
        elif wanted.drained != before.drained and self._app is not None:
            self._app.take_work(not wanted.drained)

    def _asked_to_stop(self) -> None:
        if self._stop_wanted.is_set() and self._supervised is None:
            console.flush()
            # Workers end by themselves when their pipe closes.
            os._exit(EXIT_AT_ONCE)
        self._stop_soon()

    def _stop_soon(self) -> None:
        self._stop_wanted.set()
        self._interrupted.set()
