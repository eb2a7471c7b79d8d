"""What functions log and print, in a real worker. Source: Azure Functions Python worker."""

import logging

import pytest


@pytest.fixture(autouse=True)
def _log_everything(caplog):
    caplog.set_level(logging.DEBUG)


async def test_a_log_line_carries_its_function_invocation_and_worker(caller, caplog):
    await caller.activity("log", "x")

    (record,) = [record for record in caplog.records if record.message == "warned of x"]
    assert record.name == "Function.log.User"
    assert record.levelname == "WARNING"
    assert (record.function, record.invocation) == ("log", "invocation-1")
    assert record.worker == caller.pool.pids[0]


async def test_a_logged_exception_comes_with_its_traceback(caller, caplog):
    await caller.activity("log", "x")

    (record,) = [record for record in caplog.records if record.message == "caught"]
    assert record.exception.startswith("Traceback (most recent call last):")
    assert "ZeroDivisionError" in record.exception


@pytest.mark.parametrize("function", ["log_in_task", "log_in_thread"])
async def test_tasks_and_marked_threads_log_in_the_name_of_their_invocation(caller, caplog, function):
    await caller.activity(function, "x")

    (record,) = [record for record in caplog.records if record.message.endswith(" of x")]
    assert (record.name, record.invocation) == (f"Function.{function}.User", "invocation-1")


async def test_lines_below_the_level_are_not_sent(caller, caplog, start_pool, caller_of):
    await caller_of(await start_pool(log_level=logging.ERROR)).activity("log", "quiet")

    assert "warned of quiet" not in caplog.messages


async def test_a_line_of_a_background_thread_is_a_system_line(caller, caplog, until):
    await caller.activity("log_later", "x")

    await until(lambda: "later x" in caplog.messages)

    (record,) = [record for record in caplog.records if record.message == "later x"]
    assert record.name == "Host.Worker"


async def test_what_an_import_logs_is_no_more_than_information(start_pool, caplog, write_app):
    app = write_app(
        "import logging, azure.functions as func\n"
        "logging.error('while importing')\n"
        "app = func.FunctionApp()\n"
    )

    await start_pool(app)

    (record,) = [record for record in caplog.records if record.message == "while importing"]
    assert (record.name, record.levelname) == ("Host.Worker", "INFO")


async def test_print_reaches_the_console_and_not_the_protocol(caller, caplog, until):
    await caller.activity("talk", '{"op":"result"}')

    await until(lambda: 'failed {"op":"result"}' in caplog.messages)

    printed = [(r.levelname, r.message) for r in caplog.records if r.name == "Host.Function.Console"]
    assert sorted(printed) == [("ERROR", 'failed {"op":"result"}'), ("INFO", '{"op":"result"}')]
