"""Which admin endpoint a request goes to, and whether its key opens it.

With `--enable-auth` every endpoint but the ping needs the master key.
Source: Azure Functions host, admin API.
"""

from collections.abc import Sequence

from aiohttp import web

from funchost.http.admin.functions import FunctionsApi, TimerPayload
from funchost.http.admin.host import HostApi, HostControl
from funchost.http.admin.keys import KeysApi
from funchost.http.admission.access import Level
from funchost.http.admission.callers import Callers
from funchost.http.admission.keys import KeyFile
from funchost.http.offline import OfflinePage
from funchost.http.replies import empty_reply
from funchost.settings import Settings
from funchost.worker.calling import Invoker
from funchost.worker.invocations import FunctionInfo

_NO_STORE = {"Cache-Control": "no-store, no-cache"}


class AdminApi:
    """Endpoints below `/admin`; they answer from the first moment of the host to the last."""

    def __init__(
        self, settings: Settings, control: HostControl, offline: OfflinePage, keys: KeyFile | None
    ) -> None:
        self._callers = Callers(keys)
        self._host = HostApi(settings, control, offline)
        self._functions = FunctionsApi()
        self._keys = None if keys is None else KeysApi(keys)

    def ready(
        self,
        settings: Settings,
        pool: Invoker,
        functions: Sequence[FunctionInfo],
        timer_payload: TimerPayload,
    ) -> None:
        """The app runs, with these functions."""
        self._host.running(settings)
        self._functions.use(settings, pool, functions, timer_payload)

    def starting(self) -> None:
        """The app is about to be started again."""
        self._host.starting()

    def failed(self, reason: str) -> None:
        """The app could not be started."""
        self._host.failed(reason)
        self._functions.forget()

    def stopping(self) -> None:
        """The host is about to end."""
        self._host.stopping()

    async def answer(self, request: web.BaseRequest, segments: Sequence[str], base_url: str) -> web.Response:
        """The response to the path behind `/admin/`; `base_url` is the scheme and host of URLs in it."""
        method = request.method.upper()
        folded = tuple(segment.casefold() for segment in segments)
        if folded == ("host", "ping") and method in ("GET", "POST"):
            return empty_reply(200, _NO_STORE)
        if self._callers.of(request).level is not Level.ADMIN:
            return empty_reply(401)
        match folded:
            case ("functions",) if method == "GET":
                return self._functions.list(base_url)
            case ("functions", _, *rest):
                return await self._function(request, segments[1], rest, segments[3:], base_url)
            case ("host", *rest):
                if self._keys is not None:
                    answer = await self._keys.answer_host(request, rest, segments[2:])
                    if answer is not None:
                        return answer
                return await self._host.answer(request, rest)
        return empty_reply(404)

    async def stop(self) -> None:
        """Wait for what was started by hand; the pool bounds how long that takes."""
        await self._functions.stop()

    async def _function(
        self, request: web.BaseRequest, name: str, rest: Sequence[str], key: Sequence[str], base_url: str
    ) -> web.Response:
        function = self._functions.find(name)
        if function is None:
            return empty_reply(404)
        if rest[:1] == ["keys"] and self._keys is not None:
            return await self._keys.answer_function(request, function.name, key)
        return await self._functions.answer(request, function, rest, base_url)
