"""Values that nobody writes, wherever text, numbers or structures enter: each is kept exactly, or that one
thing fails with a reason, soon; everything else goes on.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.e2e import hosting
from tests.e2e.durable_host import AS_JSON, WEBHOOKS, DurableHost, Reply, connect, new_id
from tests.e2e.hosting import HostProcess
from tests.poison_values import CONTENTS, TEXTS, VALUES, nested

APP = Path(__file__).parent / "apps" / "poison"
# Those that return what they were given, when they complete.
EXACT = ["echo", "through_an_activity", "through_a_child", "as_entity_input", "as_next_input"]
PLACES = [
    *EXACT,
    "as_custom_status",
    "as_exception",
    "as_exception_of_an_activity",
    "as_activity_name",
    "as_child_name",
    "as_child_id",
    "as_entity_name",
    "as_entity_key",
    "as_operation_name",
    "as_signal",
    "as_event_name",
    "as_url",
]
# Where a client writes a text into a URL.
PATHS = [
    "orchestrators/{}",
    "orchestrators/echo/{}",
    "instances/{}",
    "instances/{}/raiseEvent/go",
    "instances/waits/raiseEvent/{}",
    "instances/waits/suspend?reason={}",
    "instances/waits/resume?reason={}",
    "instances/waits/rewind?reason={}",
    "instances/waits/{}",
    "instances/waits?showHistory={}",
    "instances/waits?returnInternalServerErrorOnFailure={}",
    "instances?instanceIdPrefix={}",
    "instances?createdTimeFrom={}",
    "instances?createdTimeTo={}",
    "instances?runtimeStatus={}",
    "instances?top={}",
    "instances?showInput={}",
    "entities?entityName={}",
    "entities?lastOperationTimeFrom={}",
    "entities/keeper/{}",
    "entities/keeper/k?op={}",
    "entities/{}/k",
]
METHODS = ["GET", "POST", "DELETE"]

DEEP = st.sampled_from([900, 960, 990]).map(lambda depth: json.loads(nested(depth)))


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A host with the app, and an instance that waits."""
    with hosting.running(HostProcess(APP, tmp_path_factory.mktemp("poison"))) as host:
        asyncio.run(begin_waiting(host.base_url))
        yield host.base_url


async def begin_waiting(url: str) -> None:
    async with connect(url) as host:
        await host.start("through_an_event", {}, "waits")


@asynccontextmanager
async def work_beside(url: str) -> AsyncIterator[DurableHost]:
    """A client, while other work goes on; that ends well, and the listing is JSON with all that is in it."""
    async with connect(url, limit=30) as host, asyncio.TaskGroup() as group:
        well = group.create_task(host.output("through_an_activity", {"value": "well"}))
        yield host
        assert await well == {"value": "well"}
        listed = await host.get(f"{WEBHOOKS}/instances?top=1000&showInput=true")
        assert isinstance(json.loads(listed.body, parse_constant=pytest.fail), list)


async def start(host: DurableHost, name: str, body: bytes, instance_id: str) -> Reply:
    """Ask for an instance; it is started, or refused with a reason."""
    reply = await host.post(f"{WEBHOOKS}/orchestrators/{name}/{instance_id}", data=body, headers=AS_JSON)
    assert reply.status in (202, 400), reply.text
    assert reply.body
    return reply


def is_failed_with_a_reason(status: dict[str, Any]) -> bool:
    return status["runtimeStatus"] == "Failed" and bool(status["output"])


async def check_value(host: DurableHost, place: str, value: Any) -> None:
    """Start an instance that puts the value there, and see how it ends."""
    instance_id = new_id()
    if (await start(host, place, json.dumps({"value": value}).encode(), instance_id)).status == 202:
        status = await host.ended(instance_id)
        assert status["runtimeStatus"] == "Completed" or is_failed_with_a_reason(status), (place, status)
        if status["runtimeStatus"] == "Completed" and place in EXACT:
            assert status["output"] == {"value": value}, place


@settings(max_examples=15)
@given(given=st.lists(st.tuples(st.sampled_from(PLACES), TEXTS | VALUES | DEEP), min_size=1, max_size=12))
def test_any_value_is_kept_exactly_or_fails_one_instance(url: str, given: list[tuple[str, Any]]) -> None:
    async def check() -> None:
        async with work_beside(url) as host:
            await asyncio.gather(*(check_value(host, place, value) for place, value in given))

    asyncio.run(check())


@settings(max_examples=8)
@given(contents=st.lists(CONTENTS, min_size=1, max_size=12))
def test_any_body_starts_an_instance_that_ends_or_is_refused(url: str, contents: list[bytes]) -> None:
    async def check_one(host: DurableHost, content: bytes) -> None:
        instance_id = new_id()
        if (await start(host, "echo", content, instance_id)).status == 202:
            status = await host.ended(instance_id)
            assert status["runtimeStatus"] == "Completed" or is_failed_with_a_reason(status)

    async def check() -> None:
        async with work_beside(url) as host:
            await asyncio.gather(*(check_one(host, content) for content in contents))

    asyncio.run(check())


@settings(max_examples=8)
@given(contents=st.lists(CONTENTS, min_size=1, max_size=12))
def test_any_event_arrives_exactly_or_is_refused(url: str, contents: list[bytes]) -> None:
    async def check_one(host: DurableHost, content: bytes) -> None:
        instance_id = await host.start("through_an_event")
        path = f"{WEBHOOKS}/instances/{instance_id}/raiseEvent/go"
        reply = await host.post(path, data=content, headers=AS_JSON)
        assert reply.status in (202, 400), reply.text
        if reply.status == 202:
            status = await host.ended(instance_id)
            if not is_failed_with_a_reason(status):
                assert repr(status["output"]) == repr(json.loads(content or b"null"))

    async def check() -> None:
        async with work_beside(url) as host:
            await asyncio.gather(*(check_one(host, content) for content in contents))

    asyncio.run(check())


# Longer heads are refused as a whole.
SHORT_TEXTS = TEXTS.map(lambda text: text[:5000])
REQUESTS = st.tuples(st.sampled_from(METHODS), st.sampled_from(PATHS), SHORT_TEXTS, CONTENTS)


@settings(max_examples=15)
@given(requests=st.lists(REQUESTS, min_size=1, max_size=12))
def test_any_text_in_a_url_is_answered(url: str, requests: list[tuple[str, str, str, bytes]]) -> None:
    async def check_one(host: DurableHost, method: str, path: str, text: str, content: bytes) -> None:
        written = quote(text.encode(errors="surrogatepass"), safe="")
        reply = await host.request(
            method, f"{WEBHOOKS}/{path.format(written)}", data=content, headers=AS_JSON
        )
        # What does not fit the state of the instance is a 500, as in the original.
        assert reply.status < 500 or b"System.InvalidOperationException" in reply.body, (method, path)
        if reply.status == 202 and path == "orchestrators/echo/{}" and text:
            assert reply.json()["id"] == text
            assert (await host.instance(written)).json()["instanceId"] == text

    async def check() -> None:
        async with work_beside(url) as host:
            await asyncio.gather(*(check_one(host, *request) for request in requests))
            # It may have been suspended, and must not have ended.
            await host.operate("waits", "resume")
            assert (await host.instance("waits")).json()["runtimeStatus"] in ("Running", "Suspended")

    asyncio.run(check())


HEADERS = st.lists(
    st.tuples(
        st.sampled_from([b"Content-Type", b"Location", b"Retry-After", b"Content-Encoding", b"X-\xff", b""]),
        TEXTS.map(lambda text: text.encode(errors="surrogatepass")[:200]),
    ),
    max_size=3,
)
# Not 202: that is polled for as long as the server says it.
STATUSES = st.sampled_from(
    [b"200 OK", b"204 No", b"301 Moved", b"400 Bad", b"500", b"999 x", b"-1", b"", b"1e9"]
)


@settings(max_examples=8)
@given(answers=st.lists(st.tuples(STATUSES, HEADERS, CONTENTS), min_size=1, max_size=8))
def test_whatever_a_web_server_answers_the_orchestration_ends(
    url: str, answers: list[tuple[bytes, list[tuple[bytes, bytes]], bytes]]
) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target = (await reader.readline()).split()[1]
        status, headers, content = answers[int(target.strip(b"/")) % len(answers)]
        head = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
        writer.write(b"HTTP/1.1 " + status + b"\r\n" + head + b"\r\n" + content)
        writer.close()

    async def check_one(host: DurableHost, port: int, number: int) -> None:
        instance_id = await host.start(
            "as_http_content", {"url": f"http://127.0.0.1:{port}/{number}", "value": "x"}
        )
        status = await host.ended(instance_id)
        assert status["runtimeStatus"] == "Completed" or is_failed_with_a_reason(status)

    async def check() -> None:
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server, work_beside(url) as host:
            port = server.sockets[0].getsockname()[1]
            await asyncio.gather(*(check_one(host, port, number) for number in range(len(answers))))

    asyncio.run(check())
