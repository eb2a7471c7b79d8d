"""Episodes as SDK 2.x reads and answers them: protobuf messages, with new actions only in the answer."""

import base64
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from azure.durable_functions.worker import DurableFunctionsWorker
from durabletask.internal import orchestrator_service_pb2 as pb
from google.protobuf.timestamp_pb2 import Timestamp
from google.protobuf.wrappers_pb2 import StringValue

from tests.app.episodes import ACTIVITY, SUB_ORCHESTRATION, Answer, Scheduled


class Wire:
    """Writes history events and runs an orchestrator over them."""

    def episode_began(self, moment: datetime) -> Any:
        return _event(moment, orchestratorStarted=pb.OrchestratorStartedEvent())

    def episode_ended(self, moment: datetime) -> Any:
        return _event(moment, orchestratorCompleted=pb.OrchestratorCompletedEvent())

    def instance_began(self, moment: datetime, stored_input: Any) -> Any:
        # An input that was posted to the management API is in the task hub as it came.
        text = stored_input if isinstance(stored_input, str) else json.dumps(stored_input)
        given = None if stored_input is None else StringValue(value=text)
        return _event(
            moment,
            executionStarted=pb.ExecutionStartedEvent(
                name="orchestrator",
                input=given,
                orchestrationInstance=pb.OrchestrationInstance(instanceId="the-instance"),
            ),
        )

    def scheduled(self, moment: datetime, asked: Scheduled) -> Any:
        if asked.kind == ACTIVITY:
            event = _event(moment, taskScheduled=pb.TaskScheduledEvent(name=asked.name))
        else:
            created = pb.SubOrchestrationInstanceCreatedEvent(name=asked.name)
            event = _event(moment, subOrchestrationInstanceCreated=created)
        event.eventId = asked.number
        return event

    def completed(self, moment: datetime, done: Scheduled, result: Any) -> Any:
        more = {"taskScheduledId": done.number, "result": StringValue(value=json.dumps(result))}
        if done.kind == ACTIVITY:
            return _event(moment, taskCompleted=pb.TaskCompletedEvent(**more))
        ended = pb.SubOrchestrationInstanceCompletedEvent(**more)
        return _event(moment, subOrchestrationInstanceCompleted=ended)

    def failed(self, moment: datetime, failed: Scheduled, reason: str) -> Any:
        details = pb.TaskFailureDetails(errorType="ValueError", errorMessage=reason)
        more = {"taskScheduledId": failed.number, "failureDetails": details}
        if failed.kind == ACTIVITY:
            return _event(moment, taskFailed=pb.TaskFailedEvent(**more))
        ended = pb.SubOrchestrationInstanceFailedEvent(**more)
        return _event(moment, subOrchestrationInstanceFailed=ended)

    def run(
        self, orchestrator: Callable[..., Any], stored_input: Any, past: list[Any], arrived: list[Any]
    ) -> Answer:
        request = pb.OrchestratorRequest(instanceId="the-instance", pastEvents=past, newEvents=arrived)
        body = base64.b64encode(request.SerializeToString()).decode()
        # The function that hosts call does the same on a thread of its own.
        user_function = orchestrator.orchestrator_function  # type: ignore[attr-defined]
        text = DurableFunctionsWorker().execute_orchestration_request(user_function, body)
        response = pb.OrchestratorResponse()
        response.ParseFromString(base64.b64decode(text))
        answer = Answer(custom_status=_value(response, "customStatus"))
        for action in response.actions:
            if action.HasField("completeOrchestration"):
                ended = action.completeOrchestration
                answer.is_done = ended.orchestrationStatus == pb.ORCHESTRATION_STATUS_COMPLETED
                answer.output = _value(ended, "result") if answer.is_done else None
                answer.error = None if answer.is_done else ended.failureDetails.errorMessage
            elif action.HasField("scheduleTask"):
                asked = action.scheduleTask
                answer.asked.append(Scheduled(action.id, ACTIVITY, asked.name, _value(asked, "input")))
            else:
                asked = action.createSubOrchestration
                given = _value(asked, "input")
                answer.asked.append(Scheduled(action.id, SUB_ORCHESTRATION, asked.name, given))
        return answer


def _event(moment: datetime, **kind: Any) -> Any:
    timestamp = Timestamp()
    timestamp.FromDatetime(moment)
    return pb.HistoryEvent(eventId=-1, timestamp=timestamp, **kind)


def _value(message: Any, field: str) -> Any:
    return json.loads(getattr(message, field).value) if message.HasField(field) else None
