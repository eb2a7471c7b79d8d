"""Steps and looks that tests of orchestrations share."""

import json
from collections.abc import Callable, Generator
from typing import Any

from azure.durable_functions import DurableOrchestrationContext as Context
from funchost.durable.model import Status

from funchost.durable.events import EventType
from tests.durable.model_hub import ModelHub, Row

__all__ = ["Context", "HubOf", "Run", "bad", "finish", "numbered", "output", "waiting"]

Run = Generator[Any, Any, Any]
HubOf = Callable[..., ModelHub]


def finish(hub: ModelHub, input: Any = None) -> Row:
    """Start the orchestrator `o` as instance root and do all there is to do."""
    row = hub.start("o", input)
    hub.run_all()
    return row


def numbered(row: Row) -> list[tuple[str, int]]:
    """The kinds of the history's events with their numbers, episodes aside."""
    aside = {EventType.ORCHESTRATOR_STARTED, EventType.ORCHESTRATOR_COMPLETED, EventType.EXECUTION_STARTED}
    return [(event.type.name, event.task_id) for event in row.history if event.type not in aside]


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
