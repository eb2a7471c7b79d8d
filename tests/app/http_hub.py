"""The fake task hub behind the routes that the client of SDK 1.x calls."""

import json
from typing import Self
from urllib.parse import unquote

from aiohttp import web
from azure.durable_functions.models.utils import http_utils

from tests.app.fake_hub import ENDED, FakeHub, OutOfOrder, Refusal


class HttpHub(FakeHub):
    """Listens on a free port while it is entered."""

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
        # Later versions of the SDK keep one HTTP session for the process.
        if hasattr(http_utils, "_close_session"):
            await http_utils._close_session()

    def binding(self) -> str:
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
        status = self.look(instance_id)
        if status is None:
            return web.Response(status=404)
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

    def _start(self, name: str, instance_id: str, stored_input: str | None) -> web.Response:
        if name in self.disabled:
            return _failure(
                400,
                "One or more of the arguments submitted is incorrect",
                f"The function '{name}' doesn't exist, is disabled, or is not an orchestrator function.",
            )
        try:
            self.start(name, instance_id, stored_input)
        except (Refusal, OutOfOrder) as refusal:
            return _failure(500, "Something went wrong while processing your request", str(refusal))
        return web.json_response({"id": instance_id}, status=202)


def _failure(status: int, message: str, exception_message: str) -> web.Response:
    described = {
        "Message": message,
        "ExceptionMessage": exception_message,
        "ExceptionType": "System.Exception",
    }
    return web.json_response(described, status=status)
