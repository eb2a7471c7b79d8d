"""Workers as processes: threads, distribution, death, replacement and the end.

Source: Azure Functions host, worker processes.
"""

import asyncio
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from funchost.worker.invocations import PoolStopped, WorkerLost
from tests.generations import sdk_1_only

ENTITY_BATCH = '{"self": {"name": "counter", "key": "k"}, "exists": false, "state": null, "batch": []}'


async def test_all_workers_start_side_by_side(start_pool):
    pool = await start_pool(process_count=3)

    assert len(pool.pids) == 3
    assert len(set(pool.pids)) == 3


async def test_synchronous_functions_are_bounded_by_the_thread_count(start_pool, caller_of):
    caller = caller_of(await start_pool(thread_count=2))

    threads = await asyncio.gather(*(caller.activity("block", 0.05) for _ in range(6)))

    assert set(threads) == {"worker-1_thread-1", "worker-1_thread-2"}


async def test_without_a_thread_count_as_many_run_as_are_asked_for(caller):
    threads = await asyncio.gather(*(caller.activity("block", 0.5) for _ in range(40)))

    assert len(set(threads)) == 40


async def test_threads_are_used_again(caller):
    threads = [await caller.activity("block", 0) for _ in range(50)]

    # A thread is free a moment after its answer, so that a second one may be started in between.
    assert len(set(threads)) < 10


async def test_asynchronous_functions_share_one_loop_and_are_not_bounded(start_pool, caller_of):
    caller = caller_of(await start_pool(thread_count=1))
    started = time.monotonic()

    threads = await asyncio.gather(*(caller.activity("wait", 0.3) for _ in range(50)))

    assert set(threads) == {"worker-1_loop"}
    assert time.monotonic() - started < 50 * 0.3 / 3


@sdk_1_only
async def test_an_activity_that_blocks_does_not_delay_an_episode(start_pool, caller_of):
    caller = caller_of(await start_pool(thread_count=1))
    activity = asyncio.ensure_future(caller.activity("block", 5))

    state = await asyncio.wait_for(caller.invoke("counter", ENTITY_BATCH), 3)

    assert state.ok
    assert not activity.done()
    activity.cancel()


@sdk_1_only
async def test_under_round_robin_episodes_and_activities_share_their_threads(start_pool, caller_of):
    caller = caller_of(await start_pool(thread_count=1, dispatch="round-robin"))
    activity = asyncio.ensure_future(caller.activity("block", 0.3))
    await asyncio.sleep(0)

    await caller.invoke("counter", ENTITY_BATCH)

    assert activity.done()


async def test_least_busy_passes_by_the_worker_that_is_occupied(start_pool, caller_of):
    caller = caller_of(await start_pool(process_count=2))
    long_one = asyncio.ensure_future(caller.invoke("block", "1"))
    await asyncio.sleep(0)

    short_ones = [await caller.invoke("double", "1") for _ in range(6)]

    assert len({result.worker for result in short_ones}) == 1
    assert (await long_one).worker != short_ones[0].worker


async def test_round_robin_gives_to_each_in_turn(start_pool, caller_of):
    caller = caller_of(await start_pool(process_count=2, dispatch="round-robin"))
    first, second = caller.pool.pids

    results = [await caller.invoke("double", "1") for _ in range(4)]

    assert [result.worker for result in results] == [second, first, second, first]


async def test_in_flight_counts_what_has_no_answer_even_when_the_caller_has_left(caller, until):
    call = asyncio.ensure_future(caller.activity("block", 0.2))
    await asyncio.sleep(0)
    call.cancel()

    assert caller.pool.in_flight == 1
    await until(lambda: caller.pool.in_flight == 0)


async def test_a_killed_worker_fails_its_invocations_at_once_and_is_replaced(caller, caplog, until):
    (pid,) = caller.pool.pids
    calls = [asyncio.ensure_future(caller.activity("block", 30)) for _ in range(3)]
    await asyncio.sleep(0)
    started = time.monotonic()

    os.kill(pid, signal.SIGKILL)
    lost = []
    for call in calls:
        with pytest.raises(WorkerLost) as caught:
            await call
        lost.append(caught.value)

    assert time.monotonic() - started < 2
    assert {(error.pid, error.exit_description) for error in lost} == {
        (pid, "python exited with code 137 (0x89)")
    }
    await until(lambda: len(caller.pool.pids) == 1)
    assert caller.pool.pids != [pid]
    assert await caller.activity("double", 1) == 2
    assert f"Language Worker Process exited. Pid={pid}.\npython exited with code 137 (0x89)" in caplog.text


@pytest.mark.parametrize("code", [0, 3])
async def test_a_worker_that_ends_itself_is_lost_whatever_its_exit_code(caller, until, code):
    with pytest.raises(WorkerLost) as caught:
        await caller.activity("crash", code)

    assert caught.value.exit_description == f"python exited with code {code} (0x{code})"
    assert caught.value.last_lines[-1] == "last words"
    await until(lambda: len(caller.pool.pids) == 1)


async def test_an_invocation_waits_while_all_workers_restart(caller):
    with pytest.raises(WorkerLost):
        await caller.activity("crash", 1)

    assert len(caller.pool.pids) == 0
    assert await caller.activity("double", 1) == 2


async def test_a_worker_lost_is_noticed_although_its_child_holds_the_pipes(caller):
    child = await caller.activity("fork")
    (pid,) = caller.pool.pids
    call = asyncio.ensure_future(caller.activity("block", 30))
    await asyncio.sleep(0)
    try:
        os.kill(pid, signal.SIGKILL)

        with pytest.raises(WorkerLost):
            await asyncio.wait_for(call, 5)
    finally:
        os.kill(child, signal.SIGKILL)


async def test_a_forked_child_does_not_speak_to_the_host(caller):
    child = await caller.activity("fork")
    try:
        assert [await caller.activity("double", number) for number in range(5)] == [0, 2, 4, 6, 8]
    finally:
        os.kill(child, signal.SIGKILL)


async def test_a_replacement_that_cannot_load_is_tried_again(start_pool, caller_of, write_app, caplog, until):
    good = "import azure.functions as func\napp = func.FunctionApp()\n"
    good += "@app.route()\ndef f(req: func.HttpRequest) -> str: return 'f'\n"
    folder = write_app(good)
    pool = await start_pool(folder)
    (folder / "function_app.py").write_text("raise ValueError('broken now')\n")

    os.kill(pool.pids[0], signal.SIGKILL)
    await until(lambda: "Worker failed to load the app: ValueError: broken now" in caplog.text)
    (folder / "function_app.py").write_text(good)

    assert (await caller_of(pool).http("f")).payload == b"f"


async def test_stop_lets_what_runs_end_and_leaves_no_child(caller):
    call = asyncio.ensure_future(caller.activity("block", 0.3))
    await asyncio.sleep(0)
    (pid,) = caller.pool.pids

    await caller.pool.stop(10)

    assert await call == "worker-1_thread-1"
    assert not psutil.pid_exists(pid)


async def test_stop_waits_for_what_runs_although_its_caller_has_left(caller, caplog):
    caplog.set_level(logging.INFO)
    call = asyncio.ensure_future(caller.activity("block_and_log", 0.3))
    await asyncio.sleep(0)
    call.cancel()

    await caller.pool.stop(10)

    assert "blocked to the end" in caplog.messages


async def test_stop_does_not_wait_longer_than_the_grace(caller):
    call = asyncio.ensure_future(caller.activity("block", 30))
    await asyncio.sleep(0)
    started = time.monotonic()

    await caller.pool.stop(0.1)

    assert time.monotonic() - started < 2
    with pytest.raises(WorkerLost):
        await call


async def test_a_second_stop_without_grace_cuts_the_first_short(caller):
    call = asyncio.ensure_future(caller.activity("block", 30))
    await asyncio.sleep(0)
    first = asyncio.ensure_future(caller.pool.stop(30))
    await asyncio.sleep(0)

    await caller.pool.stop(0)

    await asyncio.wait_for(first, 2)
    with pytest.raises(WorkerLost):
        await call


async def test_no_new_work_is_taken_while_the_pool_stops(caller):
    call = asyncio.ensure_future(caller.activity("block", 0.3))
    await asyncio.sleep(0)
    stop = asyncio.ensure_future(caller.pool.stop(10))
    await asyncio.sleep(0)

    with pytest.raises(PoolStopped, match="no new invocation is taken"):
        await caller.activity("double", 1)

    await asyncio.gather(call, stop)


async def test_ctrl_c_in_the_terminal_is_the_host_s_to_decide(
    start_pool, caller_of, write_app, tmp_path, until
):
    folder = write_app(
        """
import time
from pathlib import Path

import azure.durable_functions as df

app = df.DFApp()


@app.activity_trigger(input_name="begun")
def block(begun: str) -> str:
    Path(begun).touch()
    time.sleep(0.3)
    return "ended"
"""
    )
    caller = caller_of(await start_pool(folder))
    (pid,) = caller.pool.pids
    begun = tmp_path / "begun"
    call = asyncio.ensure_future(caller.activity("block", str(begun)))
    await until(begun.exists)

    os.kill(pid, signal.SIGINT)

    assert await call == "ended"
    assert caller.pool.pids == [pid]


@pytest.mark.parametrize("app", ["everyday", "import_for_ever"])
async def test_workers_die_with_their_host_even_while_they_block(app, until):
    script = str(Path(__file__).with_name("lonely_host.py"))
    command = [sys.executable, script, str(Path(__file__).parent / "apps" / app)]
    host = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    with host:
        assert host.stdout is not None
        worker = int(host.stdout.readline())
        assert psutil.pid_exists(worker)

        host.kill()

    await until(lambda: _is_gone(worker))


def _is_gone(pid):
    # Where nobody reaps orphans they stay on as zombies.
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
