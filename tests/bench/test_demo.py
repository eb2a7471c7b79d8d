"""The demo as a person runs it, and what it says when the product does something else."""

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from bench import demo
from bench.client import Reply
from bench.host_process import PROJECT

COMMAND = [sys.executable, "-m", "bench.demo"]
# Tests that run in a shell's background inherit an ignored SIGINT.
INTERRUPTIBLE = [
    *(sys.executable, "-c"),
    "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "runpy.run_module('bench.demo', run_name='__main__')",
]


def test_the_demo_tells_the_whole_story_and_exits_with_0() -> None:
    done = subprocess.run(COMMAND, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for told in _in_order():
        assert told in done.stdout
        done.stdout = done.stdout.partition(told)[2]


def _in_order() -> Iterator[str]:
    yield "-m funchost start --script-root . "
    yield "$ curl -i -X POST http://127.0.0.1:"
    yield "HTTP/1.1 202 Accepted"
    yield from ('"id": ', '"statusQueryGetUri": ', '"sendEventPostUri": ', '"terminatePostUri": ')
    yield from ('"rewindPostUri": ', '"purgeHistoryDeleteUri": ', '"restartPostUri": ')
    yield from ('"suspendPostUri": ', '"resumePostUri": ')
    yield '"output": ["Hello Tokyo!", "Hello Seattle!", "Hello London!"]'
    yield "X-Instance-Started: true"
    yield " of 100 tasks are done after "
    yield "X-Instance-Started: false"
    yield "100 of 100 tasks are done after "
    yield "| highest parallelism"
    yield "| worker process | threads | tasks |"
    yield "It stopped in "


def test_ctrl_c_ends_the_demo_and_its_host() -> None:
    with subprocess.Popen(INTERRUPTIBLE, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if " of 100 tasks are done" in line:
                break
        running.send_signal(signal.SIGINT)
        rest = running.stdout.read()
    assert running.returncode == 130
    assert "Stopped before the end. The host and its processes are gone." in rest


def test_a_reader_that_leaves_ends_the_demo_without_a_traceback() -> None:
    with subprocess.Popen(COMMAND, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        assert running.stderr.read() == b""
    assert running.returncode == 1


def test_threads_and_tasks_are_counted_for_each_process() -> None:
    workers = [
        {"process": 20, "thread": "a", "tasks": 2},
        {"process": 7, "thread": "a", "tasks": 1},
        {"process": 20, "thread": "b", "tasks": 3},
    ]
    assert demo.rows_of_workers(workers) == [["7", "1", "1"], ["20", "2", "5"]]


def test_a_start_that_is_refused_is_told_with_the_answer() -> None:
    with pytest.raises(demo.NotAsPromised, match=r"answered with 404 Not Found: b'no such"):
        demo.payload_of(Reply(404, "Not Found", (), b"no such orchestrator"))


def test_a_payload_with_other_fields_is_told_with_its_fields() -> None:
    with pytest.raises(demo.NotAsPromised, match="has the fields id, links"):
        demo.payload_of(Reply(202, "Accepted", (), b'{"id": "i", "links": {}}'))
