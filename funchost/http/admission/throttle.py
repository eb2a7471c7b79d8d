"""How many requests run at once, and how many may wait: host.json `extensions.http`.

It counts; what a refused request is answered is decided elsewhere.
Source: Azure Functions host, HttpThrottleMiddleware and HttpRequestQueue.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class TooManyRequests(Exception):
    """As many requests as are allowed run or wait already."""


class RequestQueue:
    """Places for requests; None is no limit."""

    def __init__(self, max_concurrent: int | None, max_outstanding: int | None) -> None:
        self._running = None if max_concurrent is None else asyncio.Semaphore(max_concurrent)
        self._max_outstanding = max_outstanding
        self._outstanding = 0

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """A place for one request, as soon as one is free, in the order of arrival.

        Raises TooManyRequests at once when too many run or wait already.
        """
        if self._max_outstanding is not None and self._outstanding >= self._max_outstanding:
            raise TooManyRequests
        self._outstanding += 1
        try:
            if self._running is None:
                yield
            else:
                async with self._running:
                    yield
        finally:
            self._outstanding -= 1
