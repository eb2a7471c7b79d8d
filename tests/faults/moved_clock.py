"""funchost on a clock that a test sets: `python -m tests.faults.moved_clock start ...`.

Every process of a host adds the seconds in the file that MOVED_CLOCK names to the time of day. Those that
multiprocessing spawns import this module as well, so that all of them have one clock. Monotonic clocks and
worker processes stay as they are.
"""

import os
import sys
import time
from pathlib import Path

from funchost.cli import main
from funchost.clock import Clock

VARIABLE = "MOVED_CLOCK"


def set_clock(file: Path, ahead_seconds: float) -> None:
    """Have all processes that read this file be so far ahead of the machine, or behind it."""
    # Never half written: a host reads it at any moment.
    new = file.with_suffix(".new")
    new.write_text(str(ahead_seconds))
    new.replace(file)


def _now(self: Clock) -> int:
    ahead_seconds = float(Path(os.environ[VARIABLE]).read_text())
    return time.time_ns() // 1000 + int(ahead_seconds * 1_000_000)


if VARIABLE in os.environ:
    Clock.now = _now  # type: ignore[method-assign]

if __name__ == "__main__":
    sys.exit(main())
