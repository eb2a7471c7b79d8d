"""Functions that raise, in a real worker. Source: Azure Functions host, RpcException."""

import asyncio
import re
import socket
from types import SimpleNamespace
from typing import Any

import pytest

from funchost.worker.child.channel import Channel
from funchost.worker.child.invocation_context import InvocationScope
from funchost.worker.frames import Decoder, Frame
from funchost.worker.main import Worker
from tests.generations import sdk_1_only


async def test_an_exception_gives_its_type_its_text_and_the_user_s_frames(caller):
    result = await caller.invoke("fail", '"bad"')

    assert not result.ok
    assert (result.error.type, result.error.message) == ("ValueError", "bad")
    assert re.search(
        r'  File ".*/apps/everyday/function_app\.py", line \d+, in fail\n    raise ValueError\(text\)\n',
        result.error.stack,
    )
    assert "funchost/worker/" not in result.error.stack


async def test_the_exception_behind_it_is_told_too(caller):
    result = await caller.invoke("fail_with_cause", '"bad"')

    assert (result.error.type, result.error.message) == ("RuntimeError", "outside")
    assert "in fail_inside" in result.error.stack
    assert "KeyError: 'bad'\n\nThe above exception was the direct cause" in result.error.stack


@pytest.mark.parametrize("function", ["leave", "leave_async"])
async def test_sys_exit_fails_the_invocation_and_the_worker_lives_on(caller, function):
    pid = caller.pool.pids[0]

    result = await caller.invoke(function, "3")

    assert (result.error.type, result.error.message) == ("SystemExit", "3")
    assert (await caller.activity("where"))["pid"] == pid


@pytest.mark.parametrize(
    ("function", "name"),
    [
        ("fail_unprintably", "UnprintableError"),
        ("fail_with_odd_text", "OddTextError"),
        ("fail_with_leaving_text", "LeavingTextError"),
    ],
)
async def test_an_exception_without_a_text_of_its_own_is_still_told(caller, function, name):
    result = await caller.invoke(function, "null")

    assert result.error.type == name
    assert result.error.message == (
        "Unhandled exception in function. Could not serialize original exception message."
    )


async def test_what_json_cannot_carry_fails_the_activity(caller):
    result = await caller.invoke("return_bytes", "null")

    assert result.error.type == "ValueError"
    assert result.error.message.startswith("activity trigger output must be json serializable")


async def test_a_text_that_is_no_unicode_fails_the_invocation_and_the_worker_lives_on(caller):
    result = await caller.http("lone_surrogate")

    assert result.error.type == "UnicodeEncodeError"
    assert await caller.activity("double", 1) == 2


async def test_http_data_for_a_request_that_wants_text_is_refused_as_the_real_worker_does(caller):
    result = await caller.http("text_request")

    assert result.error.message == (
        "('unexpected type of data received for the \"generic\" binding ', \"'http'\")"
    )


@sdk_1_only
async def test_a_sync_function_with_a_durable_client_fails_as_in_the_real_worker(caller):
    result = await caller.http("sync_client")

    assert result.error.type == "TypeError"
    assert "HttpResponse can't be used in 'await' expression" in result.error.message


async def test_a_function_that_the_app_does_not_have_is_an_error(caller):
    result = await caller.invoke("absent", "null")

    assert result.error.message == "function absent not loaded"


async def test_half_a_surrogate_pair_in_an_exception_s_text_arrives_as_its_escape(caller):
    result = await caller.invoke("fail_with_lone_surrogate", "null")

    assert (result.error.type, result.error.message) == ("ValueError", "half \\ud800")


async def test_half_a_surrogate_pair_in_a_log_line_arrives_as_its_escape(caller, caplog, until):
    await caller.invoke("log_lone_surrogate", "null")

    await until(lambda: "logged half \\ud800" in caplog.messages)


async def test_an_exception_whose_frames_cannot_be_told_is_told_without_them(caller):
    result = await caller.invoke("fail_with_odd_syntax_error", "null")

    assert result.error.type == "SyntaxError"


@pytest.mark.parametrize("function", ["lone_surrogate", "header_with_lone_surrogate"])
async def test_a_result_that_cannot_be_sent_fails_its_invocation_alone(caller, function):
    pid = caller.pool.pids[0]

    results = await asyncio.gather(*(caller.http(each) for each in (function, "plain", function)))

    types = [result.error and result.error.type for result in results]
    assert types == ["UnicodeEncodeError", None, "UnicodeEncodeError"]
    assert caller.pool.pids == [pid]


def test_an_answer_that_is_no_frame_is_replaced_by_the_reason_and_its_thread_goes_on():
    ours, theirs = socket.socketpair()
    ours.settimeout(20)
    answers = iter([({"datum": object()}, b""), ({"datum": "none"}, b"")])
    function: Any = SimpleNamespace(
        info=SimpleNamespace(name="f", trigger="activityTrigger", is_async=False, is_streamed=False),
        arguments=lambda *_: {},
        call=lambda: None,
        answer=lambda *_: next(answers),
    )
    load = {"worker_id": "1", "thread_count": 1, "orchestrators_apart": False}
    worker = Worker(Channel(theirs), InvocationScope(), [function], load)
    decoder = Decoder()
    arrived: list[Frame] = []

    with ours, theirs:
        for number in (1, 2):
            worker.take({"function": "f", "invocation_id": str(number), "id": number}, b"")
        while len(arrived) < 2:
            arrived += decoder.feed(ours.recv(65536))

    (refused, _), (answered, _) = arrived
    assert (refused["id"], refused["ok"], refused["error"]["type"]) == (1, False, "TypeError")
    assert answered == {"op": "result", "id": 2, "ok": True, "datum": "none"}
