"""One batch of SDK 2.x: the operations of an entity as a request, and the function's answer as a commit.

Which operations a batch takes, and what follows from their results, is the same for both SDK generations.
Source: DurableTask.Core, TaskEntityDispatcher; durable extension, OutOfProcMiddleware.
"""

import base64
from dataclasses import replace
from typing import Any

from durabletask.internal import orchestrator_service_pb2 as pb

from funchost.durable.actions import SignalEntity, StartOrchestration
from funchost.durable.commit import Commit
from funchost.durable.entities import (
    BatchAnswer,
    EntityIntake,
    OperationResult,
    decide_batch,
    fail_batch,
    split_entity_id,
)
from funchost.durable.failures import FailureDetails
from funchost.durable.identity import is_entity_id, new_id
from funchost.durable.instances import Instance
from funchost.durable.protocol import Outcome, Raised, Refusal, Turn
from funchost.durable.refusals import Unreadable
from funchost.durable.text import dump_json, storable
from funchost.protocols.grpc2.messages import failure_from, microseconds, text, text_from
from funchost.protocols.grpc2.orchestrator_turn import invocation_failure
from funchost.protocols.grpc2.response import read_message


class EntityTurn(Turn):
    """A batch whose entity function has to run."""

    __slots__ = ("_default_version", "_entity", "_intake", "payload")

    def __init__(self, entity: Instance, intake: EntityIntake, default_version: str) -> None:
        self._entity = entity
        self._intake = intake
        self._default_version = default_version
        request = pb.EntityBatchRequest(
            instanceId=entity.instance_id,
            entityState=text(entity.entity_state),
            operations=[
                pb.OperationRequest(
                    operation=operation.operation,
                    requestId=operation.request_id,
                    input=text(operation.input),
                )
                for operation in intake.operations
            ],
        )
        self.payload = base64.b64encode(request.SerializeToString())

    def decide(self, outcome: Outcome, now: int) -> Commit:
        """What follows from the entity function's answer."""
        if isinstance(outcome, Raised):
            name, _ = split_entity_id(self._entity.instance_id)
            return self._failed(invocation_failure(name, outcome), now)
        try:
            answer = self._parse(outcome.text)
        except Unreadable as error:
            return self._failed(FailureDetails("InvalidOperationException", storable(str(error))), now)
        return decide_batch(self._entity, self._intake, answer, self._default_version, now)

    def fail(self, reason: str, now: int, refusal: Refusal) -> Commit:
        """Fail every operation: there is no function that could run it."""
        unknown = refusal is Refusal.UNKNOWN_FUNCTION
        error_type = "EntityFunctionNotFound" if unknown else refusal
        return self._failed(FailureDetails(error_type, storable(reason)), now)

    def _failed(self, failure: FailureDetails, now: int) -> Commit:
        return fail_batch(self._entity, self._intake, _failed_operation(failure), now)

    def _parse(self, returned: str) -> BatchAnswer:
        """Read an EntityBatchResult. Raises Unreadable."""
        result = read_message(pb.EntityBatchResult(), returned)
        count = len(self._intake.batch)
        results = [_operation_result(each) for each in result.results[:count]]
        if result.HasField("failureDetails"):
            failed = _failed_operation(failure_from(result.failureDetails))
            results += [failed] * (count - len(results))
        if not results:
            raise Unreadable("The entity function returned no result for any of its operations.")
        # A batch that failed before its first operation says nothing about the state.
        state = text_from(result, "entityState") if result.results else self._entity.entity_state
        return BatchAnswer(state, tuple(results), tuple(_action(each) for each in result.actions))


def _operation_result(message: Any) -> OperationResult:
    match message.WhichOneof("resultType"):
        case "success":
            return OperationResult(message.success.result.value, milliseconds=_took(message.success))
        case "failure":
            failed = _failed_operation(failure_from(message.failure.failureDetails))
            return replace(failed, milliseconds=_took(message.failure))
        case kind:
            raise Unreadable(f"An operation of the entity has a result of the kind '{kind}'.")


def _took(result: Any) -> float:
    """How many milliseconds an operation took, for the log."""
    began, ended = result.startTimeUtc, result.endTimeUtc
    return float((ended.seconds - began.seconds) * 1000 + (ended.nanos - began.nanos) / 1_000_000)


def _failed_operation(failure: FailureDetails) -> OperationResult:
    """The SDK reads the text of a failure as JSON too."""
    return OperationResult(dump_json(failure.message), True, failure)


def _action(message: Any) -> SignalEntity | StartOrchestration:
    match message.WhichOneof("operationActionType"):
        case "sendSignal":
            signal = message.sendSignal
            if not is_entity_id(signal.instanceId):
                raise Unreadable(f"The entity signals '{signal.instanceId}', which is not an entity.")
            due = microseconds(signal.scheduledTime) if signal.HasField("scheduledTime") else None
            return SignalEntity(signal.instanceId, signal.name, text_from(signal, "input"), due)
        case "startNewOrchestration":
            start = message.startNewOrchestration
            if not start.name or is_entity_id(start.instanceId):
                raise Unreadable(
                    f"The entity starts '{start.name}' under the ID '{start.instanceId}'; an orchestration "
                    "has a name, and its ID does not begin with @."
                )
            start_at = microseconds(start.scheduledTime) if start.HasField("scheduledTime") else None
            return StartOrchestration(
                start.name,
                text_from(start, "input"),
                start.instanceId or new_id(),
                text_from(start, "version"),
                start_at,
            )
        case kind:
            raise Unreadable(f"The entity asks for an action of the kind '{kind}'.")
