"""One run of the app: its workers and the loops that give them work, from a start to a stop.

A restart is the end of one run and the start of the next. The sockets and the task hub outlive it; they
belong to the host instance. What is wanted of the app is counted here and decided elsewhere.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from funchost.clock import SYSTEM_CLOCK, Clock
from funchost.conventions.names import LISTENED_TRIGGERS
from funchost.dispatch.activity_dispatcher import ActivityDispatcher
from funchost.dispatch.durable_functions import (
    ACTIVITY_TRIGGER,
    ENTITY_TRIGGER,
    ORCHESTRATION_TRIGGER,
    DurableFunctions,
)
from funchost.dispatch.instance_dispatcher import InstanceDispatcher, Versioning
from funchost.durable.episode_commit import Rules
from funchost.durable.instances import SdkProtocol
from funchost.durable.protocol import SdkRules
from funchost.durable.versions import MatchStrategy
from funchost.http import mcp_tools
from funchost.protocols.json1.answer import HTTP_ACTIVITY
from funchost.protocols.json1.rules import Json1Rules
from funchost.settings import Settings
from funchost.taskhub import ClientOperations, Selection, TaskHub, Work
from funchost.tracking import Tracking
from funchost.triggers.retries import with_default
from funchost.triggers.source import TriggerSource
from funchost.triggers.timers import timer_functions
from funchost.triggers.timers.moments import find_zone
from funchost.triggers.timers.timer_listeners import TimerListeners
from funchost.worker.invocations import (
    AppLoadError,
    ClientForm,
    FunctionInfo,
    SdkFacts,
    WorkerLost,
    WorkerSettings,
)
from funchost.worker.pool import WorkerPool

if TYPE_CHECKING:
    from funchost.http.host_endpoints import Order

# How the command ends.
EXIT_STOPPED = 0
EXIT_FAILED = 1
EXIT_BAD_SETTING = 2
EXIT_AT_ONCE = 130

# How long a stop waits for HTTP requests, and then for all other work.
GRACE_SECONDS = 10.0
# How long a task hub that is locked may hold up the end of a run, and its own.
HUB_SECONDS = 5.0
# How long work that has lost its worker may take to be handed back.
_LAST_COMMITS_SECONDS = 2.0
_NAMED_INSTANCES = 5

_log = logging.getLogger("Host.General")


class CannotStart(Exception):
    """The host or its app cannot start; the text says why and what to do."""

    def __init__(self, text: str, exit_code: int = EXIT_FAILED) -> None:
        super().__init__(text)
        self.exit_code = exit_code


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the orders so far ask for, so that the latest one is all that an instance must be told.

    `run` is the number of the app's run; `drained` says that it takes no work but HTTP requests.
    """

    run: int = 1
    drained: bool = False

    def after(self, order: Order) -> Wanted:
        """What is wanted after one more order; a new run begins with the task hub's work."""
        match order:
            case "restart":
                return Wanted(self.run + 1)
            case "drain":
                return replace(self, drained=True)
            case "resume":
                return replace(self, drained=False)


async def attempt(what: str, step: Awaitable[object], seconds: float | None = None) -> bool:
    """Take one step of a stop, so long at most; whether it went well. A failure is one line of the log."""
    task = asyncio.ensure_future(step)
    await asyncio.wait([task], timeout=seconds)
    if task.done() and task.exception() is None:
        return True
    reason = str(task.exception()) if task.done() else f"it took longer than {seconds} s"
    # What it does when it is cancelled may take long too, and is not waited for.
    task.cancel()
    _log.error("%s failed: %s", what, reason.replace("\n", " "))
    return False


class AppRun:
    """The app under one version of its files and settings.

    Attributes:
        pool: its worker processes.
        functions: the functions that are served; empty until `load` is through.
        clients: what durable clients ask of the task hub, in the app's protocol; after `load`.
    """

    def __init__(
        self,
        settings: Settings,
        hub: TaskHub,
        client_binding: Mapping[ClientForm, Mapping[str, Any]],
        instance_label: str,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.pool = WorkerPool(
            worker_settings(settings, client_binding, instance_label, process_count=settings.process_count)
        )
        self.functions: Sequence[FunctionInfo] = ()
        self._settings = settings
        self._hub = hub
        self._clock = clock
        self._timers: TimerListeners
        self._rules: SdkRules
        limits = settings.hub
        self._tracking = Tracking(
            limits.name, shows_values=limits.trace_values, shows_replays=limits.trace_replays
        )
        self.clients: ClientOperations
        self._subscriptions: list[Callable[[], None]] = []
        self._trigger_sources: list[TriggerSource] = []

    async def load(self) -> None:
        """Start the workers. Raises CannotStart when the app cannot be loaded; no worker is left then."""
        try:
            await self.pool.start()
            _check_selection(self._settings, self.pool.functions)
        except AppLoadError as error:
            raise CannotStart(_load_failure_text(self._settings, error)) from error
        selected = [each for each in self.pool.functions if self._settings.function_selected(each.name)]
        zone = find_zone(self._settings.time_zone)
        selected = with_default(selected, self._settings.retry, LISTENED_TRIGGERS)
        has_mcp = find_spec("mcp") is not None
        self.functions = mcp_tools.checked(timer_functions.checked(selected, zone), has_package=has_mcp)
        self._timers = TimerListeners(self._hub, self.pool, self.functions, zone, self._clock)
        self._rules = _sdk_rules(self._settings, self.pool.sdk)
        limits = self._settings.hub
        self.clients = self._hub.clients(
            self._rules.protocol,
            self._tracking,
            default_version=limits.default_version,
            overwrite_running=limits.overridable_states == "AnyState",
        )

    @property
    def needs_grpc(self) -> bool:
        """Whether its durable clients call over gRPC; after `load`."""
        return self._rules.protocol is SdkProtocol.GRPC2

    async def left_alone(self) -> str | None:
        """What is to be said of instances that another SDK generation began; None when there are none."""
        count, first = await self._hub.work.of_other_protocol(self._rules.protocol, _NAMED_INSTANCES)
        if not count:
            return None
        other = "1.x" if self.needs_grpc else "2.x"
        names = ", ".join(f"'{instance_id}'" for instance_id in first) + (
            ", ..." if count > len(first) else ""
        )
        return (
            f"{count} unfinished instances were started with azure-functions-durable {other} and are left as "
            f"they are: {names}. Run the app with {other} until they have ended, or give it another hubName."
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
        common = (self._hub, self.pool, functions, self._rules, self._selection())
        instances = InstanceDispatcher(
            *common, versioning, limits.max_orchestrators, limits.max_attempts, self._tracking, self._clock
        )
        built_in = {
            HTTP_ACTIVITY: HttpCalls(limits.http_poll_ms, limits.http_answer_limit_bytes, self._clock)
        }
        activities = ActivityDispatcher(
            *common, built_in, limits.max_activities, limits.max_attempts, self._tracking, self._clock
        )
        self._subscriptions = [
            self._hub.wake_ups.subscribe(Work.EPISODES, instances.wake),
            self._hub.wake_ups.subscribe(Work.ACTIVITIES, activities.wake),
        ]
        self._trigger_sources = [instances, activities, self._timers]
        for source in self._trigger_sources:
            source.start()

    def _selection(self) -> Selection:
        """The functions that `--functions` leaves out are left to whoever runs them."""
        selected = {function.name for function in self.functions}
        left_out: dict[str, list[str]] = defaultdict(list)
        for function in self.pool.functions:
            if function.name not in selected:
                left_out[function.trigger].append(function.durable_name)
        return Selection(
            self._rules.protocol,
            orchestrators=left_out[ORCHESTRATION_TRIGGER],
            entities=left_out[ENTITY_TRIGGER],
            activities=left_out[ACTIVITY_TRIGGER],
        )

    async def timer_payload(self, function: str) -> bytes:
        """What a timer function is given when it is run by hand."""
        return await self._timers.payload_by_hand(function)

    def take_work(self, wanted: bool) -> None:
        """Take the task hub's work and fire timers, or leave both from now on."""
        for source in self._trigger_sources:
            source.resume() if wanted else source.drain()

    async def stop(self, grace_seconds: float) -> bool:
        """Take no more work, wait so long for what runs, and leave no worker behind.

        Every step is taken; returns whether all went well. What was not handed back is still leased.
        """
        self.take_work(False)
        for end in self._subscriptions:
            end()
        self._subscriptions.clear()
        sources, self._trigger_sources = self._trigger_sources, []
        ended = [await attempt("Ending the workers", self.pool.stop(grace_seconds))]
        stops = (source.stop(_LAST_COMMITS_SECONDS) for source in sources)
        ended += await asyncio.gather(*(attempt("Handing work back", stop) for stop in stops))
        return all(ended)


def worker_settings(
    settings: Settings,
    client_binding: Mapping[ClientForm, Mapping[str, Any]],
    instance_label: str,
    *,
    process_count: int,
) -> WorkerSettings:
    """What workers need to know to run the app of these settings."""
    return WorkerSettings(
        script_root=settings.script_root,
        script_file=settings.script_file,
        process_count=process_count,
        thread_count=settings.thread_count,
        dispatch=settings.dispatch,
        client_binding=client_binding,
        environment={**settings.environment, "WEBSITE_INSTANCE_ID": instance_label},
        log_level=settings.log_levels.lowest_under("Function"),
        function_timeout_seconds=settings.function_timeout_seconds,
    )


def _sdk_rules(settings: Settings, sdk: SdkFacts) -> SdkRules:
    """The rules of the app's SDK generation. Raises CannotStart when those of 2.x cannot be had."""
    limits = settings.hub
    rules = Rules(
        limits.store_inputs,
        limits.default_version,
        limits.max_orchestration_actions,
        limits.max_entity_batch,
        limits.http_poll_ms,
    )
    if not sdk.requires_grpc:
        return Json1Rules(rules)
    try:
        from funchost.protocols.grpc2.grpc2_rules import Grpc2Rules
    except ImportError as error:
        raise CannotStart(str(error)) from error
    return Grpc2Rules(rules)


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
    function = f"Function '{error.function}': " if error.function else ""
    script = settings.script_root / settings.script_file
    advice = f"Mend {script} (see the lines above) and start again."
    if error.type == WorkerLost.__name__:
        advice = f"Start again. If the process ends again, see what {script} does when it is imported."
    hint = f"{error.hint}\n" if error.hint else ""
    return f"Worker failed to index functions\n{function}{error}\n{stack}\n{hint}{advice}"
