"""One host instance: the rooms put together, from the first socket to the last child.

It composes and orders; it decides nothing about requests, functions or instances.
"""

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass

from funchost import console
from funchost.dispatch.activities import ActivityDispatcher
from funchost.dispatch.entities import EntityBatches
from funchost.dispatch.functions import ENTITY_TRIGGER, ORCHESTRATION_TRIGGER, DurableFunctions
from funchost.dispatch.instances import InstanceDispatcher
from funchost.dispatch.orchestrations import OrchestrationEpisodes
from funchost.durable.scheduling import Rules
from funchost.durable.status import client_binding
from funchost.settings.model import Settings
from funchost.taskhub import TaskHub, TaskHubError
from funchost.worker.exceptions import AppLoadError
from funchost.worker.model import FunctionInfo, WorkerSettings
from funchost.worker.pool import WorkerPool

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
EXIT_STOPPED = 0
EXIT_CANNOT_START = 1
EXIT_BAD_SETTING = 2
EXIT_AT_ONCE = 130

# How long a stop waits for what runs.
GRACE_SECONDS = 10.0
_BACKLOG = 1024

_log = logging.getLogger("Host.General")


class CannotStart(Exception):
    """The host cannot start; the text says why and what to do."""

    def __init__(self, text: str, exit_code: int = EXIT_CANNOT_START) -> None:
        super().__init__(text)
        self.exit_code = exit_code


@dataclass(frozen=True, slots=True)
class Role:
    """Which of the host instances this one is, and whom it tells how things go.

    `announces` is set for the one instance that prints the functions. `on_ready` is called once it
    serves requests. `orphaned` is a descriptor that becomes readable when the supervisor dies.
    """

    label: str = "i1"
    announces: bool = True
    on_ready: Callable[[], None] = lambda: None
    orphaned: int | None = None


def listen(settings: Settings) -> socket.socket:
    """The public socket. Raises CannotStart when the port is taken or the address is not ours."""
    family = socket.AF_INET6 if ":" in settings.address else socket.AF_INET
    try:
        return socket.create_server((settings.address, settings.port), family=family, backlog=_BACKLOG)
    except OSError as error:
        text = (
            f"Port {settings.port} is unavailable. Close the process using that port, or specify another "
            f"port using --port [-p]. ({error.strerror})"
        )
        raise CannotStart(text, EXIT_BAD_SETTING) from error


def run_instance(settings: Settings, listening: socket.socket, role: Role) -> int:
    """Run one host instance on this socket until it is told to stop; returns the exit code."""
    try:
        asyncio.run(_HostInstance(settings, listening, role).serve())
        return EXIT_STOPPED
    except CannotStart as problem:
        return give_up(problem)
    finally:
        console.flush()


def give_up(problem: CannotStart) -> int:
    """Say why the host cannot start; returns the exit code."""
    console.flush()
    print(problem, file=sys.stderr)
    return problem.exit_code


class _HostInstance:
    def __init__(self, settings: Settings, listening: socket.socket, role: Role) -> None:
        self._settings = settings
        self._listening = listening
        self._role = role
        self._stop = asyncio.Event()
        self._functions = DurableFunctions()

    async def serve(self) -> None:
        """Start everything, wait for the order to stop, stop everything in the opposite order."""
        # Loaded here, so that the command line answers without it.
        from funchost.http.server import HttpFrontEnd

        self._watch_for_the_end()
        hub = await self._open_hub()
        pool = WorkerPool(self._worker_settings())
        front_end = HttpFrontEnd(
            self._settings,
            hub,
            pool,
            lambda: self._functions.names(ORCHESTRATION_TRIGGER),
            lambda: self._functions.names(ENTITY_TRIGGER),
        )
        dispatchers: list[InstanceDispatcher | ActivityDispatcher] = []
        try:
            await front_end.start_rpc()
            pool.settings.client_binding.update(self._client_binding(front_end.rpc_base_url))
            await front_end.start(self._listening)
            await self._load_app(pool)
            front_end.ready(self._served(pool.functions))
            dispatchers = self._start_dispatchers(hub, pool)
            self._role.on_ready()
            await self._stop.wait()
            _log.info("Stopping: waiting at most %d s for what runs.", GRACE_SECONDS)
        except BaseException:
            front_end.fail()
            raise
        finally:
            await front_end.stop(GRACE_SECONDS)
            await asyncio.gather(*(dispatcher.stop(GRACE_SECONDS) for dispatcher in dispatchers))
            await pool.stop(0)
            await front_end.stop_rpc()
            await hub.close()

    async def _open_hub(self) -> TaskHub:
        hub = self._settings.hub
        try:
            return await TaskHub.open(
                self._settings.data_dir,
                hub.name,
                default_version=hub.default_version,
                overwrite_running=hub.overridable_states == "AnyState",
                power_loss_safe=hub.power_loss_safe,
            )
        except (TaskHubError, OSError) as error:
            raise CannotStart(str(error)) from error

    async def _load_app(self, pool: WorkerPool) -> None:
        """Start the workers; a stop that comes meanwhile is obeyed."""
        start = asyncio.create_task(pool.start())
        stop = asyncio.create_task(self._stop.wait())
        await asyncio.wait([start, stop], return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if not start.done():
            await pool.stop(0)
            start.cancel()
            await asyncio.wait([start])
            return
        try:
            start.result()
        except AppLoadError as error:
            raise CannotStart(_load_failure_text(self._settings, error)) from error
        served = self._served(pool.functions)
        self._functions = DurableFunctions(f for f in served if not f.disabled and f.error is None)
        self._check_selection(pool.functions)
        if self._role.announces:
            console.print_functions(served, self._settings)
            console.print_knobs(self._settings)

    def _served(self, functions: tuple[FunctionInfo, ...]) -> list[FunctionInfo]:
        return [function for function in functions if self._settings.function_selected(function.name)]

    def _check_selection(self, functions: tuple[FunctionInfo, ...]) -> None:
        known = {function.name.casefold() for function in functions}
        unknown = [name for name in self._settings.functions if name.casefold() not in known]
        if unknown:
            names = ", ".join(sorted(function.name for function in functions))
            raise CannotStart(
                f"--functions: there is no function '{unknown[0]}'. The app has: {names}.", EXIT_BAD_SETTING
            )

    def _worker_settings(self) -> WorkerSettings:
        settings = self._settings
        return WorkerSettings(
            script_root=settings.script_root,
            script_file=settings.script_file,
            process_count=settings.process_count,
            thread_count=settings.thread_count,
            dispatch=settings.dispatch,
            client_binding={},
            environment={**settings.environment, "WEBSITE_INSTANCE_ID": self._role.label},
            log_level=settings.log_levels.lowest_under("Function"),
            function_timeout_seconds=settings.function_timeout_seconds,
        )

    def _client_binding(self, rpc_base_url: str) -> dict[str, object]:
        hub = self._settings.hub
        base_url = f"http://localhost:{self._settings.port}/runtime/webhooks/durabletask"
        return client_binding(base_url, rpc_base_url, hub.name, hub.connection_name)

    def _start_dispatchers(
        self, hub: TaskHub, pool: WorkerPool
    ) -> list[InstanceDispatcher | ActivityDispatcher]:
        from funchost.http.outgoing import send

        limits = self._settings.hub
        rules = Rules(limits.store_inputs, limits.default_version, limits.max_orchestration_actions)
        episodes = OrchestrationEpisodes(pool, self._functions, rules, limits.http_poll_ms)
        batches = EntityBatches(pool, self._functions, limits.max_entity_batch)
        instances = InstanceDispatcher(hub, episodes, batches, limits.max_orchestrators)
        activities = ActivityDispatcher(
            hub, pool, self._functions, send, limits.max_activities, limits.http_poll_ms
        )
        hub.on_orchestrations = instances.wake
        hub.on_activities = activities.wake
        instances.start()
        activities.start()
        return [instances, activities]

    def _watch_for_the_end(self) -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._asked_to_stop)
        if self._role.orphaned is None:
            loop.add_signal_handler(signal.SIGINT, self._asked_to_stop)
        else:
            # In a terminal Ctrl+C reaches every process; the supervisor's word is the one that counts.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            loop.add_reader(self._role.orphaned, self._orphaned)

    def _asked_to_stop(self) -> None:
        if self._stop.is_set() and self._role.orphaned is None:
            console.flush()
            # Workers end by themselves when their pipe closes.
            os._exit(EXIT_AT_ONCE)
        self._stop.set()

    def _orphaned(self) -> None:
        assert self._role.orphaned is not None
        asyncio.get_running_loop().remove_reader(self._role.orphaned)
        self._stop.set()


def _load_failure_text(settings: Settings, error: AppLoadError) -> str:
    stack = f"{error.stack.rstrip()}\n" if error.stack else ""
    script = settings.script_root / settings.script_file
    return (
        f"Worker failed to index functions\n{stack}{error}\n\n"
        f"Mend {script} (see the lines above) and start again."
    )
