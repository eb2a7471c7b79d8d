"""What all trigger sources have in common, so that a run of the app starts and stops them alike."""

from typing import Protocol


class TriggerSource(Protocol):
    """What has functions run by itself: the task hub's dispatchers, timers, queues, blobs.

    A kind of trigger is one of these and a function `checked`, which gives each of its functions that can
    never run an error that says why.
    """

    def start(self) -> None:
        """Begin to have functions run."""

    def drain(self) -> None:
        """Have no more functions run until `resume`; what runs goes on."""

    def resume(self) -> None:
        """Have functions run again."""

    async def stop(self, grace_seconds: float) -> None:
        """Have no more functions run, and wait for what runs, so long."""
