"""Functions that raise, in a real worker. Source: Azure Functions host, RpcException."""

import re

import pytest


async def test_an_exception_gives_its_type_its_text_and_the_user_s_frames(caller):
    result = await caller.invoke("fail", '"bad"')

    assert not result.ok
    assert (result.error.type, result.error.message) == ("ValueError", "bad")
    assert re.fullmatch(
        r'  File ".*/apps/everyday/function_app\.py", line \d+, in fail\n    raise ValueError\(text\)\n',
        result.error.stack,
    )


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


async def test_an_exception_without_a_text_of_its_own_is_still_told(caller):
    result = await caller.invoke("fail_unprintably", "null")

    assert result.error.type == "UnprintableError"
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


async def test_a_sync_function_with_a_durable_client_fails_as_in_the_real_worker(caller):
    result = await caller.http("sync_client")

    assert result.error.type == "TypeError"
    assert "HttpResponse can't be used in 'await' expression" in result.error.message


async def test_a_function_that_the_app_does_not_have_is_an_error(caller):
    result = await caller.invoke("absent", "null")

    assert result.error.message == "function absent not loaded"
