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
    """Stands still until it is set forward. Whoever sleeps on it is noted and goes on at once, later than
    before by what it wanted to wait."""

    def __init__(self, now: int = 1_714_564_800_000_000) -> None:
        self.time = now
        self.slept: list[float] = []

    def now(self) -> int:
        return self.time

    def monotonic(self) -> float:
        return self.time / 1_000_000

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.pass_by(seconds)
        await asyncio.sleep(0)

    def pass_by(self, seconds: float) -> None:
        """Let so much time pass."""
        self.time += int(seconds * 1_000_000)
