"""Clocks that a test owns."""

import asyncio

from funchost.clock import Clock

_LIMIT_SECONDS = 20


class QuickClock(Clock):
    """The clock of the machine; waiting on it takes a fiftieth of the time.

    `passed_seconds` is time that has passed besides; by `set_by_seconds` it was set, forward or back.
    """

    def __init__(self) -> None:
        self.passed_seconds = 0.0
        self.set_by_seconds = 0.0

    def now(self) -> int:
        return super().now() + int((self.passed_seconds + self.set_by_seconds) * 1_000_000)

    def monotonic(self) -> float:
        return super().monotonic() + self.passed_seconds

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 50)


class ManualClock(Clock):
    """Stands still until it is set forward. Whoever sleeps on it goes on when the time has come.

    A test waits until the code sleeps (`asleep`) and then sets the clock forward (`advance`, `go_to`). What
    the code does in between takes as long as it takes.
    """

    def __init__(self, now: int = 1_714_564_800_000_000) -> None:
        """`now` is in microseconds since 1970, UTC."""
        self._time = now
        self._set_by = 0
        self._sleepers: dict[asyncio.Future[None], int] = {}
        self._fell_asleep = asyncio.Event()

    def now(self) -> int:
        return self._time + self._set_by

    def monotonic(self) -> float:
        return self._time / 1_000_000

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            return await asyncio.sleep(0)
        waked = asyncio.get_running_loop().create_future()
        self._sleepers[waked] = self._time + round(seconds * 1_000_000)
        self._fell_asleep.set()
        try:
            await waked
        finally:
            self._sleepers.pop(waked, None)

    @property
    def sleepers(self) -> int:
        """How many sleep now."""
        return len(self._sleepers)

    async def asleep(self, count: int = 1) -> None:
        """Wait until so many sleep. Raises TimeoutError when that does not happen."""
        async with asyncio.timeout(_LIMIT_SECONDS):
            while self.sleepers < count:
                self._fell_asleep.clear()
                await self._fell_asleep.wait()

    def advance(self, seconds: float) -> None:
        """Set it forward by so much."""
        self.go_to(self.now() + round(seconds * 1_000_000))

    def set_by(self, seconds: float) -> None:
        """Set it forward or back without any time passing."""
        self._set_by += round(seconds * 1_000_000)

    def go_to(self, time: int) -> None:
        """Set it to this time, in microseconds since 1970, and wake who has slept until then."""
        self._time = time - self._set_by
        for waked in [each for each, until in self._sleepers.items() if until <= self._time]:
            del self._sleepers[waked]
            if not waked.done():
                waked.set_result(None)
