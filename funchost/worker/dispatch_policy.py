"""Which worker gets the next invocation. It knows of a worker only how much it has in flight, and where."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from funchost.worker.model import DispatchPolicy, Lane


class Busy(Protocol):
    """What the choice is made by."""

    @property
    def in_flight(self) -> int:
        """How many invocations wait for an answer."""

    def load(self, lane: Lane) -> int:
        """How many of them run in this lane."""


WorkerT = TypeVar("WorkerT", bound=Busy)


class Dispatcher:
    """Chooses among the workers that are ready at the moment of the choice."""

    def __init__(self, policy: DispatchPolicy) -> None:
        self._least_busy = policy == "least-busy"
        self._turn = 0

    def choose(self, ready: Sequence[WorkerT], lane: Lane) -> WorkerT:
        """The worker for the next invocation, which will run in `lane`; `ready` has at least one.

        Least busy is the worker with the fewest invocations in that lane: an episode must not push an
        activity to a worker whose threads are all taken.
        Round-robin is the real host's way, which looks at no load. Source: Azure Functions host,
        RpcFunctionInvocationDispatcherLoadBalancer.
        """
        if len(ready) == 1:
            return ready[0]
        # Counted before use, as in the original: of two workers the second gets the first invocation.
        self._turn += 1
        turn = self._turn % len(ready)
        if not self._least_busy:
            return ready[turn]
        in_turn = [*ready[turn:], *ready[:turn]]
        return min(in_turn, key=lambda worker: (worker.load(lane), worker.in_flight))
