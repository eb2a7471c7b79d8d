"""Fan-out/fan-in: many `sleep` activities at once, and a summary of where they ran."""

from fanout import activities, orchestrator
from fanout.blueprint import bp

__all__ = ["activities", "bp", "orchestrator"]
