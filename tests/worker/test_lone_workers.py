"""Invocations that get a worker process of their own, so that they take nothing else down with them."""

import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable

import pytest

from funchost.worker.invocations import Invocation, InvocationResult, PoolStopped, WorkerLost
from funchost.worker.pool import WorkerPool
from tests.worker.conftest import Caller, StartPool

Until = Callable[[Callable[[], object]], Awaitable[None]]


async def alone(pool: WorkerPool, function: str, value: object = None) -> InvocationResult:
    return await pool.invoke(Invocation("alone", function, "string", json.dumps(value).encode(), alone=True))


async def pid_of(result: Awaitable[InvocationResult]) -> int:
    return (await result).worker


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_it_runs_in_no_process_that_others_get(caller: Caller) -> None:
    result = await alone(caller.pool, "double", 21)
    assert (result.ok, json.loads(result.payload)) == (True, 42)
    assert result.worker not in caller.pool.pids
    assert (await caller.invoke("double", "1")).worker in caller.pool.pids


async def test_what_kills_its_process_disturbs_nothing_else(caller: Caller) -> None:
    other = asyncio.ensure_future(caller.activity("block", 0.3))
    with pytest.raises(WorkerLost, match="python exited with code 3"):
        await alone(caller.pool, "crash", 3)
    assert await other


async def test_a_process_that_survived_runs_the_next_one_and_ends_when_there_is_none(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, until: Until
) -> None:
    monkeypatch.setattr("funchost.worker.pool._IDLE_SECONDS", 0.2)
    first = await pid_of(alone(caller.pool, "double", 1))
    assert await pid_of(alone(caller.pool, "double", 1)) == first
    await until(lambda: not is_alive(first))
    assert await pid_of(alone(caller.pool, "double", 1)) != first


async def test_there_are_as_many_as_other_processes(start_pool: StartPool) -> None:
    pool = await start_pool(process_count=2)
    before = pool.can_run_alone
    blocked = [asyncio.ensure_future(pid_of(alone(pool, "block", 0.2))) for _ in range(4)]
    await asyncio.sleep(0)
    assert (before, pool.can_run_alone) == (True, False)
    assert len(set(await asyncio.gather(*blocked))) == 2
    before = pool.can_run_alone
    assert before


async def test_a_process_that_dies_before_it_has_loaded_the_app_is_lost(
    start_pool: StartPool, write_app: Callable[[str], object]
) -> None:
    pool = await start_pool(write_app("import azure.functions as func\napp = func.FunctionApp()\n"))
    write_app("import os\nos._exit(5)\n")
    with pytest.raises(WorkerLost, match=r"code 5 .* before function_app\.py was loaded"):
        await alone(pool, "any")


@pytest.mark.parametrize("grace_seconds", [0, 5])
async def test_a_stop_leaves_no_process_behind(caller: Caller, grace_seconds: float, until: Until) -> None:
    idle = await pid_of(alone(caller.pool, "double", 1))
    other = asyncio.ensure_future(alone(caller.pool, "block", 0.2))
    await until(lambda: caller.pool.in_flight == 1)
    await caller.pool.stop(grace_seconds)
    if grace_seconds:
        assert (await other).ok
    else:
        with pytest.raises(WorkerLost):
            await other
    assert not is_alive(idle)
    with pytest.raises(PoolStopped):
        await alone(caller.pool, "double", 1)


async def test_a_process_that_is_killed_while_it_is_idle_is_not_used(caller: Caller, until: Until) -> None:
    idle = await pid_of(alone(caller.pool, "double", 1))
    os.kill(idle, signal.SIGKILL)
    await until(lambda: not caller.pool._idle_alone[0].takes_work)
    assert await pid_of(alone(caller.pool, "double", 1)) != idle
