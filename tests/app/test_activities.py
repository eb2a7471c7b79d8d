"""The two sleeps and what they report."""

import asyncio
import os
import threading

import pytest

from fanout import reports


def test_sleep_holds_its_thread_and_reports_where_and_when(functions):
    report = functions["sleep"](task={"index": 3, "seconds": 0.02})

    assert report["index"] == 3
    assert report["hostInstance"]
    assert report["process"] == os.getpid()
    assert report["thread"] == threading.current_thread().name
    took = reports.microseconds_of(report["finished"]) - reports.microseconds_of(report["started"])
    assert took >= 20_000


async def test_many_async_sleeps_share_one_thread(functions):
    tasks = [functions["sleep_async"](task={"index": index, "seconds": 0.05}) for index in range(50)]
    reported = await asyncio.gather(*tasks)

    assert {report["thread"] for report in reported} == {threading.current_thread().name}
    last_start = max(report["started"] for report in reported)
    assert last_start < min(report["finished"] for report in reported)


def test_a_task_of_no_length_takes_a_microsecond():
    report = reports.of_this_thread(0, "here", started=1_000, microseconds=0)
    assert reports.microseconds_of(report["finished"]) == 1_001


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("sleep", {"task": {"index": 1, "seconds": 0}}), ("say_hello", {"city": "Tokyo"})],
)
def test_synchronous_activities_log_their_process_and_thread(functions, caplog, name, arguments):
    caplog.set_level("INFO", "app")
    functions[name](**arguments)

    assert caplog.messages[0].startswith(name)
    assert f"[process {os.getpid()}, thread {threading.current_thread().name}]" in caplog.messages[0]
