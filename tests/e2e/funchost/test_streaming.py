"""HTTP streaming from outside: server-sent events, large bodies, clients that leave, workers that die.

Source: azurefunctions-extensions-http-fastapi; Azure Functions host, DefaultHttpProxyService.
"""

import asyncio
import hashlib
import json
import os
import signal

import aiohttp
import psutil
import pytest

from tests.e2e import hosting
from tests.e2e.durable_host import DurableHost, eventually
from tests.e2e.hosting import HostProcess
from tests.generations import sdk_1_only

APP = hosting.APPS / "streaming"
MEBIBYTE = 1024 * 1024


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with hosting.running(HostProcess(APP, tmp_path_factory.mktemp("streaming"))) as host:
        yield host


@pytest.fixture
async def session(shared):
    async with aiohttp.ClientSession(shared.base_url) as session:
        yield session


@pytest.fixture
def client(session, shared):
    return DurableHost(session, shared.base_url)


async def events(response):
    """The data of the events as they come."""
    async for line in response.content:
        if line.startswith(b"data: "):
            yield json.loads(line.removeprefix(b"data: "))


async def test_server_sent_events_come_one_by_one(session):
    async with session.get("/api/ticks/3") as response:
        assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert response.headers["X-Everywhere"] == "yes"
        assert [number async for number in events(response)] == [0, 1, 2]


async def test_many_streams_and_ordinary_calls_share_one_worker(session, client):
    async with asyncio.TaskGroup() as group:
        streams = [group.create_task(client.get("/api/ticks/20")) for _ in range(20)]
        calls = [group.create_task(client.get("/api/pid")) for _ in range(20)]

    assert len({call.result().text for call in calls}) == 1
    assert {stream.result().text.count("data:") for stream in streams} == {20}


async def test_a_client_that_leaves_closes_its_generator(session, shared):
    async with session.get("/api/ticks/0") as response:
        numbers = events(response)
        for number in range(3):
            assert await anext(numbers) == number
        before = shared.log.count("ticks closed")
        response.close()

    async def is_closed():
        return shared.log.count("ticks closed") > before

    await eventually(is_closed)


async def test_a_large_upload_arrives_whole_and_is_never_held_as_a_whole(session, shared):
    size = 90 * MEBIBYTE

    async def body():
        for _ in range(90):
            yield bytes(MEBIBYTE)

    memory = resident(shared)
    async with session.post("/api/digest", data=body()) as response:
        answer = await response.json()

    assert (answer["length"], answer["sha256"]) == (size, hashlib.sha256(bytes(size)).hexdigest())
    assert resident(shared) - memory < size // 3


async def test_a_large_download_arrives_whole_and_is_never_held_as_a_whole(session, shared):
    memory, length = resident(shared), 0
    async with session.get("/api/zeros/3200") as response:
        async for chunk in response.content.iter_any():
            length += len(chunk)

    assert length == 200 * MEBIBYTE
    assert resident(shared) - memory < 60 * MEBIBYTE


def resident(host):
    """How much memory the host and its workers have in use."""
    return sum(process.memory_info().rss for process in [psutil.Process(host.pid), *host.processes()])


async def test_an_upload_above_the_limit_is_refused(session):
    async def body():
        for _ in range(101):
            yield bytes(MEBIBYTE)

    async with session.post("/api/digest", data=body()) as response:
        assert response.status == 413


async def test_an_orchestration_is_started_from_a_streamed_function(client):
    reply = await client.post("/api/start/shout", json={"text": "hello"})

    assert reply.status == 202
    status = await client.ended(reply.json())
    assert (status["runtimeStatus"], status["output"]) == ("Completed", "HELLO")


@sdk_1_only
async def test_a_durable_client_of_sdk_1_goes_on_while_the_response_is_sent(session):
    async with session.post("/api/follow/shout", json={"text": "hello"}) as response:
        statuses = [status async for status in events(response)]

    assert statuses[-1] == "Completed"


async def test_a_worker_that_dies_breaks_the_response_off_and_the_next_one_streams(session, client):
    worker = int((await client.get("/api/pid")).text)
    async with session.get("/api/ticks/0") as response:
        numbers = events(response)
        assert await anext(numbers) == 0
        os.kill(worker, signal.SIGKILL)
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()

    assert (await client.get("/api/ticks/2")).text == "data: 0\n\ndata: 1\n\n"


async def test_a_stop_waits_for_the_stream_that_runs(make_host):
    host = make_host(app=APP)
    host.start()
    processes = host.processes()
    async with aiohttp.ClientSession(host.base_url) as session, session.get("/api/ticks/50") as response:
        numbers = events(response)
        assert await anext(numbers) == 0
        host.signal(signal.SIGTERM)
        assert [number async for number in numbers] == list(range(1, 50))

    assert await asyncio.to_thread(host.wait) == 0
    assert hosting.alive(processes) == []
