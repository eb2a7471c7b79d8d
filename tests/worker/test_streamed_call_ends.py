"""How a streamed call ends when its worker, or its pool, does."""

import asyncio
import os
import signal

import pytest

from funchost.worker import pool as pool_module
from funchost.worker.invocations import FunctionTimedOut, WorkerLost
from funchost.worker.streams import StreamBroken
from tests.streams import OpenCall


@pytest.fixture
def begin():
    """Starts a call and waits until its response has begun."""

    async def start(pool, function, **given):
        call = OpenCall(pool, function, **given)
        piece, _ = await call.stream.read()
        return call, piece

    return start


async def test_a_worker_that_dies_breaks_its_streams_off_after_all_that_it_sent(start_pool, begin, tmp_path):
    pool = await start_pool("streaming")
    call, piece = await begin(pool, "die", target=f"/api/x?go={tmp_path / 'go'}")
    assert piece == b"last words"

    (tmp_path / "go").touch()

    with pytest.raises(StreamBroken):
        await call.stream.read()
    with pytest.raises(WorkerLost):
        await call.result


async def test_the_streams_of_another_worker_go_on(start_pool, begin):
    pool = await start_pool("streaming", process_count=2, dispatch="round-robin")
    calls = [(await begin(pool, "forever"))[0] for _ in range(2)]

    os.kill(pool.pids[0], signal.SIGKILL)
    ended, _ = await asyncio.wait([call.result for call in calls], return_when=asyncio.FIRST_COMPLETED)

    (going_on,) = [call for call in calls if call.result not in ended]
    for _ in range(10):
        assert await going_on.stream.read() == (b"tick", True)


async def test_a_stream_that_runs_too_long_breaks_off_and_a_generator_that_closes_spares_its_worker(
    start_pool, begin, caplog, until, monkeypatch
):
    monkeypatch.setattr(pool_module, "_GRACE_SECONDS", 0.5)
    pool = await start_pool("streaming", function_timeout_seconds=0.3)
    pids = pool.pids
    call, _ = await begin(pool, "forever")

    assert not (await call.answer()).is_complete
    with pytest.raises(FunctionTimedOut):
        await call.result
    await until(lambda: "ticks closed" in caplog.messages and pool.pids == pids)


async def test_a_stream_that_does_not_end_when_its_time_is_over_takes_its_worker_along(
    start_pool, begin, until, monkeypatch
):
    monkeypatch.setattr(pool_module, "_GRACE_SECONDS", 0.2)
    pool = await start_pool("streaming", function_timeout_seconds=0.3)
    pids = pool.pids
    call, _ = await begin(pool, "stubborn")

    with pytest.raises(FunctionTimedOut):
        await call.result

    await until(lambda: pool.pids and pool.pids != pids)


async def test_a_stop_waits_for_streams_and_then_breaks_them_off(start_pool, begin):
    pool = await start_pool("streaming")
    call, _ = await begin(pool, "forever")

    stopping = asyncio.create_task(pool.stop(0.3))
    response = await call.answer()
    await stopping

    assert response.body.startswith(b"tick")
    assert not response.is_complete
    with pytest.raises(WorkerLost):
        await call.result


async def test_a_stop_does_not_wait_for_streams_whose_clients_have_gone(start_pool, begin):
    pool = await start_pool("streaming")
    call, _ = await begin(pool, "forever")
    stopping = asyncio.create_task(pool.stop(30))
    await call.stream.read()

    call.stream.leave()

    assert (await call.result).ok
    await stopping
