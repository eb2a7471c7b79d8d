"""Endpoints about the host itself: its state, its settings, its workers; drain, restart, offline.

They tell and pass on; what a restart or a drain does is the host instance's affair.
Source: Azure Functions host, HostController.
"""

import hashlib
import platform
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

from aiohttp import web

from funchost import __version__
from funchost.durable.refusals import Unreadable
from funchost.http.pages import OfflinePage
from funchost.http.replies import empty_reply, json_reply
from funchost.http.request import Refused, Request
from funchost.http.router import Route
from funchost.settings import Settings

_LONGEST_HOST_ID = 32


Order = Literal["restart", "drain", "resume"]
"""Start the app again with its files as they are now; take no new work but HTTP requests; take work again."""


class HostControl(Protocol):
    """What the endpoints ask of the host instance."""

    @property
    def is_draining(self) -> bool:
        """Whether no new work is taken but HTTP requests."""

    @property
    def in_flight(self) -> int:
        """How many invocations run."""

    @property
    def worker_pids(self) -> Sequence[int]:
        """The worker processes that take work."""

    def order(self, order: Order) -> None:
        """Have all instances carry it out, soon."""


class HostEndpoints:
    """Endpoints below `/admin/host`, keys excepted."""

    def __init__(self, settings: Settings, control: HostControl, offline: OfflinePage) -> None:
        self._settings = settings
        self._control = control
        self._offline = offline
        self._state = "Starting"
        self._errors: list[str] = []
        self._started = time.monotonic()

    def running(self, settings: Settings) -> None:
        """The app runs under these settings."""
        self._settings = settings
        self._state, self._errors = "Running", []

    def starting(self) -> None:
        """The app is being started."""
        self._state = "Starting"

    def failed(self, reason: str) -> None:
        """The app could not be started."""
        self._state, self._errors = "Error", [reason]

    def stopping(self) -> None:
        """The host is about to end."""
        self._state = "Stopping"

    @property
    def state(self) -> str:
        """The host's state by the original's names."""
        return "Offline" if self._offline.exists else self._state

    def routes(self) -> list[Route]:
        """The routes below `/admin`."""
        return [
            Route.to("GET POST", "host/ping", self._ping, is_open=True),
            Route.to("GET", "host/status", self._status),
            Route.to("GET", "host/config", self._config),
            Route.to("GET", "host/processes", self._processes),
            Route.to("GET", "host/drain/status", self._drain_status),
            Route.to("POST", "host/drain", self._drain),
            Route.to("POST", "host/resume", self._resume),
            Route.to("POST", "host/restart", self._restart),
            Route.to("PUT", "host/state", self._change_state),
        ]

    async def _ping(self, request: Request) -> web.Response:
        return empty_reply(200, {"Cache-Control": "no-store, no-cache"})

    async def _config(self, request: Request) -> web.Response:
        return json_reply(200, effective_settings(self._settings))

    async def _processes(self, request: Request) -> web.Response:
        return json_reply(200, {"processes": [_process(pid) for pid in self._control.worker_pids]})

    async def _drain(self, request: Request) -> web.Response:
        self._control.order("drain")
        return empty_reply(202)

    async def _restart(self, request: Request) -> web.Response:
        self._control.order("restart")
        return json_reply(200, {"scriptPath": str(self._settings.script_root)})

    async def _status(self, request: Request) -> web.Response:
        status = {
            "id": host_id(self._settings.script_root),
            "state": self.state,
            "version": __version__,
            "versionDetails": f"funchost {__version__}",
            "processUptime": int((time.monotonic() - self._started) * 1000),
            "functionAppContentEditingState": "NotAllowed",
        }
        return json_reply(200, {**status, "errors": self._errors} if self._errors else status)

    async def _drain_status(self, request: Request) -> web.Response:
        in_flight = self._control.in_flight
        state = "InProgress" if in_flight else "Completed"
        status = {
            "state": state if self._control.is_draining else "Disabled",
            "outstandingInvocations": in_flight,
            "outstandingRetries": 0,
        }
        return json_reply(200, status)

    async def _resume(self, request: Request) -> web.Response:
        if self.state != "Running":
            return empty_reply(409)
        self._control.order("resume")
        return json_reply(200, {"state": self.state})

    async def _change_state(self, request: Request) -> web.Response:
        try:
            wanted = await request.json()
        except Unreadable:
            wanted = None
        wanted = wanted.casefold() if isinstance(wanted, str) else wanted
        if wanted not in ("offline", "running"):
            raise Refused(400, 'The body is not a state. Send "offline" or "running".')
        if wanted == self.state.casefold():
            return empty_reply(200)
        if wanted == "offline":
            self._offline.put()
        elif self._offline.exists:
            self._offline.remove()
        else:
            raise Refused(400, f"The state is {self.state}; only Offline can be left so.")
        if self._settings.watch is None:
            # Otherwise the file's change is noticed anyway, and a second restart would follow the first.
            self._control.order("restart")
        return empty_reply(202)


def effective_settings(settings: Settings) -> dict[str, Any]:
    """The sections of host.json as they are in force, under the original's names."""
    hub, limits = settings.hub, settings.request_limits
    return {
        "extensions": {
            "durableTask": {
                "hubName": hub.name,
                "defaultVersion": hub.default_version,
                "maxConcurrentActivityFunctions": hub.max_activities,
                "maxConcurrentOrchestratorFunctions": hub.max_orchestrators,
                "maxConcurrentEntityFunctions": hub.max_entities,
                "maxEntityOperationBatchSize": hub.max_entity_batch,
                "overridableExistingInstanceStates": hub.overridable_states,
                "storeInputsInOrchestrationHistory": hub.store_inputs,
            },
            "http": {
                "routePrefix": settings.route_prefix,
                "maxConcurrentRequests": limits.max_concurrent or -1,
                "maxOutstandingRequests": limits.max_outstanding or -1,
                "dynamicThrottlesEnabled": False,
                "customHeaders": dict(settings.custom_headers),
            },
        },
        "concurrency": {"dynamicConcurrencyEnabled": False},
    }


def host_id(script_root: Path) -> str:
    """Machine name and a hash of the app's path, at most 32 characters; the same at each start.

    Source: Azure Functions host, ScriptHostIdProvider.
    """
    machine = "".join(c for c in platform.node().lower() if c.isascii() and c.isalnum())
    path_hash = int.from_bytes(hashlib.sha256(str(script_root).encode()).digest()[:4])
    return f"{machine[: _LONGEST_HOST_ID - 11]}-{path_hash}"


def _process(pid: int) -> dict[str, Any]:
    return {"processId": pid, "processName": "python", "debugEngine": "", "isEligibleForOpenInBrowser": False}
