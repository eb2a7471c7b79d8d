"""Every app setting that the app reads, typed, with its default.

Read once at start, by the blueprints that need them. Orchestrators read none of this: what
shapes an orchestration travels in its input. A setting with a value that it may not have
stops the app from loading, with a text that says what it may be.
"""

import socket
from collections.abc import Mapping
from dataclasses import dataclass

from shared import fan_out, parameters


@dataclass(frozen=True, slots=True)
class Settings:
    """What the app settings say."""

    max_tasks: int
    """FANOUT_MAX_TASKS (10000): the largest fan-out that the singleton starter takes."""

    max_seconds: float
    """FANOUT_MAX_SECONDS (240): the longest sleep it takes. Plans that end a function after
    five minutes are the reason for the default."""

    batch_size: int
    """FANOUT_BATCH_SIZE (100): above so many tasks a fan-out becomes a tree; no node of it has
    more children."""

    host_instance: str
    """WEBSITE_INSTANCE_ID, which hosts set for each of their instances; else the host's name."""


def read(environment: Mapping[str, str]) -> Settings:
    """Read the settings from an environment; an empty value is no value.

    Raises InvalidValue that names the setting and what it may be.
    """

    def whole_number(name: str, lowest: int, highest: int, default: int) -> int:
        text = environment.get(name) or str(default)
        return parameters.whole_number(name, text, lowest, highest, example=default)

    def number(name: str, lowest: float, highest: float, default: float) -> float:
        text = environment.get(name) or str(default)
        return parameters.number(name, text, lowest, highest, example=default)

    return Settings(
        max_tasks=whole_number("FANOUT_MAX_TASKS", 0, fan_out.MOST_TASKS, default=10_000),
        max_seconds=number("FANOUT_MAX_SECONDS", 0, fan_out.LONGEST_SECONDS, default=240),
        batch_size=whole_number(
            "FANOUT_BATCH_SIZE", fan_out.SMALLEST_BATCH, fan_out.LARGEST_BATCH, default=fan_out.BATCH_SIZE
        ),
        host_instance=environment.get("WEBSITE_INSTANCE_ID") or socket.gethostname(),
    )
