"""Plays the host for orchestrators: hand-made histories through the SDK's own replay.

An `Instance` keeps the history of one orchestration instance. Each episode appends events and
runs the orchestrator over the whole history. How events and answers are written is in
`json_replay` and `grpc_replay`.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.app import generation
from tests.app.episodes import ACTIVITY, Scheduled

_BEGAN = datetime(2024, 5, 1, 10, tzinfo=UTC)
_WIRE = generation.Wire()


@dataclass
class Instance:
    """One orchestration instance and its host."""

    orchestrator: Callable[..., Any]
    stored_input: Any
    """As in the task hub: JSON in a string from the SDK's client, an object from the management API."""
    history: list[Any] = field(default_factory=list)
    scheduled: list[Scheduled] = field(default_factory=list)
    custom_statuses: list[Any] = field(default_factory=list)
    """After each episode."""
    is_done: bool = False
    output: Any = None
    error: str | None = None

    def start(self) -> "Instance":
        """Run the first episode."""
        self._episode([_WIRE.instance_began(self._now(), self.stored_input)])
        return self

    def complete(self, *results: tuple[Scheduled, Any]) -> None:
        """Run one episode in which these have completed, in this order."""
        self._episode([_WIRE.completed(self._now(), done, result) for done, result in results])

    def fail(self, failed: Scheduled, reason: str) -> None:
        """Run one episode in which this has failed."""
        self._episode([_WIRE.failed(self._now(), failed, reason)])

    def _episode(self, arrived: list[Any]) -> None:
        assert not self.is_done, "the instance has ended"
        assert self.error is None, "the instance has failed"
        new = [_WIRE.episode_began(self._now()), *arrived]
        answer = _WIRE.run(self.orchestrator, self.stored_input, self.history, new)
        self.history += new
        self.is_done, self.output, self.error = answer.is_done, answer.output, answer.error
        self.custom_statuses.append(answer.custom_status)
        known = {asked.number: asked for asked in self.scheduled}
        for asked in answer.asked:
            if asked.number not in known:
                self.scheduled.append(asked)
                self.history.append(_WIRE.scheduled(self._now(), asked))
            else:
                assert known[asked.number] == asked, "the orchestrator is not deterministic"
        self.history.append(_WIRE.episode_ended(self._now()))

    def _now(self) -> datetime:
        return _BEGAN + timedelta(milliseconds=len(self.history))


def encoded(value: Any) -> str:
    """An input as the SDK's client stores it."""
    return json.dumps(value)


def run_tree(orchestrator: Callable[..., Any], stored_input: Any, activity: Callable[[Any], Any]) -> Instance:
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
