"""What the host sends an orchestrator or entity of SDK 2.x, and what comes back. Source: durabletask.

A test module that imports it is skipped where SDK 2.x is not installed.
"""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.generations import HAS_SDK_2, SDK

if not HAS_SDK_2:
    pytest.skip(
        f"needs azure-functions-durable 2.x on Python 3.13 or newer; installed is {SDK}",
        allow_module_level=True,
    )

from durabletask.internal import orchestrator_service_pb2 as pb
from google.protobuf.timestamp_pb2 import Timestamp  # type: ignore[import-untyped,unused-ignore]
from google.protobuf.wrappers_pb2 import StringValue  # type: ignore[import-untyped,unused-ignore]

NOON = Timestamp()
NOON.FromDatetime(datetime(2026, 1, 2, 12, tzinfo=UTC))


def event(number: int, **kind: Any) -> Any:
    """An event of a history, such as `event(0, taskScheduled=pb.TaskScheduledEvent(name="x"))`."""
    return pb.HistoryEvent(eventId=number, timestamp=NOON, **kind)


def scheduled(number: int, name: str) -> Any:
    """An activity that an earlier episode started."""
    return event(number, taskScheduled=pb.TaskScheduledEvent(name=name))


def completed(number: int, result: Any) -> Any:
    """The result of that activity."""
    outcome = pb.TaskCompletedEvent(taskScheduledId=number, result=text(json.dumps(result)))
    return event(-1, taskCompleted=outcome)


def failed(number: int) -> Any:
    """The failure of that activity."""
    details = pb.TaskFailureDetails(errorType="ValueError", errorMessage="bad ä")
    return event(-1, taskFailed=pb.TaskFailedEvent(taskScheduledId=number, failureDetails=details))


def text(value: str) -> Any:
    """An optional text."""
    return StringValue(value=value)


def episode(name: str, *past: Any, new: tuple[Any, ...] = (), given: Any = None) -> str:
    """The value of an orchestration trigger; `past` and `new` are events after the start."""
    begin = event(-1, orchestratorStarted=pb.OrchestratorStartedEvent())
    instance = pb.OrchestrationInstance(instanceId="abc", executionId=text("def"))
    start = event(
        -1,
        executionStarted=pb.ExecutionStartedEvent(
            name=name, input=text(json.dumps(given)), orchestrationInstance=instance
        ),
    )
    first = not past and not new
    request = pb.OrchestratorRequest(
        instanceId="abc",
        executionId=text("def"),
        pastEvents=[] if first else [begin, start, *past],
        newEvents=[begin, start] if first else [begin, *new],
    )
    return base64.b64encode(request.SerializeToString()).decode()


def batch(*operations: tuple[str, Any], state: Any = None) -> str:
    """The value of an entity trigger."""
    request = pb.EntityBatchRequest(
        instanceId="@counter@k",
        entityState=None if state is None else text(json.dumps(state)),
        operations=[
            pb.OperationRequest(operation=name, requestId=f"r{number}", input=text(json.dumps(given)))
            for number, (name, given) in enumerate(operations)
        ],
    )
    return base64.b64encode(request.SerializeToString()).decode()


def response(payload: bytes) -> Any:
    """What an orchestrator returned."""
    found = pb.OrchestratorResponse()
    found.ParseFromString(base64.b64decode(payload))
    return found


def batch_result(payload: bytes) -> Any:
    """What an entity returned."""
    found = pb.EntityBatchResult()
    found.ParseFromString(base64.b64decode(payload))
    return found
