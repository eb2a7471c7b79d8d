"""Activities: what becomes of their outcomes, how many run, and durable HTTP calls."""

import asyncio
import json

import pytest

from funchost.clock import SYSTEM_CLOCK
from funchost.dispatch.activity_dispatcher import BuiltInActivity
from funchost.durable.events import TaskCompleted, TaskFailed
from funchost.durable.instances import Status
from funchost.http import outgoing
from funchost.protocols.json1.http_calls import HttpCallRequest, HttpCallResponse
from tests.dispatch.conftest import StartHost
from tests.dispatch.fakes import constant


async def test_an_activity_is_given_its_input_and_its_result_travels_as_it_is(start_host: StartHost) -> None:
    host = await start_host()
    host.pool.activities["say"] = lambda text: json.dumps({"got": json.loads(text), "ü": "\U0001f600"})
    ended = await host.run("chain")
    assert json.loads(ended.output or "") == [{"got": n, "ü": "\U0001f600"} for n in range(3)]


@pytest.mark.parametrize("nothing", ["", "null"])
async def test_an_activity_without_a_value_completes_with_null(start_host: StartHost, nothing: str) -> None:
    host = await start_host()
    host.pool.activities["say"] = lambda text: nothing
    assert (await host.run("chain")).output == "[null,null,null]"
    completed = [each for each in await host.app.history("one") if isinstance(each, TaskCompleted)]
    assert [event.result for event in completed] == [None, None, None]


async def test_an_activity_that_raises_fails_its_task_with_the_words_of_the_original(
    start_host: StartHost,
) -> None:
    def fail(text: str) -> str:
        raise ValueError("bad")

    host = await start_host()
    host.pool.activities["say"] = fail
    assert (await host.run("chain")).status is Status.FAILED
    (failed,) = [each for each in await host.app.history("one") if isinstance(each, TaskFailed)]
    assert failed.reason == "Activity function 'say' failed:  ValueError: bad"
    assert host.pool.count("say") == 1


@pytest.mark.parametrize("limit", [1, 4])
async def test_no_more_activities_run_at_a_time_than_the_limit_allows(
    start_host: StartHost, limit: int
) -> None:
    running, most = 0, 0

    async def work(text: str) -> str:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.002)
        running -= 1
        return "1"

    host = await start_host(activities=limit)
    host.pool.activities["say"] = work
    assert (await host.run("fan_out")).output == "30"
    assert most == limit


async def test_one_activity_that_takes_long_holds_no_other_up(start_host: StartHost) -> None:
    done: list[str] = []

    async def work(text: str) -> str:
        if text == "0":
            while len(done) < 29:
                await asyncio.sleep(0.001)
        done.append(text)
        return "1"

    host = await start_host(activities=2)
    host.pool.activities["say"] = work
    assert (await host.run("fan_out")).output == "30"
    assert done[-1] == "0"


async def test_an_activity_that_is_taken_over_counts_only_for_its_new_host(
    start_host: StartHost, caplog: pytest.LogCaptureFixture
) -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def work(text: str) -> str:
        begun.set()
        await may_end.wait()
        return '"late"'

    hung = await start_host()
    hung.pool.activities["say"] = work
    await hung.app.start("chain", "one", None)
    await begun.wait()
    hung.pool.activities["say"] = constant("in time")
    await hung.instances.stop(0)
    other = await start_host()
    await other.hub._watch._take_over(hung.hub.host_id)
    ended = await other.end_of("one")
    may_end.set()
    await hung.activities.stop(5)
    assert ended.output == '["in time","in time","in time"]'
    assert (
        "The result of the activity is dropped: its instance has ended, or another host runs it. "
        "InstanceId: one. Function: say."
    ) in caplog.text


class Website:
    """Answers durable HTTP calls in the order given."""

    def __init__(self, *responses: HttpCallResponse) -> None:
        self.responses = list(responses)
        self.requests: list[HttpCallRequest] = []

    async def send(self, request: HttpCallRequest, limit_bytes: int) -> HttpCallResponse:
        self.requests.append(request)
        return self.responses.pop(0)


@pytest.fixture
def website(monkeypatch: pytest.MonkeyPatch) -> Website:
    website = Website()
    monkeypatch.setattr(outgoing, "send", website.send)
    return website


def http_calls() -> BuiltInActivity:
    return outgoing.HttpCalls(poll_milliseconds=50, answer_limit_bytes=1_000_000, clock=SYSTEM_CLOCK)


async def test_a_durable_http_call_is_made_by_the_host(start_host: StartHost, website: Website) -> None:
    website.responses = [HttpCallResponse(200, {"X": ["y"]}, "hello")]
    host = await start_host(http=http_calls())
    output = json.loads((await host.run("ask")).output or "")
    assert (output["statusCode"], output["content"]) == (200, "hello")


async def test_a_durable_http_call_that_is_accepted_is_asked_again_until_it_is_done(
    start_host: StartHost, website: Website
) -> None:
    accepted = HttpCallResponse(202, {"Location": ["http://example.test/status"]}, "")
    website.responses = [accepted, accepted, HttpCallResponse(200, {}, "done")]
    host = await start_host(http=http_calls())
    assert json.loads((await host.run("ask")).output or "")["content"] == "done"
    assert [request.uri for request in website.requests[1:]] == ["http://example.test/status"] * 2


async def test_a_durable_http_call_without_an_answer_fails_its_task(start_host: StartHost) -> None:
    host = await start_host()
    ended = await host.run("ask")
    assert ended.status is Status.FAILED
    assert "there is no network here" in (ended.output or "")
