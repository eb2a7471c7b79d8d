"""Orchestrations for the tests of one behaviour each, run by the model hub."""

from collections.abc import Callable
from typing import Any

import pytest
from azure.durable_functions import DurableOrchestrationContext as Context

from funchost.durable.episode_commit import Rules
from funchost.protocols.json1.rules import Json1Rules
from tests.protocols.json1.running import HubOf, Json1Hub, activity, orchestrator

Orchestrator = Callable[[Context], Any]


@pytest.fixture
def hub_of() -> HubOf:
    """Makes a hub whose orchestrator `o` is the given one; further ones and activities by their names."""

    def make(
        o: Orchestrator, *others: Orchestrator, rules: Rules | None = None, **activities: Any
    ) -> Json1Hub:
        orchestrators = {"o": orchestrator(o)} | {other.__name__: orchestrator(other) for other in others}
        known = {"say": lambda value, attempt: value} | activities
        return Json1Hub(
            Json1Rules(rules or Rules(max_entity_batch=3)),
            orchestrators,
            {name: activity(function) for name, function in known.items()},
        )

    return make
