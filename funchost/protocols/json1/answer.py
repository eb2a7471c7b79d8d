"""The orchestrator's answer: what the SDK returned for one episode, as plain data.

Source: out-of-process orchestrator state of the durable extension, schema version 2 (V3).
"""

import contextlib
import enum
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from funchost.durable.failures import worker_report

OUT_OF_PROC_MARKER = "$OutOfProcData$:"


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


Action = dict[str, Any]
"""One action as the SDK writes it; its keys are in durable-functions' action classes."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one run of the orchestrator function said.

    `tasks` are the actions that take a task number, in order; `waits` are the names of awaited external
    events, in order. `error` is the text for the failure, None when nothing was raised. `has_actions` is
    False when the function broke before it could report its actions.
    """

    done: bool = False
    tasks: tuple[Action, ...] = ()
    waits: tuple[str, ...] = ()
    continue_as_new: Action | None = None
    output: str | None = None
    error: str | None = None
    custom_status: str | None = None
    has_actions: bool = True


class MalformedAnswer(ValueError):
    """The worker's text is not an orchestrator state."""


def parse_state(text: str) -> Answer:
    """Read the state that an orchestrator function returned.

    Raises MalformedAnswer when the text is not the JSON of an orchestrator state.
    """
    try:
        state = json.loads(text)
        actions = [action for group in state["actions"] for action in group]
        flat = list(_flatten(actions))
        return Answer(
            done=bool(state["isDone"]),
            tasks=tuple(a for a in flat if a["actionType"] in _NUMBERED),
            waits=tuple(a["externalEventName"] for a in flat if a["actionType"] == _WAIT),
            continue_as_new=next((a for a in flat if a["actionType"] == ActionType.CONTINUE_AS_NEW), None),
            output=dump(state["output"]) if state.get("output") is not None else None,
            error=state.get("error"),
            custom_status=dump(state["customStatus"]) if "customStatus" in state else None,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise MalformedAnswer(f"The orchestrator's answer cannot be read: {error!r}.") from error


def parse_failure(error_type: str, message: str, stack: str) -> Answer:
    """Read the exception that an orchestrator function raised.

    The SDK appends the state to the message; without it the whole report becomes the error text.
    Source: durable extension, OutOfProcExceptionHelpers.
    """
    _, marker, state_text = message.rpartition(OUT_OF_PROC_MARKER)
    if marker:
        # A message that only happens to contain the marker is an ordinary one.
        with contextlib.suppress(MalformedAnswer):
            state = parse_state(state_text)
            if state.error is not None:
                return state
    report = worker_report(error_type, message, stack)
    return Answer(error=f"One or more errors occurred. ({report})", has_actions=False)


def dump(value: Any) -> str:
    """Compact JSON as the hub stores it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


_WAIT = ActionType.WAIT_FOR_EXTERNAL_EVENT
_COMPOUND = frozenset({ActionType.WHEN_ANY, ActionType.WHEN_ALL})
_NUMBERED = frozenset(ActionType) - _COMPOUND - {_WAIT, ActionType.CONTINUE_AS_NEW}


def _flatten(actions: list[Action]) -> Iterator[Action]:
    for action in actions:
        if action["actionType"] in _COMPOUND:
            yield from _flatten(action["compoundActions"])
        else:
            yield action
