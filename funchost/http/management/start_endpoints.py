"""Handlers that begin an instance, and the answer that tells where to watch it.

With `timeout` and `pollingInterval` a client may wait for the end in the same request.
Source: HTTP management API: start and restart instance.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from funchost.durable.failures import unknown_function
from funchost.durable.instances import Instance, Status
from funchost.durable.refusals import InstanceNotFound
from funchost.durable.text import dump_json, parse_json
from funchost.http.management.documents import PUBLIC_PATH, check_status_payload, stored_value
from funchost.http.management.errors import BadArgument
from funchost.http.management.hub_verbs import HubVerbs
from funchost.http.management.instance_endpoints import get_status
from funchost.http.replies import json_reply, json_text_reply
from funchost.http.request import Request

_RETRY_AFTER_SECONDS = "10"
_SHORTEST_POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Starter:
    """Begins instances in one hub; `code` is the system key that the URLs carry, if there is one."""

    hub: HubVerbs
    hub_name: str
    connection: str
    orchestrator_names: Sequence[str]
    code: str | None = None

    async def start(self, request: Request, name: str, instance_id: str | None) -> web.Response:
        """POST orchestrators/{name}[/{id}]; the body, whatever its type says, is the input."""
        body = await request.body()
        input = dump_json(parse_json(body, strict=True)) if body else None
        known = self.orchestrator_names
        if name.casefold() not in {each.casefold() for each in known}:
            raise BadArgument(unknown_function("orchestrator", name, known))
        patience = _patience(request)
        instance = await self.hub.start(name, instance_id or None, input, request.query.text("version"))
        return await self._answer(request, instance.instance_id, patience)

    async def restart(self, request: Request, instance_id: str) -> web.Response:
        """POST instances/{id}/restart."""
        patience = _patience(request)
        try:
            instance = await self.hub.restart(
                instance_id, request.query.flag("restartWithNewInstanceId", True)
            )
        except InstanceNotFound as error:
            # A 400 here, where every other operation answers 404.
            raise BadArgument("InstanceId does not match a valid orchestration instance.") from error
        return await self._answer(request, instance.instance_id, patience)

    async def _answer(
        self, request: Request, instance_id: str, patience: tuple[float, float] | None
    ) -> web.Response:
        if patience is not None:
            ended = await self._wait_for_end(instance_id, *patience)
            if ended is not None and ended.status is Status.COMPLETED:
                return json_text_reply(200, dump_json(stored_value(ended.output)))
            if ended is not None:
                return await get_status(self.hub, request, instance_id)
        payload = check_status_payload(
            request.base_url + PUBLIC_PATH,
            instance_id,
            self.hub_name,
            self.connection,
            self.code,
            with_rewind=False,
        )
        headers = {"Location": payload["statusQueryGetUri"], "Retry-After": _RETRY_AFTER_SECONDS}
        return json_reply(202, payload, headers)

    async def _wait_for_end(self, instance_id: str, timeout: float, interval: float) -> Instance | None:
        clock = asyncio.get_running_loop().time
        deadline = clock() + timeout
        while True:
            instance = await self.hub.get(instance_id)
            if instance is not None and instance.status.is_final:
                return instance
            left = deadline - clock()
            if left <= 0:
                return None
            await asyncio.sleep(min(left, max(interval, _SHORTEST_POLL_SECONDS)))


def _patience(request: Request) -> tuple[float, float] | None:
    """How long to wait and how often to look, in seconds; None unless both are given."""
    timeout = request.query.seconds("timeout")
    interval = request.query.seconds("pollingInterval")
    if timeout is None or interval is None:
        return None
    if interval > timeout:
        raise BadArgument(f"Total timeout {timeout:g} should be bigger than retry timeout {interval:g}")
    return timeout, interval
