"""Orchestrations for the tests of one behaviour each, run by the model hub."""

from collections.abc import Callable
from typing import Any

import azure.durable_functions as df
import pytest
from funchost.durable.scheduling import Rules

from tests.durable.model_hub import ModelHub

Orchestrator = Callable[[df.DurableOrchestrationContext], Any]


@pytest.fixture
def hub_of() -> Callable[..., ModelHub]:
    """Makes a hub whose orchestrator `o` is the given one; further ones and activities by their names."""

    def make(
        o: Orchestrator, *others: Orchestrator, rules: Rules | None = None, **activities: Any
    ) -> ModelHub:
        orchestrators = {"o": df.Orchestrator.create(o)}
        orchestrators |= {other.__name__: df.Orchestrator.create(other) for other in others}
        return ModelHub(
            orchestrators, {"say": lambda value, attempt: value} | activities, rules=rules or Rules()
        )

    return make
