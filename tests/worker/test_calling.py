"""The lines Executing and Executed. Source: Azure WebJobs SDK, FunctionInstanceLogger."""

import logging
from dataclasses import replace

import pytest

from funchost.worker import calling
from funchost.worker.invocations import Invocation, InvocationError

HELLO = Invocation("id-1", "hello", "string", b"")


@pytest.fixture(autouse=True)
def _log_everything(caplog):
    caplog.set_level(logging.INFO)


def test_a_call_and_its_success_are_two_information_lines(caplog):
    calling.executing(HELLO, "This function was programmatically called via the host APIs.")
    calling.executed(HELLO, True, 12.7, 4711)

    assert [(record.levelname, record.name, record.message) for record in caplog.records] == [
        (
            "INFO",
            "Function.hello",
            "Executing 'Functions.hello' "
            "(Reason='This function was programmatically called via the host APIs.', Id=id-1)",
        ),
        ("INFO", "Function.hello", "Executed 'Functions.hello' (Succeeded, Id=id-1, Duration=12ms)"),
    ]


def test_a_durable_trigger_has_no_reason(caplog):
    calling.executing(HELLO, None)

    assert caplog.messages == ["Executing 'Functions.hello' (Reason='(null)', Id=id-1)"]


def test_a_failure_is_an_error_with_the_exception_and_its_frames(caplog):
    error = InvocationError("ValueError", "no good", '  File "x.py", line 1, in f\n')

    calling.executed(HELLO, False, 3, 4711, error)

    assert caplog.records[0].levelname == "ERROR"
    assert caplog.messages == ["Executed 'Functions.hello' (Failed, Id=id-1, Duration=3ms)"]
    assert caplog.records[0].exception == (
        "Exception while executing function: Functions.hello. Result: Failure\n"
        'Exception: ValueError: no good\nStack:   File "x.py", line 1, in f'
    )


def test_the_state_of_a_failed_orchestrator_is_not_shown(caplog):
    error = InvocationError("Exception", 'no good\n\n$OutOfProcData$:{"isDone":false}', "")

    calling.executed(HELLO, False, 3, 4711, error)

    assert "Exception: Exception: no good\nStack:" in caplog.records[0].exception
    assert "OutOfProcData" not in caplog.records[0].exception


def test_the_json_that_the_sdk_adds_to_an_activity_s_failure_is_not_shown(caplog):
    details = '{"$type":"System.Exception, System.Private.CoreLib","Message":" ValueError: no good"}'
    said = f"Activity function 'say' failed:  ValueError: no good \n {details}"
    error = InvocationError("Exception", said, f"  File ...\nException: {said}\n\nThe above exception")

    calling.executed(HELLO, False, 3, 4711, error)

    assert caplog.records[0].exception.splitlines()[1:] == [
        "Exception: Exception: Activity function 'say' failed:  ValueError: no good",
        "Stack:   File ...",
        "Exception: Activity function 'say' failed:  ValueError: no good",
        "",
        "The above exception",
    ]


def test_the_lines_carry_what_they_are_about_for_whoever_formats_them(caplog):
    calling.executed(replace(HELLO, instance="one"), True, 1, 4711)

    (record,) = caplog.records
    assert (record.function, record.invocation, record.instance) == ("hello", "id-1", "one")
    assert record.worker == 4711


def test_nothing_is_written_below_the_level_that_is_wanted(caplog):
    caplog.set_level(logging.WARNING)

    calling.executing(HELLO, None)
    calling.executed(HELLO, True, 1, 4711)

    assert caplog.records == []
