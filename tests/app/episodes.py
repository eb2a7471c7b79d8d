"""What an orchestrator asks for and answers in one episode, in either generation of the SDK."""

from dataclasses import dataclass, field
from typing import Any

ACTIVITY, SUB_ORCHESTRATION = "activity", "sub-orchestration"


@dataclass(frozen=True)
class Scheduled:
    """An activity or a sub-orchestration that the orchestrator has asked for."""

    number: int
    kind: str
    name: str
    input: Any


@dataclass
class Answer:
    """What an orchestrator answers to one episode; `asked` may repeat what was asked before."""

    is_done: bool = False
    output: Any = None
    error: str | None = None
    custom_status: Any = None
    asked: list[Scheduled] = field(default_factory=list)
