"""The fake task hub behind the gRPC service that the client of SDK 2.x calls."""

import json
from typing import Any, Self

import grpc
from durabletask.internal import orchestrator_service_pb2 as pb
from durabletask.internal import orchestrator_service_pb2_grpc as service

from tests.app.fake_hub import FakeHub, OutOfOrder, Refusal

_STATUSES = {
    name.removeprefix("ORCHESTRATION_STATUS_").replace("_", "").lower(): value
    for name, value in pb.OrchestrationStatus.items()
}


class GrpcHub(FakeHub):
    """Listens on a free port while it is entered."""

    async def __aenter__(self) -> Self:
        self._server = grpc.aio.server()
        service.add_TaskHubSidecarServiceServicer_to_server(_Calls(self), self._server)
        self._port = self._server.add_insecure_port("127.0.0.1:0")
        await self._server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.stop(grace=None)

    def binding(self) -> str:
        return json.dumps(
            {
                "taskHubName": "TestHubName",
                "rpcBaseUrl": f"http://127.0.0.1:{self._port}",
                "requiredQueryStringParameters": "code=KEY",
                "httpBaseUrl": "http://localhost:7071/runtime/webhooks/durabletask",
            }
        )


class _Calls(service.TaskHubSidecarServiceServicer):  # type: ignore[misc]
    """The two calls that the app makes."""

    def __init__(self, hub: GrpcHub) -> None:
        self._hub = hub

    async def GetInstance(self, request: Any, context: Any) -> Any:
        status = self._hub.look(request.instanceId)
        if status is None:
            return pb.GetInstanceResponse(exists=False)
        state = pb.OrchestrationState(
            instanceId=request.instanceId, orchestrationStatus=_STATUSES[status.lower()]
        )
        return pb.GetInstanceResponse(exists=True, orchestrationState=state)

    async def StartInstance(self, request: Any, context: Any) -> Any:
        stored_input = request.input.value if request.HasField("input") else None
        try:
            self._hub.start(request.name, request.instanceId, stored_input)
        except Refusal as refusal:
            await context.abort(grpc.StatusCode.ALREADY_EXISTS, str(refusal))
        except OutOfOrder as trouble:
            await context.abort(grpc.StatusCode.INTERNAL, str(trouble))
        return pb.CreateInstanceResponse(instanceId=request.instanceId)
