"""Clocks that a test owns."""

import asyncio

from funchost.clock import Clock


class QuickClock(Clock):
    """The clock of the machine, set forward at will; waiting on it takes a fiftieth of the time."""

    def __init__(self) -> None:
        self.ahead_seconds = 0.0

    def now(self) -> int:
        return super().now() + int(self.ahead_seconds * 1_000_000)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 50)


class FakeClock(Clock):
    """Stands still until it is set forward; whoever sleeps on it goes on when its time has come."""

    def __init__(self, now: int = 1_714_564_800_000_000) -> None:
        self.time = now
        self._moved = asyncio.Event()

    def now(self) -> int:
        return self.time

    def monotonic(self) -> float:
        return self.time / 1_000_000

    async def sleep(self, seconds: float) -> None:
        until = self.time + int(seconds * 1_000_000)
        while self.time < until:
            await self._moved.wait()

    def go_to(self, time: int) -> None:
        """Set it forward to this time, in microseconds."""
        self.time = time
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()
