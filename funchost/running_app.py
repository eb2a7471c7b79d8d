"""One run of the app: its workers and the loops that give them work, from a start to a stop.

A restart is the end of one run and the start of the next. The sockets and the task hub outlive it; they
belong to the host instance.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from funchost.clock import SYSTEM_CLOCK
from funchost.dispatch.activity_dispatcher import ActivityDispatcher
from funchost.dispatch.durable_functions import DurableFunctions
from funchost.dispatch.instance_dispatcher import InstanceDispatcher, Versioning
from funchost.durable.episode_commit import Rules
from funchost.durable.instances import SdkProtocol
from funchost.durable.protocol import SdkRules
from funchost.durable.versions import MatchStrategy
from funchost.exits import EXIT_BAD_SETTING, CannotStart
from funchost.protocols.json1.answer import HTTP_ACTIVITY
from funchost.protocols.json1.rules import Json1Rules
from funchost.settings import Settings
from funchost.taskhub import ClientOperations, TaskHub, Work
from funchost.timers import functions as timer_functions
from funchost.timers.listeners import TimerListeners
from funchost.timers.moments import find_zone
from funchost.worker.invocations import AppLoadError, FunctionInfo, WorkerLost, WorkerSettings
from funchost.worker.pool import WorkerPool

# How long work that has lost its worker may take to be handed back.
_LAST_COMMITS_SECONDS = 2.0


class RunningApp:
    """The app under one version of its files and settings.

    Attributes:
        pool: its worker processes.
        functions: the functions that are served; empty until `load` is through.
    """

    def __init__(
        self, settings: Settings, hub: TaskHub, client_binding: Mapping[str, Any], instance_label: str
    ) -> None:
        self.pool = WorkerPool(_worker_settings(settings, client_binding, instance_label))
        self.functions: Sequence[FunctionInfo] = ()
        self._settings = settings
        self._hub = hub
        self._timers: TimerListeners
        self.clients: ClientOperations
        self._subscriptions: list[Callable[[], None]] = []
        self._dispatchers: list[InstanceDispatcher | ActivityDispatcher | TimerListeners] = []

    async def load(self) -> None:
        """Start the workers. Raises CannotStart when the app cannot be loaded; no worker is left then."""
        try:
            await self.pool.start()
            _check_selection(self._settings, self.pool.functions)
        except AppLoadError as error:
            raise CannotStart(_load_failure_text(self._settings, error)) from error
        selected = [each for each in self.pool.functions if self._settings.function_selected(each.name)]
        zone = find_zone(self._settings.time_zone)
        self.functions = timer_functions.checked(selected, zone)
        self._timers = TimerListeners(self._hub, self.pool, self.functions, zone)
        limits = self._settings.hub
        self.clients = self._hub.clients(
            SdkProtocol.JSON1,
            default_version=limits.default_version,
            overwrite_running=limits.overridable_states == "AnyState",
        )

    def start_dispatchers(self) -> None:
        """Begin to take the task hub's work and to fire timers."""
        # Loaded here, so that the command line answers without it.
        from funchost.http.outgoing import HttpCalls

        limits = self._settings.hub
        functions = DurableFunctions(f for f in self.functions if not f.disabled and f.error is None)
        versioning = Versioning(
            limits.default_version,
            MatchStrategy(limits.version_match_strategy),
            fails_others=limits.version_failure_strategy == "Fail",
        )
        rules = _sdk_rules(self._settings)
        common = (self._hub, self.pool, functions, rules)
        instances = InstanceDispatcher(*common, versioning, limits.max_orchestrators, limits.max_attempts)
        built_in = {HTTP_ACTIVITY: HttpCalls(limits.http_poll_ms, SYSTEM_CLOCK)}
        activities = ActivityDispatcher(*common, built_in, limits.max_activities, limits.max_attempts)
        self._subscriptions = [
            self._hub.wake_ups.subscribe(Work.EPISODES, instances.wake),
            self._hub.wake_ups.subscribe(Work.ACTIVITIES, activities.wake),
        ]
        self._dispatchers = [instances, activities, self._timers]
        for dispatcher in self._dispatchers:
            dispatcher.start()

    async def timer_payload(self, function: str) -> bytes:
        """What a timer function is given when it is run by hand."""
        return await self._timers.payload_by_hand(function)

    def drain(self) -> None:
        """Take no new work from the task hub, and fire no timers."""
        for dispatcher in self._dispatchers:
            dispatcher.drain()

    def resume(self) -> None:
        """Take the task hub's work and fire timers again."""
        for dispatcher in self._dispatchers:
            dispatcher.resume()

    async def stop(self, grace_seconds: float) -> None:
        """Take no more work, wait so long for what runs, and leave no worker and no lease behind."""
        self.drain()
        for end in self._subscriptions:
            end()
        self._subscriptions.clear()
        await self.pool.stop(grace_seconds)
        await asyncio.gather(*(dispatcher.stop(_LAST_COMMITS_SECONDS) for dispatcher in self._dispatchers))
        await self._hub.free_leases()


def _worker_settings(
    settings: Settings, client_binding: Mapping[str, Any], instance_label: str
) -> WorkerSettings:
    return WorkerSettings(
        script_root=settings.script_root,
        script_file=settings.script_file,
        process_count=settings.process_count,
        thread_count=settings.thread_count,
        dispatch=settings.dispatch,
        client_binding={"json1": client_binding, "grpc2": {}},
        environment={**settings.environment, "WEBSITE_INSTANCE_ID": instance_label},
        log_level=settings.log_levels.lowest_under("Function"),
        function_timeout_seconds=settings.function_timeout_seconds,
    )


def _sdk_rules(settings: Settings) -> SdkRules:
    limits = settings.hub
    rules = Rules(
        limits.store_inputs,
        limits.default_version,
        limits.max_orchestration_actions,
        limits.max_entity_batch,
        limits.http_poll_ms,
    )
    return Json1Rules(rules)


def _check_selection(settings: Settings, functions: Sequence[FunctionInfo]) -> None:
    known = {function.name.casefold() for function in functions}
    unknown = [name for name in settings.functions if name.casefold() not in known]
    if unknown:
        names = ", ".join(sorted(function.name for function in functions))
        raise CannotStart(
            f"--functions: there is no function '{unknown[0]}'. The app has: {names}.", EXIT_BAD_SETTING
        )


def _load_failure_text(settings: Settings, error: AppLoadError) -> str:
    stack = f"{error.stack.rstrip()}\n" if error.stack else ""
    script = settings.script_root / settings.script_file
    advice = f"Mend {script} (see the lines above) and start again."
    if error.type == WorkerLost.__name__:
        advice = f"Start again. If the process ends again, see what {script} does when it is imported."
    return f"Worker failed to index functions\n{stack}{error}\n\n{advice}"
