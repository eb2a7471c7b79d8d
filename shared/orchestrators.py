"""The orchestrators that the HTTP starters start, by name.

Asked here and not of the task hub, since the client of SDK 2.x starts any name, and the instance fails
only later. It knows names and nothing of what an orchestrator does.
"""

from collections.abc import Callable
from typing import TypeVar

from shared import exceptions

Orchestrator = TypeVar("Orchestrator", bound=Callable[..., object])

_NAMES: dict[str, str] = {}
"""As written, by their lower case: hosts do not tell the case of function names apart."""


def startable(orchestrator: Orchestrator) -> Orchestrator:
    """Let the HTTP starters start an orchestrator; decorates the function below its trigger."""
    _NAMES[orchestrator.__name__.lower()] = orchestrator.__name__
    return orchestrator


def named(name: str) -> str:
    """Give the name of an orchestrator as its function is written.

    Raises OrchestratorNotFound, which tells the names there are.
    """
    if name.lower() not in _NAMES:
        raise exceptions.OrchestratorNotFound(name, sorted(_NAMES.values()))
    return _NAMES[name.lower()]
