"""Episodes as SDK 1.x reads and answers them: JSON, with all actions of an instance in each answer."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from tests.app.episodes import ACTIVITY, SUB_ORCHESTRATION, Answer, Scheduled

_SCHEDULED = {ACTIVITY: 4, SUB_ORCHESTRATION: 7}
_COMPLETED = {ACTIVITY: 5, SUB_ORCHESTRATION: 8}
_FAILED = {ACTIVITY: 6, SUB_ORCHESTRATION: 9}
_KINDS = {0: ACTIVITY, 2: SUB_ORCHESTRATION}
_FAILURE_MARK = "\n\n$OutOfProcData$:"


class Wire:
    """Writes history events and runs an orchestrator over them."""

    def episode_began(self, moment: datetime) -> Any:
        return _event(12, moment)

    def episode_ended(self, moment: datetime) -> Any:
        return _event(13, moment)

    def instance_began(self, moment: datetime, stored_input: Any) -> Any:
        return _event(0, moment, Name="orchestrator", Version="", Input=None)

    def scheduled(self, moment: datetime, asked: Scheduled) -> Any:
        return {**_event(_SCHEDULED[asked.kind], moment, Name=asked.name), "EventId": asked.number}

    def completed(self, moment: datetime, done: Scheduled, result: Any) -> Any:
        text = json.dumps(result)
        return _event(_COMPLETED[done.kind], moment, TaskScheduledId=done.number, Result=text)

    def failed(self, moment: datetime, failed: Scheduled, reason: str) -> Any:
        return _event(
            _FAILED[failed.kind], moment, TaskScheduledId=failed.number, Reason=reason, Details=None
        )

    def run(
        self, orchestrator: Callable[[str], str], stored_input: Any, past: list[Any], arrived: list[Any]
    ) -> Answer:
        context = {
            "history": [*({**event, "IsPlayed": True} for event in past), *arrived],
            "input": stored_input,
            "instanceId": "the-instance",
            "isReplaying": bool(past),
            "parentInstanceId": None,
            "upperSchemaVersion": 1,
            "upperSchemaVersionNew": 2,
            "longRunningTimerIntervalDuration": "3.00:00:00",
            "maximumShortTimerDuration": "6.00:00:00",
        }
        try:
            text = orchestrator(json.dumps(context))
        except Exception as failure:
            text = str(failure).partition(_FAILURE_MARK)[2]
            if not text:
                raise
        state = json.loads(text)
        asked = [
            Scheduled(
                number, _KINDS[action["actionType"]], action["functionName"], json.loads(action["input"])
            )
            for number, action in enumerate(_atomic(state["actions"][0]))
        ]
        return Answer(
            state["isDone"], state.get("output"), state.get("error"), state.get("customStatus"), asked
        )


def _event(event_type: int, moment: datetime, **more: Any) -> dict[str, Any]:
    return {
        "EventType": event_type,
        "EventId": -1,
        "IsPlayed": False,
        "Timestamp": moment.isoformat().replace("+00:00", "Z"),
        **more,
    }


def _atomic(actions: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for action in actions:
        if "compoundActions" in action:
            yield from _atomic(action["compoundActions"])
        else:
            yield action
