"""Orchestrations of SDK 1.x on the model hub, and the steps and looks that their tests share."""

import json
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeAlias

import azure.durable_functions as df

from funchost.durable.commit import Commit
from funchost.durable.events import (
    Event,
    ExecutionCompleted,
    ExecutionStarted,
    OrchestratorCompleted,
    OrchestratorStarted,
    Scheduling,
)
from funchost.durable.instances import Status
from funchost.durable.protocol import Outcome, Raised, Returned
from funchost.durable.text import dump_json
from funchost.protocols.json1.ledger import Ledger
from funchost.protocols.json1.rules import JsonReplay
from tests.protocols.model_hub import Activity, Function, ModelHub, Row

Context: TypeAlias = df.DurableOrchestrationContext
Run = Generator[Any, Any, Any]


@dataclass
class Json1Hub(ModelHub):
    """A model hub whose clients and functions speak as SDK 1.x does."""

    def start(self, name: str, input: Any = None, instance_id: str = "root", **fields: Any) -> Row:
        """Start an instance as the SDK's client does: its input is a value in a text in a text."""
        stored = None if input is None else json.dumps(json.dumps(input))
        return super().start(name, stored, instance_id, **fields)

    def apply(self, row: Row, commit: Commit) -> None:
        """As in the hub; no number is given to two tasks, and what is kept is what would be read."""
        super().apply(row, commit)
        numbers = [event.task_id for event in row.history if isinstance(event, Scheduling)]
        assert len(numbers) == len(set(numbers)), numbers
        if row.replay is not None:
            assert isinstance(row.replay, JsonReplay)
            folded = self.rules.replay_of(row.instance, row.history)
            assert isinstance(folded, JsonReplay)
            assert (row.replay.ledger, row.replay.texts) == (folded.ledger, folded.texts)


HubOf = Callable[..., Json1Hub]


def _ask(function: Callable[[str], str]) -> Function:
    def call(payload: bytes) -> Outcome:
        try:
            return Returned(function(payload.decode()))
        except Exception as error:
            return Raised(type(error).__name__, str(error), "  File ...")

    return call


def orchestrator(function: Callable[[Context], Any]) -> Function:
    """An orchestrator as a worker calls it."""
    return _ask(df.Orchestrator.create(function))


def entity(function: Callable[[df.DurableEntityContext], Any]) -> Function:
    """An entity as a worker calls it."""
    return _ask(df.Entity.create(function))


def activity(function: Callable[[Any, int], Any]) -> Activity:
    """An activity as a worker calls it, which is told the number of its attempt, too."""

    def call(payload: bytes, attempt: int) -> Outcome:
        def run(text: str) -> str:
            value = function(json.loads(text), attempt)
            return "" if value is None else dump_json(value)

        return _ask(run)(payload)

    return call


def finish(hub: Json1Hub, input: Any = None) -> Row:
    """Start the orchestrator `o` as instance root and do all there is to do."""
    row = hub.start("o", input)
    hub.run_all()
    return row


def numbered(row: Row) -> list[tuple[str, int]]:
    """The kinds of the history's events with the numbers of their tasks, episodes aside."""
    aside = (OrchestratorStarted, OrchestratorCompleted, ExecutionStarted)
    return [(event.type.name, _number(event)) for event in row.history if not isinstance(event, aside)]


def _number(event: Event) -> int:
    return -1 if isinstance(event, ExecutionCompleted) else getattr(event, "task_id", -1)


def open_tasks(row: Row) -> set[int]:
    """The tasks that have not ended."""
    ledger = Ledger()
    ledger.extend(row.history)
    return ledger.open


def output(row: Row) -> Any:
    """What a completed orchestration returned."""
    assert row.instance.status is Status.COMPLETED, row.instance.output
    return json.loads(row.instance.output or "null")


def bad(value: Any, attempt: int) -> None:
    """An activity that fails."""
    raise ValueError(f"bad {attempt}")


def waiting(*names: str) -> Callable[[Context], Run]:
    """An orchestrator that waits for one event after the other."""

    def wait(context: Context) -> Run:
        received = []
        for name in names:
            received.append((yield context.wait_for_external_event(name)))
        return received

    return wait
