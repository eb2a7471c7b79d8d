"""Running a function again that failed, as its retry policy says.

For triggers that the host itself listens to: timers, queues, blobs. HTTP and durable triggers do not retry.
Source: Azure WebJobs SDK, FunctionExecutorExtensions.TryExecuteAsync.
"""

import asyncio
import logging
import uuid
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from funchost.clock import Clock
from funchost.conventions import time_spans
from funchost.conventions.retry_policies import RetryPolicy
from funchost.triggers.back_off import BackOff
from funchost.worker.calling import Invoker, call
from funchost.worker.invocations import (
    FunctionInfo,
    FunctionTimedOut,
    Invocation,
    InvocationError,
    InvocationResult,
    Retry,
    WorkerLost,
)


@dataclass(frozen=True, slots=True)
class Ended:
    """How the last try of a function ended; `result` is None when its worker was lost or replaced."""

    result: InvocationResult | None

    @property
    def ok(self) -> bool:
        """Whether the function returned."""
        return self.result is not None and self.result.ok


def with_default(
    functions: Iterable[FunctionInfo], default: RetryPolicy | None, triggers: Container[str]
) -> list[FunctionInfo]:
    """The functions, those with one of these triggers under the policy of host.json if they have none."""
    return [
        replace(each, retry=each.retry or default) if each.trigger in triggers else each for each in functions
    ]


class Retries:
    """Calls functions, again and again where their policy says so, until `drain`."""

    def __init__(self, invoker: Invoker, clock: Clock) -> None:
        self._invoker = invoker
        self._clock = clock
        self._draining = asyncio.Event()

    def drain(self) -> None:
        """Let nothing be tried again until `resume`: what fails from now on has failed."""
        self._draining.set()

    def resume(self) -> None:
        """Let functions be tried again."""
        self._draining.clear()

    async def call(
        self,
        invocation: Invocation,
        policy: RetryPolicy | None,
        reason: str,
        details: Mapping[str, str] | None = None,
    ) -> Ended:
        """Run a function until it returns or its policy is used up. Each try has an invocation ID of its own.

        Raises PoolStopped when the workers are being stopped.
        """
        if policy is None:
            return (await self._try(invocation, reason, details))[0]
        logger = logging.getLogger(f"Function.{invocation.function}")
        back_off = BackOff(policy.shortest_delay, policy.longest_delay)
        invocation = replace(invocation, retry=Retry(0, policy.max_retries))
        retries = 0
        while True:
            ended, error = await self._try(invocation, reason, details)
            if ended.ok:
                return ended
            if not policy.allows(retries):
                logger.error("Function execution failed after '%d' retries.", retries)
                return ended
            retries += 1
            delay = policy.shortest_delay if policy.strategy == "fixedDelay" else back_off.next()
            logger.debug(
                "Waiting for `%s` before retrying function execution. Next attempt: '%d'. "
                "Max retry count: '%d'.",
                time_spans.format_span(timedelta(seconds=delay)),
                retries,
                policy.max_retries,
            )
            if not await self._waited(delay):
                return ended
            invocation = replace(
                invocation,
                invocation_id=str(uuid.uuid4()),
                retry=Retry(retries, policy.max_retries, error),
            )

    async def _try(
        self, invocation: Invocation, reason: str, details: Mapping[str, str] | None
    ) -> tuple[Ended, InvocationError | None]:
        try:
            result = await call(self._invoker, invocation, reason, details)
        except (WorkerLost, FunctionTimedOut) as loss:
            return Ended(None), InvocationError(type(loss).__name__, str(loss), "")
        return Ended(result), result.error

    async def _waited(self, seconds: float) -> bool:
        """Whether the time has passed without an order to drain."""
        if self._draining.is_set():
            return False
        sleep = asyncio.ensure_future(self._clock.sleep(seconds))
        drain = asyncio.ensure_future(self._draining.wait())
        try:
            await asyncio.wait([sleep, drain], return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleep.cancel()
            drain.cancel()
        return not self._draining.is_set()
