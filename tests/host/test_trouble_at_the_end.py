"""A stop, a start or a restart while the task hub cannot be used, or while another step of it fails."""

import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from funchost import settings
from funchost.app_run import AppRun, attempt
from funchost.taskhub import TaskHub
from tests.e2e import hosting
from tests.host.conftest import Answering, App
from tests.host.test_restart import post

LOCKED = (
    "cannot be used: another process holds it locked. End the process that does, for example an sqlite3 "
    "shell with an open transaction."
)


def hub_file(app: App) -> Path:
    (path,) = (app.root.parent / "host" / "data").glob("*.db")
    return path


@contextmanager
def locked_hub(app: App) -> Iterator[None]:
    """Another program writes to the task hub and does not come to an end."""
    with closing(sqlite3.connect(hub_file(app), timeout=10, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@pytest.mark.parametrize("instances", ["1", "2"])
def test_a_stop_with_a_locked_hub_says_so_and_leaves_no_process(
    app: App, answering: Answering, instances: str
) -> None:
    app.write(answering("one"))
    host = app.start("--instances", instances)
    app.comes_to_print("Host ready in")
    processes = host.processes()
    with locked_hub(app):
        host.signal(signal.SIGTERM)
        assert host.wait(20) == 1
    said = f"Closing the task hub failed: Task hub '{hub_file(app)}' {LOCKED}"
    assert host.log.count(said) == int(instances)
    assert "Traceback" not in host.log
    assert hosting.alive(processes) == []


def test_a_restart_with_a_locked_hub_ends_the_host_with_a_reason(app: App, answering: Answering) -> None:
    app.write(answering("one"))
    host = app.start()
    with locked_hub(app):
        post(app, "/admin/host/restart")
        assert host.wait(25) == 1
    said = f"The app cannot be restarted. Task hub '{hub_file(app)}' {LOCKED} Then start funchost again."
    assert host.log.count(said) == host.log.count(LOCKED) == 1
    assert "Traceback" not in host.log


@pytest.mark.parametrize("instances", ["1", "2"])
def test_a_host_that_waits_for_a_locked_hub_says_so_and_can_be_stopped(
    app: App, answering: Answering, instances: str
) -> None:
    app.write(answering("one"))
    app.start().signal(signal.SIGTERM)
    app.host.wait()
    host = app.prepare("--instances", instances)
    with locked_hub(app):
        host.launch()
        said = f"Task hub '{hub_file(app)}' cannot be opened yet: another process holds it locked"
        app.comes_to_print(said, times=int(instances))
        processes = host.processes()
        host.signal(signal.SIGTERM)
        assert host.wait(10) == 0
    hosting.until(lambda: not hosting.alive(processes), 5, lambda: str(hosting.alive(processes)))


def test_a_hub_that_proves_to_be_damaged_ends_the_host_with_a_reason_and_is_refused_from_then_on(
    app: App, answering: Answering
) -> None:
    app.write(answering("one"))
    host = app.start("--instances", "2")
    app.comes_to_print("Host ready in")
    path = hub_file(app)
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))

    app.comes_to_print(f"Task hub '{path}' cannot be used: it is damaged (database disk image is malformed).")
    app.comes_to_print(f"Task hub '{path}' cannot be opened: it is damaged")

    host.signal(signal.SIGTERM)
    host.wait(10)
    assert "Traceback" not in host.log


def test_what_all_instances_cannot_start_for_is_said_once(app: App, answering: Answering) -> None:
    app.write(answering("one"))
    host = app.prepare("--instances", "3")
    data = app.root.parent / "host" / "data"
    data.mkdir()
    (data / "TestHubName.db").write_text("This is no database, however long it is. " * 100)

    host.launch()

    assert host.wait(20) == 1
    assert host.log.count("file is not a database. Give another folder with --data-dir") == 1


async def test_a_step_that_fails_is_one_line_and_the_next_ones_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Timer:
        """A source of work that cannot be stopped in order."""

        stopped = False

        def drain(self) -> None:
            pass

        async def stop(self, grace_seconds: float) -> None:
            self.stopped = True
            raise OSError("no such timer")

    async def fails(grace_seconds: float) -> None:
        raise OSError("no such\nprocess")

    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    timer = Timer()
    hub = await TaskHub.open(tmp_path / "data", "Hub")
    run = AppRun(settings.load(settings.Flags(script_root=tmp_path), {}), hub, {}, "i1")
    run._trigger_sources.append(timer)  # type: ignore[arg-type]
    monkeypatch.setattr(run.pool, "stop", fails)

    assert not await run.stop(0)

    assert timer.stopped
    await hub.close()
    assert [record.getMessage() for record in caplog.records] == [
        "Ending the workers failed: no such process",
        "Handing work back failed: no such timer",
    ]


async def test_a_step_that_ends_in_time_went_well() -> None:
    async def step() -> None:
        return

    assert await attempt("A step", step(), 1.0)
