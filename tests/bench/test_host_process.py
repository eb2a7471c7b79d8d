"""Starting and stopping a real host."""

import contextlib
import os
import signal
from pathlib import Path

import psutil
import pytest

from bench import client
from bench.host_process import PROJECT, HostFailed, HostProcess, Knobs, running

APP = PROJECT / "bench" / "apps" / "throughput"


def test_knobs_become_app_settings_and_those_not_given_are_left_to_the_app() -> None:
    assert Knobs(processes=2, concurrency=3, more_settings={"A": "b"}).app_settings() == {
        "FUNCTIONS_WORKER_PROCESS_COUNT": "2",
        "AzureFunctionsJobHost__extensions__durableTask__maxConcurrentActivityFunctions": "3",
        "AzureFunctionsJobHost__extensions__durableTask__maxConcurrentOrchestratorFunctions": "3",
        "A": "b",
    }


def test_a_host_serves_its_app_and_leaves_nothing_behind() -> None:
    with running(APP, Knobs(instances=2)) as host, client.Client(host.base_url) as caller:
        assert caller.request("GET", "/api/ping").body == b"pong"
        processes = [psutil.Process(host.pid), *psutil.Process(host.pid).children(recursive=True)]
        folder = host.data_dir.parent
        host.stop()
    assert [each for each in processes if each.is_running() and each.status() != psutil.STATUS_ZOMBIE] == []
    assert not folder.exists()


def test_a_host_that_does_not_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(HostFailed, match=r"(?s)exit code 2:.*project root"):
        HostProcess(tmp_path, tmp_path / "data", Knobs()).__enter__()


def test_a_host_that_was_killed_is_no_clean_stop(tmp_path: Path) -> None:
    with (
        pytest.raises(HostFailed, match="exit code -9 instead of 0"),
        HostProcess(APP, tmp_path / "data", Knobs()) as host,
    ):
        os.kill(host.pid, signal.SIGKILL)


def test_a_failure_inside_leaves_no_process(tmp_path: Path) -> None:
    with contextlib.suppress(ZeroDivisionError), HostProcess(APP, tmp_path / "data", Knobs()) as host:
        process = psutil.Process(host.pid)
        raise ZeroDivisionError
    assert not process.is_running()
