"""The rules of SDK 2.x behind the interface of every protocol, and its activities.

Activities speak plain JSON, without protobuf.
Source: durable extension, OutOfProcMiddleware.CallActivityAsync; ProtobufUtils.
"""

from collections.abc import Iterable, Sequence

from durabletask.internal import orchestrator_service_pb2 as pb
from google.protobuf import json_format

from funchost.durable import events
from funchost.durable.commit import ActivityTask, ArrivedMessage, Commit
from funchost.durable.entities import idle, take
from funchost.durable.episode_commit import Rules
from funchost.durable.events import Event, TaskCompleted, TaskFailed
from funchost.durable.failures import FailureDetails
from funchost.durable.instances import Instance, SdkProtocol
from funchost.durable.protocol import Outcome, Raised, Replay, SdkRules, Turn
from funchost.durable.refusals import Unreadable
from funchost.durable.text import dump_json, parse_json, storable
from funchost.protocols.grpc2.encoded_history import EncodedHistory, take_everything
from funchost.protocols.grpc2.entity_turn import EntityTurn
from funchost.protocols.grpc2.messages import failure_from
from funchost.protocols.grpc2.orchestrator_turn import OrchestratorTurn, record_unrun


class Grpc2Rules(SdkRules):
    """Episodes, batches and activities of azure-functions-durable 2.x."""

    protocol = SdkProtocol.GRPC2

    def __init__(self, rules: Rules) -> None:
        self._rules = rules

    def replay_of(self, instance: Instance, history: Iterable[Event]) -> EncodedHistory:
        """Encode a history that was read from the hub, or begin an empty one."""
        return EncodedHistory(instance, history)

    def begin_episode(
        self, instance: Instance, replay: Replay, arrived: Sequence[ArrivedMessage], now: int
    ) -> Turn | Commit:
        """Take all that has arrived; the orchestrator runs unless there is nothing or it has not begun."""
        assert isinstance(replay, EncodedHistory)
        taken = take_everything(instance, replay, arrived)
        begins = replay.started or taken.has(events.ExecutionStarted)
        if not taken.events or not begins:
            return record_unrun(instance, taken, self._rules, now)
        return OrchestratorTurn(instance, replay, taken, self._rules, now)

    def begin_batch(
        self, entity: Instance, arrived: Sequence[ArrivedMessage], now: int, *, alone: bool
    ) -> Turn | Commit:
        """Take the operations that can run now, or the first of them alone."""
        intake = take(entity, arrived, 1 if alone else self._rules.max_entity_batch)
        if not intake.batch:
            return idle(entity, intake, now)
        return EntityTurn(entity, intake, self._rules.default_version)

    def activity_payload(self, task: ActivityTask) -> bytes:
        """The input as JSON text. The SDK gives empty text to the retry of a call without input."""
        return (task.input or "null").encode()

    def activity_ended(self, task: ActivityTask, outcome: Outcome, now: int) -> Event:
        """TaskCompleted with the result as compact JSON, or TaskFailed with what was raised."""
        if isinstance(outcome, Raised):
            return _task_failed(task, _raised_failure(outcome), now)
        try:
            value = parse_json(outcome.text or "null")
            result = None if value is None else dump_json(value)
        except Unreadable as error:
            reason = f"Function '{task.name}' returned a result that cannot be read as JSON: {error}"
            return _task_failed(task, FailureDetails("JsonReaderException", storable(reason)), now)
        return TaskCompleted(now, task.task_id, result)

    def activity_refused(
        self, task: ActivityTask, reason: str, now: int, *, timed_out: bool = False
    ) -> Event:
        """TaskFailed with the reason as the failure's message, where the SDK looks for it."""
        text = storable(reason)
        error_type = "FunctionTimeoutException" if timed_out else "ActivityFunctionNotRun"
        return TaskFailed(now, task.task_id, text, None, FailureDetails(error_type, text))


def _task_failed(task: ActivityTask, failure: FailureDetails, now: int) -> TaskFailed:
    reason = f"Function '{task.name}' failed with an unhandled exception."
    return TaskFailed(now, task.task_id, reason, None, failure)


def _raised_failure(raised: Raised) -> FailureDetails:
    """The failure that an exception tells: the first line of its text, or the details that it carries."""
    message = storable(raised.message)
    if message.startswith("{"):
        try:
            carried = json_format.Parse(message, pb.TaskFailureDetails())
        except (json_format.ParseError, ValueError, OverflowError, RecursionError):
            pass
        else:
            if carried.errorType or carried.errorMessage:
                return failure_from(carried)
    first_line = next(iter(message.splitlines()), "")
    return FailureDetails(
        storable(raised.error_type) or "(unknown)", first_line, storable(raised.stack) or None
    )
