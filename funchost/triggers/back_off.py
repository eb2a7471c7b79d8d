"""Delays that grow: between polls of what is empty, and between tries of what fails.

Pure but for chance. Source: Azure WebJobs SDK, RandomizedExponentialBackoffStrategy.
"""

import random

_SPREAD = 0.2
# More steps than it takes from the shortest to the longest delay that can be written.
_MOST_STEPS = 64


class BackOff:
    """Seconds to wait, from the shortest on about twice as long each time, up to the longest."""

    def __init__(self, shortest: float, longest: float) -> None:
        self._shortest = shortest
        self._longest = longest
        self._steps = 0

    def next(self) -> float:
        """The next delay."""
        if self._steps == 0:
            grown = 0.0
        else:
            chance = random.uniform(1 - _SPREAD, 1 + _SPREAD)
            grown = chance * 2.0 ** (self._steps - 1) * self._shortest
        delay = self._shortest + grown
        if delay >= self._longest:
            return self._longest
        self._steps = min(self._steps + 1, _MOST_STEPS)
        return delay

    def reset(self) -> None:
        """Begin again with the shortest."""
        self._steps = 0
