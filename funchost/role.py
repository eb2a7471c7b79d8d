"""Which part one process plays among the host instances of a command, and the orders they share."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Literal

Order = Literal["restart", "drain", "resume"]
"""What all instances are told to do together."""


@dataclass(frozen=True, slots=True)
class Role:
    """Which of the host instances this one is, and whom it tells how things go.

    `announces` is set for the one instance that prints the functions. `on_ready` is called whenever it
    serves requests, with the seconds since `began` or since the restart. Under a supervisor, `supervisor`
    carries orders both ways, and `orphaned` is a descriptor that becomes readable when it dies.
    """

    label: str = "i1"
    announces: bool = True
    began: float = field(default_factory=time.monotonic)
    on_ready: Callable[[float], None] = lambda seconds: None
    supervisor: Connection | None = None
    orphaned: int | None = None
