"""functionTimeout on real processes. Source: Azure WebJobs SDK, FunctionExecutor."""

import asyncio

import psutil
import pytest

from funchost.worker import pool as pool_module
from funchost.worker.invocations import FunctionTimedOut, WorkerLost


async def test_a_function_that_runs_too_long_fails_with_the_texts_of_the_original(
    start_pool, caller_of, caplog, until
):
    caller = caller_of(await start_pool(function_timeout_seconds=0.5))

    with pytest.raises(FunctionTimedOut) as caught:
        await caller.activity("block", 30)

    assert str(caught.value) == (
        "Timeout value of 00:00:00.5000000 was exceeded by function: Functions.block"
    )
    assert caplog.messages == [
        "Timeout value of 00:00:00.5000000 exceeded by function 'Functions.block' (Id: 'invocation-1'). "
        "Initiating cancellation."
    ]
    restart = (
        "A function timeout has occurred. Restarting worker process executing invocationId 'invocation-1'."
    )
    await until(lambda: restart in caplog.messages)


async def test_its_worker_process_is_replaced_and_no_other(start_pool, caller_of, until):
    caller = caller_of(await start_pool(process_count=2, function_timeout_seconds=0.5))
    before = set(caller.pool.pids)

    with pytest.raises(FunctionTimedOut) as caught:
        await caller.activity("block", 30)

    await until(lambda: not psutil.pid_exists(caught.value.pid))
    await until(lambda: len(caller.pool.pids) == 2)
    assert set(caller.pool.pids) & before == before - {caught.value.pid}


async def test_what_else_runs_on_that_process_is_lost_with_it_at_once(
    start_pool, caller_of, until, monkeypatch
):
    monkeypatch.setattr(pool_module, "_GRACE_SECONDS", 0.2)
    caller = caller_of(await start_pool(function_timeout_seconds=1))
    late = asyncio.ensure_future(caller.activity("block", 30))
    await until(lambda: caller.pool.in_flight == 1)
    bystander = asyncio.ensure_future(caller.activity("block", 30))
    await until(lambda: caller.pool.in_flight == 2)
    # So that the other one is not late itself.
    (worker,) = caller.pool._workers
    [*worker.pending.values()][-1].begun += 60

    with pytest.raises(FunctionTimedOut):
        await late
    with pytest.raises(WorkerLost):
        await asyncio.wait_for(bystander, 5)


async def test_a_process_that_is_about_to_be_replaced_is_given_no_new_work(start_pool, caller_of):
    caller = caller_of(await start_pool(process_count=2, function_timeout_seconds=0.5))
    with pytest.raises(FunctionTimedOut) as caught:
        await caller.activity("block", 30)

    results = [await caller.invoke("double", "1") for _ in range(6)]

    assert caught.value.pid not in {result.worker for result in results}


async def test_a_process_whose_function_ends_after_all_is_kept(start_pool, caller_of, caplog):
    caller = caller_of(await start_pool(function_timeout_seconds=0.5))
    (pid,) = caller.pool.pids

    with pytest.raises(FunctionTimedOut):
        await caller.activity("block", 1)
    result = await caller.invoke("double", "1")

    assert result.worker == pid
    assert "Restarting worker process" not in caplog.text


async def test_a_function_that_is_in_time_leaves_no_trace(start_pool, caller_of, caplog):
    caller = caller_of(await start_pool(function_timeout_seconds=20))

    await caller.activity("block", 0.1)

    assert caplog.messages == []


async def test_a_caller_that_has_left_does_not_spare_the_process(start_pool, caller_of, until):
    caller = caller_of(await start_pool(function_timeout_seconds=0.5))
    (pid,) = caller.pool.pids
    call = asyncio.ensure_future(caller.activity("block", 30))
    await asyncio.sleep(0)

    call.cancel()

    await until(lambda: not psutil.pid_exists(pid))
