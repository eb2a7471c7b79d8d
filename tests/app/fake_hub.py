"""A task hub behind the routes that the SDK's client calls; it only keeps statuses.

It is asked over HTTP, through the real client, so that the tests see what the client makes of
IDs and of refusals.
"""

import json
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import unquote

from aiohttp import web

ENDED = ("Completed", "Failed", "Terminated", "Canceled")
ORCHESTRATORS = ("fan_out_fan_in", "hello_orchestrator")


@dataclass
class Start:
    """A start that the hub has taken."""

    name: str
    instance_id: str
    stored_input: Any


@dataclass
class FakeHub:
    """Statuses by instance ID, and ways to make the hub behave as busy ones do."""

    statuses: dict[str, str] = field(default_factory=dict)
    starts: list[Start] = field(default_factory=list)
    blind_looks: int = 0
    """So many queries do not see the instance that is there."""
    refusals: int = 0
    """So many starts are refused although nothing can be seen."""
    broken: bool = False
    """Starts fail for a reason of the hub's own."""

    async def __aenter__(self) -> Self:
        server = web.Server(self._handle)
        self._runner = web.ServerRunner(server)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self._base = f"http://{host}:{port}/durabletask/"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def forget_everything(self) -> None:
        """Be as new."""
        self.statuses.clear()
        self.starts.clear()
        self.blind_looks = self.refusals = 0
        self.broken = False

    def binding(self) -> str:
        """Give the value of a durable client binding, as the extension writes it."""
        public = "http://localhost:7071/runtime/webhooks/durabletask/instances/INSTANCEID"
        after = "taskHub=TestHubName&connection=Storage&code=KEY"
        urls = {
            "id": "INSTANCEID",
            "statusQueryGetUri": f"{public}?{after}",
            "sendEventPostUri": f"{public}/raiseEvent/{{eventName}}?{after}",
            "terminatePostUri": f"{public}/terminate?reason={{text}}&{after}",
            "rewindPostUri": f"{public}/rewind?reason={{text}}&{after}",
            "purgeHistoryDeleteUri": f"{public}?{after}",
            "restartPostUri": f"{public}/restart?{after}",
            "suspendPostUri": f"{public}/suspend?reason={{text}}&{after}",
            "resumePostUri": f"{public}/resume?reason={{text}}&{after}",
        }
        return json.dumps(
            {
                "taskHubName": "TestHubName",
                "creationUrls": {},
                "managementUrls": urls,
                "rpcBaseUrl": self._base,
            }
        )

    async def _handle(self, request: web.BaseRequest) -> web.Response:
        segments = [unquote(part) for part in request.rel_url.raw_path.split("/")[2:]]
        if request.method == "GET" and segments[0] == "instances":
            return self._status(segments[1])
        assert request.method == "POST"
        assert segments[0] == "orchestrators"
        text = await request.text()
        instance_id = segments[2] if len(segments) > 2 else f"random{len(self.starts)}"
        return self._start(segments[1], instance_id, json.loads(text) if text else None)

    def _status(self, instance_id: str) -> web.Response:
        if self.blind_looks:
            self.blind_looks -= 1
            return web.Response(status=404)
        if instance_id not in self.statuses:
            return web.Response(status=404)
        status = self.statuses[instance_id]
        described = {
            "name": "fan_out_fan_in",
            "instanceId": instance_id,
            "runtimeStatus": status,
            "input": None,
            "customStatus": None,
            "output": None,
            "createdTime": "2024-05-01T10:00:00Z",
            "lastUpdatedTime": "2024-05-01T10:00:03Z",
        }
        return web.json_response(described, status=200 if status in ENDED else 202)

    def _start(self, name: str, instance_id: str, stored_input: Any) -> web.Response:
        if name not in ORCHESTRATORS:
            return _failure(
                400,
                "One or more of the arguments submitted is incorrect",
                f"The function '{name}' doesn't exist, is disabled, or is not an orchestrator function. "
                "Additional info: The following are the known orchestrator functions: "
                "'fan_out_fan_in', 'hello_orchestrator'.",
            )
        if self.broken:
            return _failure(500, "Something went wrong", "The store is out of reach.")
        status = self.statuses.get(instance_id)
        if self.refusals or (status is not None and status not in ENDED):
            self.refusals = max(0, self.refusals - 1)
            return _failure(
                500,
                "Something went wrong while processing your request",
                f"An Orchestration instance with the status {status or 'Running'} already exists.",
            )
        self.statuses[instance_id] = "Pending"
        self.starts.append(Start(name, instance_id, stored_input))
        return web.json_response({"id": instance_id}, status=202)


def _failure(status: int, message: str, exception_message: str) -> web.Response:
    described = {
        "Message": message,
        "ExceptionMessage": exception_message,
        "ExceptionType": "System.Exception",
    }
    return web.json_response(described, status=status)
