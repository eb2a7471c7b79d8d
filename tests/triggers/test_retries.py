"""Functions that are run again after a failure. Source: Azure WebJobs SDK, FunctionExecutorExtensions."""

import asyncio

import pytest

from funchost.conventions.retry_policies import RetryPolicy
from funchost.triggers.retries import Retries
from funchost.worker.invocations import (
    Invocation,
    InvocationError,
    InvocationResult,
    PoolStopped,
    Retry,
    WorkerLost,
)
from tests.clocks import ManualClock, QuickClock

THREE_TIMES = RetryPolicy("fixedDelay", 3, 5, 5)
ERROR = InvocationError("ValueError", "no good", "")


class FailingPool:
    """Fails so often, then answers."""

    def __init__(self, failures, failure=ERROR):
        self.invocations = []
        self._failures = failures
        self._failure = failure

    async def invoke(self, invocation):
        self.invocations.append(invocation)
        if len(self.invocations) > self._failures:
            return InvocationResult(True, "none", b"", None, None, 1)
        if isinstance(self._failure, Exception):
            raise self._failure
        return InvocationResult(False, "none", b"", None, self._failure, 1)


async def called(pool, policy, clock=None):
    retries = Retries(pool, clock or QuickClock())
    return await retries.call(Invocation("first", "f", "json", b"{}"), policy, "a reason")


async def test_without_a_policy_a_failure_is_the_end():
    pool = FailingPool(1)

    assert not (await called(pool, None)).ok
    assert [each.retry for each in pool.invocations] == [None]


async def test_a_function_runs_again_until_it_returns():
    pool = FailingPool(2)

    assert (await called(pool, THREE_TIMES)).ok
    assert [each.retry for each in pool.invocations] == [Retry(0, 3), Retry(1, 3, ERROR), Retry(2, 3, ERROR)]


async def test_each_try_has_an_id_of_its_own():
    pool = FailingPool(2)

    await called(pool, THREE_TIMES)

    assert len({each.invocation_id for each in pool.invocations}) == 3


async def test_it_fails_when_its_policy_is_used_up(caplog):
    pool = FailingPool(9)

    assert not (await called(pool, THREE_TIMES)).ok
    assert len(pool.invocations) == 4
    assert "Function execution failed after '3' retries." in caplog.text


async def test_a_policy_may_go_on_for_ever():
    pool = FailingPool(50)

    assert (await called(pool, RetryPolicy("fixedDelay", -1, 0, 0))).ok


async def test_a_lost_worker_is_a_failure_too():
    pool = FailingPool(1, WorkerLost(1, "gone"))

    assert (await called(pool, THREE_TIMES)).ok
    assert pool.invocations[1].retry.error.type == "WorkerLost"


async def test_nothing_is_tried_again_when_the_workers_are_stopped():
    pool = FailingPool(1, PoolStopped())

    with pytest.raises(PoolStopped):
        await called(pool, THREE_TIMES)
    assert len(pool.invocations) == 1


async def test_the_delay_is_waited_for():
    pool, clock = FailingPool(1), ManualClock()
    call = asyncio.ensure_future(called(pool, THREE_TIMES, clock))

    await clock.asleep()
    clock.advance(4.9)
    await asyncio.sleep(0)
    assert len(pool.invocations) == 1
    clock.advance(0.2)

    assert (await call).ok


async def test_a_drain_ends_the_wait_and_the_retries():
    pool, clock = FailingPool(9), ManualClock()
    retries = Retries(pool, clock)
    call = asyncio.ensure_future(retries.call(Invocation("1", "f", "json", b""), THREE_TIMES, "a reason"))

    await clock.asleep()
    retries.drain()

    assert not (await call).ok
    assert len(pool.invocations) == 1
