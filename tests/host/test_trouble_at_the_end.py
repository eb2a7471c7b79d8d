"""A stop or a restart while the task hub cannot be written, or while another step of it fails."""

import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from funchost import settings
from funchost.app_run import AppRun, attempt
from tests.e2e import hosting
from tests.host.conftest import Answering, App
from tests.host.test_restart import post


@contextmanager
def locked_hub(app: App) -> Iterator[None]:
    """Another program writes to the task hub and does not come to an end."""
    (path,) = (app.root.parent / "host" / "data").glob("*.db")
    with closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as other:
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
    assert "Freeing the leases failed: it took longer than 5.0 s" in host.log
    assert "Closing the task hub failed: it took longer than 5.0 s" in host.log
    assert "Traceback" not in host.log
    assert hosting.alive(processes) == []


def test_a_restart_with_a_locked_hub_ends_the_host_with_a_reason(app: App, answering: Answering) -> None:
    app.write(answering("one"))
    host = app.start()
    with locked_hub(app):
        post(app, "/admin/host/restart")
        assert host.wait(25) == 1
    assert "The app cannot be restarted: see the lines above. Start funchost again." in host.log
    assert "Traceback" not in host.log


async def test_a_step_that_fails_is_one_line_and_the_next_ones_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class FullHub:
        asked = False

        async def free_leases(self) -> None:
            self.asked = True
            raise sqlite3.OperationalError("database or disk is full")

    async def fails(grace_seconds: float) -> None:
        raise OSError("no such\nprocess")

    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    hub = FullHub()
    run = AppRun(settings.load(settings.Flags(script_root=tmp_path), {}), hub, {}, "i1")  # type: ignore[arg-type]
    monkeypatch.setattr(run.pool, "stop", fails)

    assert not await run.stop(0)

    assert hub.asked
    assert [record.getMessage() for record in caplog.records] == [
        "Ending the workers failed: no such process",
        "Freeing the leases failed: database or disk is full",
    ]


async def test_a_step_that_ends_in_time_went_well() -> None:
    async def step() -> None:
        return

    assert await attempt("A step", step(), 1.0)
