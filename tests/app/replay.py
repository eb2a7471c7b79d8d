"""Plays the host for orchestrators: hand-made histories through the SDK's own replay.

An `Instance` keeps the history of one orchestration instance. Each episode appends events,
runs the orchestrator over the whole history, and gives numbers to the actions that are new,
in the order in which the SDK counts them.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

ACTIVITY, SUB_ORCHESTRATION = 0, 2
_SCHEDULED = {ACTIVITY: 4, SUB_ORCHESTRATION: 7}
_COMPLETED = {ACTIVITY: 5, SUB_ORCHESTRATION: 8}
_FAILED = {ACTIVITY: 6, SUB_ORCHESTRATION: 9}
_BEGAN = datetime(2024, 5, 1, 10, tzinfo=UTC)
_FAILURE_MARK = "\n\n$OutOfProcData$:"


@dataclass(frozen=True)
class Scheduled:
    """An activity or a sub-orchestration that the orchestrator has asked for."""

    number: int
    kind: int
    name: str
    input: Any


@dataclass
class Instance:
    """One orchestration instance and its host."""

    orchestrator: Callable[[str], str]
    stored_input: Any
    """As in the context: what the SDK's client starts is JSON within a string."""
    history: list[dict[str, Any]] = field(default_factory=list)
    scheduled: list[Scheduled] = field(default_factory=list)
    custom_statuses: list[Any] = field(default_factory=list)
    """After each episode."""
    is_done: bool = False
    output: Any = None
    error: str | None = None

    def start(self) -> "Instance":
        """Run the first episode."""
        self._episode([self._event(0, Name="orchestrator", Version="", Input=None)])
        return self

    def complete(self, *results: tuple[Scheduled, Any]) -> None:
        """Run one episode in which these have completed, in this order."""
        self._episode(
            [
                self._event(_COMPLETED[done.kind], TaskScheduledId=done.number, Result=json.dumps(result))
                for done, result in results
            ]
        )

    def fail(self, failed: Scheduled, reason: str) -> None:
        """Run one episode in which this has failed."""
        self._episode(
            [self._event(_FAILED[failed.kind], TaskScheduledId=failed.number, Reason=reason, Details=None)]
        )

    def _episode(self, arrived: list[dict[str, Any]]) -> None:
        assert not self.is_done, "the instance has ended"
        assert self.error is None, "the instance has failed"
        self.history += [self._event(12), *arrived]
        state = self._run()
        self.is_done, self.output = state["isDone"], state.get("output")
        self.error = state.get("error")
        self.custom_statuses.append(state.get("customStatus"))
        asked = list(_atomic(state["actions"][0]))
        for number, action in enumerate(asked):
            self._schedule(number, action)
        assert len(asked) == len(self.scheduled), "the orchestrator dropped an action"
        self.history.append(self._event(13))

    def _run(self) -> dict[str, Any]:
        context = {
            "history": self.history,
            "input": self.stored_input,
            "instanceId": "the-instance",
            "isReplaying": len(self.history) > 2,
            "parentInstanceId": None,
            "upperSchemaVersion": 1,
            "upperSchemaVersionNew": 2,
            "longRunningTimerIntervalDuration": "3.00:00:00",
            "maximumShortTimerDuration": "6.00:00:00",
        }
        try:
            answer = self.orchestrator(json.dumps(context))
        except Exception as failure:
            answer = str(failure).partition(_FAILURE_MARK)[2]
            if not answer:
                raise
        state: dict[str, Any] = json.loads(answer)
        return state

    def _schedule(self, number: int, action: dict[str, Any]) -> None:
        kind = action["actionType"]
        asked = Scheduled(number, kind, action["functionName"], json.loads(action["input"]))
        if number < len(self.scheduled):
            assert self.scheduled[number] == asked, "the orchestrator is not deterministic"
            return
        self.scheduled.append(asked)
        self.history.append({**self._event(_SCHEDULED[kind], Name=asked.name), "EventId": number})

    def _event(self, event_type: int, **more: Any) -> dict[str, Any]:
        moment = _BEGAN + timedelta(milliseconds=len(self.history))
        return {
            "EventType": event_type,
            "EventId": -1,
            "IsPlayed": False,
            "Timestamp": moment.isoformat().replace("+00:00", "Z"),
            **more,
        }


def encoded(value: Any) -> str:
    """An input as the SDK's client stores it."""
    return json.dumps(value)


def run_tree(
    orchestrator: Callable[[str], str], stored_input: Any, activity: Callable[[Any], Any]
) -> Instance:
    """Run an instance to its end, one completion an episode, and its sub-orchestrations as well."""
    instance = Instance(orchestrator, stored_input).start()
    # The list grows while the orchestrator asks for more.
    for asked in instance.scheduled:
        if asked.kind == ACTIVITY:
            result = activity(asked.input)
        else:
            child = run_tree(orchestrator, encoded(asked.input), activity)
            assert child.is_done, child.error
            result = child.output
        instance.complete((asked, result))
    return instance


def _atomic(actions: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for action in actions:
        if "compoundActions" in action:
            yield from _atomic(action["compoundActions"])
        else:
            yield action
