"""The smallest dispatcher there can be, so that its loop is all there is to see."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from funchost.dispatch.dispatcher import Dispatcher


class NumberQueue(Dispatcher[int]):
    """Works on the numbers in `waiting`.

    `due` are numbers that come by themselves at some time. With `hands_on` a place goes on with the next
    number at once.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.waiting: list[int] = []
        self.rooms: list[int] = []
        self.leases = 0
        self.done: list[int] = []
        self.given_back: list[int] = []
        self.pauses: list[tuple[float, int]] = []
        self.attempts = 0
        self.work: Callable[[int], Awaitable[None]] = self._at_once
        self.due: list[tuple[float, int]] = []
        self.hands_on = False
        self.running = self.most_running = 0

    async def _at_once(self, item: int) -> None:
        await asyncio.sleep(0)

    def put(self, *items: int) -> None:
        self.waiting += items
        self.wake()

    async def _lease(self, room: int) -> Sequence[int]:
        self.leases += 1
        self.rooms.append(room)
        now = asyncio.get_running_loop().time()
        self.waiting += [item for at, item in self.due if at <= now]
        self.due = [(at, item) for at, item in self.due if at > now]
        leased, self.waiting = self.waiting[:room], self.waiting[room:]
        return leased

    async def _seconds_until_due(self) -> float | None:
        now = asyncio.get_running_loop().time()
        return max(0.0, min(at for at, _ in self.due) - now) if self.due else None

    async def _work(self, item: int) -> int | None:
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await self.work(item)
            self.done.append(item)
            hands_on = self.hands_on and self.waiting and not self.is_draining
            return self.waiting.pop(0) if hands_on else None
        finally:
            self.running -= 1

    def _attempts(self, item: int) -> int:
        return self.attempts

    async def _give_back(self, item: int, pause_seconds: float, attempts: int) -> None:
        self.given_back.append(item)
        self.pauses.append((pause_seconds, attempts))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)
