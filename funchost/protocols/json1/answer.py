"""The orchestrator's answer: what the SDK returned for one episode, read into typed actions or refused.

Source: out-of-process orchestrator state of the durable extension, schema version 2 (V3).
"""

import contextlib
import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from funchost.durable.actions import (
    CallActivity,
    CallEntity,
    CallSubOrchestrator,
    ContinueAsNew,
    CreateTimer,
    RetryPolicy,
    SignalEntity,
    TaskAction,
)
from funchost.durable.identity import is_entity_id
from funchost.durable.protocol import Outcome, Raised
from funchost.durable.refusals import Unreadable
from funchost.durable.text import dump_json, is_storable, parse_json, storable
from funchost.durable.timestamps import parse_timestamp
from funchost.protocols.json1.failure_texts import worker_report

OUT_OF_PROC_MARKER = "$OutOfProcData$:"
HTTP_ACTIVITY = "BuiltIn::HttpActivity"


class ActionType(enum.IntEnum):
    """Kinds of actions an orchestrator can ask for."""

    CALL_ACTIVITY = 0
    CALL_ACTIVITY_WITH_RETRY = 1
    CALL_SUB_ORCHESTRATOR = 2
    CALL_SUB_ORCHESTRATOR_WITH_RETRY = 3
    CONTINUE_AS_NEW = 4
    CREATE_TIMER = 5
    WAIT_FOR_EXTERNAL_EVENT = 6
    CALL_ENTITY = 7
    CALL_HTTP = 8
    SIGNAL_ENTITY = 9
    SCHEDULED_SIGNAL_ENTITY = 10
    WHEN_ANY = 11
    WHEN_ALL = 12


@dataclass(frozen=True, slots=True)
class Answer:
    """What one run of the orchestrator function said.

    `tasks` are the actions that take a task number, in order; `waits` are the names of awaited external
    events, in order. `error` is the text for the failure, None when nothing was raised. `has_actions` is
    False when the function broke before it could report its actions.
    """

    done: bool = False
    tasks: tuple[TaskAction, ...] = ()
    waits: tuple[str, ...] = ()
    continue_as_new: ContinueAsNew | None = None
    output: str | None = None
    error: str | None = None
    custom_status: str | None = None
    has_actions: bool = True

    @property
    def has_ended(self) -> bool:
        """Whether the function came to an end of whatever kind."""
        return self.done or self.continue_as_new is not None or self.error is not None


def read_answer(outcome: Outcome) -> Answer:
    """What an orchestrator function returned or raised. An answer that cannot be read is a failure with the
    reason as its error."""
    try:
        if isinstance(outcome, Raised):
            return parse_failure(outcome.error_type, outcome.message, outcome.stack)
        return parse_state(outcome.text)
    except Unreadable as error:
        return Answer(error=f"The orchestrator's answer cannot be read: {error}.", has_actions=False)


def parse_state(text: str) -> Answer:
    """Read the state that an orchestrator function returned.

    Raises Unreadable when the text is not the JSON of an orchestrator state, or asks for what cannot be done.
    """
    state = parse_json(text)
    try:
        actions = [action for group in state["actions"] for action in group]
        flat = list(_flatten(actions))
        error = state.get("error")
        again = next((each for each in flat if each["actionType"] == ActionType.CONTINUE_AS_NEW), None)
        return Answer(
            done=bool(state["isDone"]),
            tasks=tuple(_task(each) for each in flat if each["actionType"] in _NUMBERED),
            waits=tuple(
                _name(each["externalEventName"], "the name of an external event")
                for each in flat
                if each["actionType"] == ActionType.WAIT_FOR_EXTERNAL_EVENT
            ),
            # The orchestrator decodes its input twice: what it gives here is a value in a text.
            continue_as_new=None if again is None else ContinueAsNew(dump_json(again["input"])),
            output=dump_json(state["output"]) if state.get("output") is not None else None,
            error=None if error is None else storable(str(error)),
            custom_status=dump_json(state["customStatus"]) if "customStatus" in state else None,
        )
    except Unreadable:
        raise
    except RecursionError:
        raise Unreadable("it is nested too deeply") from None
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise Unreadable(storable(repr(error))) from error


def parse_failure(error_type: str, message: str, stack: str) -> Answer:
    """Read the exception that an orchestrator function raised.

    The SDK appends the state to the message; without it the whole report becomes the error text.
    Source: durable extension, OutOfProcExceptionHelpers.
    """
    _, marker, state_text = message.rpartition(OUT_OF_PROC_MARKER)
    if marker:
        # A message that only happens to contain the marker is an ordinary one.
        with contextlib.suppress(Unreadable):
            state = parse_state(state_text)
            if state.error is not None:
                return state
    report = storable(worker_report(error_type, message, stack))
    return Answer(error=f"One or more errors occurred. ({report})", has_actions=False)


_COMPOUND = frozenset({ActionType.WHEN_ANY, ActionType.WHEN_ALL})
_NUMBERED = (
    frozenset(ActionType) - _COMPOUND - {ActionType.WAIT_FOR_EXTERNAL_EVENT, ActionType.CONTINUE_AS_NEW}
)
_LARGEST_MILLISECONDS = 10**15


def _flatten(actions: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for action in actions:
        if action["actionType"] in _COMPOUND:
            yield from _flatten(action["compoundActions"])
        else:
            yield action


def _task(action: dict[str, Any]) -> TaskAction:
    match action["actionType"]:
        case ActionType.CALL_ACTIVITY | ActionType.CALL_ACTIVITY_WITH_RETRY:
            name = _name(action["functionName"], "the name of an activity")
            return CallActivity(name, _json_text(action.get("input", "null")), retry=_retry(action))
        case ActionType.CALL_HTTP:
            return CallActivity(HTTP_ACTIVITY, dump_json(action["httpRequest"]))
        case ActionType.CALL_SUB_ORCHESTRATOR | ActionType.CALL_SUB_ORCHESTRATOR_WITH_RETRY:
            return _sub_orchestration(action)
        case ActionType.CREATE_TIMER:
            return CreateTimer(parse_timestamp(action["fireAt"]), bool(action.get("isCanceled")))
    return _entity_operation(action)


def _sub_orchestration(action: dict[str, Any]) -> CallSubOrchestrator:
    child_id, version, input_ = action.get("instanceId"), action.get("version"), action.get("input")
    return CallSubOrchestrator(
        _name(action["functionName"], "the name of an orchestrator"),
        # The child decodes its input twice.
        None if input_ is None else dump_json(input_),
        _name(child_id, "the instance ID of a sub-orchestration") if child_id else None,
        None if version is None else _name(version, "the version of a sub-orchestration"),
        retry=_retry(action),
    )


def _entity_operation(action: dict[str, Any]) -> CallEntity | SignalEntity:
    entity_id = _name(action["instanceId"], "the ID of an entity")
    if not is_entity_id(entity_id):
        raise Unreadable(f"'{entity_id}' is not the ID of an entity")
    operation = _name(action["operation"], "the name of an operation")
    # The entity's SDK decodes an input twice, as it does with what a client sends.
    input_ = None if action.get("input") is None else dump_json(action["input"])
    if action["actionType"] == ActionType.CALL_ENTITY:
        return CallEntity(entity_id, operation, input_)
    return SignalEntity(entity_id, operation, input_)


def _retry(action: dict[str, Any]) -> RetryPolicy | None:
    options = action.get("retryOptions")
    if options is None:
        return None
    longest = options.get("maxRetryIntervalInMilliseconds")
    return RetryPolicy(
        int(options["maxNumberOfAttempts"]),
        _microseconds(options["firstRetryIntervalInMilliseconds"]),
        float(options.get("backoffCoefficient", 1)),
        _microseconds(longest) if longest else None,
    )


def _microseconds(milliseconds: Any) -> int:
    if not 0 <= milliseconds <= _LARGEST_MILLISECONDS:
        raise Unreadable(f"a retry interval of {milliseconds} milliseconds cannot be waited for")
    return int(milliseconds * 1000)


def _name(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise Unreadable(f"{what} is a {type(value).__name__}, not text")
    if not is_storable(value):
        raise Unreadable(f"{what} is no Unicode text: {storable(value)}")
    return value


def _json_text(value: Any) -> str:
    """The input of an activity, which the SDK has made JSON of already; escaped anew if need be."""
    if not isinstance(value, str):
        raise Unreadable(f"the input of an activity is a {type(value).__name__}, not text")
    return value if is_storable(value) else dump_json(parse_json(value))
