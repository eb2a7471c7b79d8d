"""The lines Executing and Executed. Source: Azure WebJobs SDK, FunctionInstanceLogger."""

import logging

import pytest

from funchost.worker import calling
from funchost.worker.invocations import InvocationError


@pytest.fixture(autouse=True)
def _log_everything(caplog):
    caplog.set_level(logging.INFO)


def test_a_call_and_its_success_are_two_information_lines(caplog):
    calling.executing("hello", "id-1", "This function was programmatically called via the host APIs.")
    calling.executed("hello", "id-1", True, 12.7, 4711)

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
    calling.executing("hello", "id-1", None)

    assert caplog.messages == ["Executing 'Functions.hello' (Reason='(null)', Id=id-1)"]


def test_a_failure_is_an_error_with_the_exception_and_its_frames(caplog):
    error = InvocationError("ValueError", "no good", '  File "x.py", line 1, in f\n')

    calling.executed("hello", "id-1", False, 3, 4711, error)

    assert caplog.records[0].levelname == "ERROR"
    assert caplog.messages == [
        "Executed 'Functions.hello' (Failed, Id=id-1, Duration=3ms)\n"
        "Exception while executing function: Functions.hello. Result: Failure\n"
        'Exception: ValueError: no good\nStack:   File "x.py", line 1, in f'
    ]


def test_the_state_of_a_failed_orchestrator_is_not_shown(caplog):
    error = InvocationError("Exception", 'no good\n\n$OutOfProcData$:{"isDone":false}', "")

    calling.executed("chain", "id-1", False, 3, 4711, error)

    assert "Exception: Exception: no good\nStack:" in caplog.messages[0]
    assert "OutOfProcData" not in caplog.messages[0]


def test_the_lines_carry_function_invocation_and_worker_for_whoever_formats_them(caplog):
    calling.executed("hello", "id-1", True, 1, 4711)

    (record,) = caplog.records
    assert (record.function, record.invocation, record.worker) == ("hello", "id-1", 4711)


def test_nothing_is_written_below_the_level_that_is_wanted(caplog):
    caplog.set_level(logging.WARNING)

    calling.executing("hello", "id-1", None)
    calling.executed("hello", "id-1", True, 1, 4711)

    assert caplog.records == []
