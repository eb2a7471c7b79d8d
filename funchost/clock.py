"""Time, handed down from the start-up, so that a test can own it."""

import asyncio
import time


class Clock:
    """The clock of the machine."""

    def now(self) -> int:
        """Now, in microseconds since 1970-01-01T00:00:00Z."""
        return time.time_ns() // 1000

    def monotonic(self) -> float:
        """Seconds since some moment in the past; it never goes back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait so long."""
        await asyncio.sleep(seconds)


SYSTEM_CLOCK = Clock()
