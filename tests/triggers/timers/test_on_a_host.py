"""Timers and the time limit on a whole host.

Source: Azure WebJobs SDK and its extensions, timer triggers and FunctionExecutor; durable extension,
TaskActivityShim.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from funchost.taskhub import TaskHub
from funchost.taskhub.timer_records import TimerStatus
from funchost.triggers.timers.moments import from_local
from tests.e2e import hosting
from tests.e2e.durable_host import connect

TIMED = Path(__file__).parent / "apps" / "timed"
ZONE = ZoneInfo("Asia/Kathmandu")


@pytest.fixture
def host(tmp_path):
    """A host with the timed app, not yet started."""
    host = hosting.HostProcess(
        TIMED, tmp_path, "--verbose", NOTES=str(tmp_path / "notes"), WEBSITE_TIME_ZONE=ZONE.key
    )
    yield host
    host.stop()


@pytest.fixture
def notes(tmp_path):
    """The runs of a function, once there are as many."""

    def wait(name, count=1):
        def found():
            path = tmp_path / "notes"
            lines = path.read_text().splitlines() if path.exists() else []
            return [run for run in map(json.loads, lines) if run["name"] == name]

        hosting.until(lambda: len(found()) >= count, 20, lambda: f"{name} ran {len(found())} times")
        return found()

    return wait


async def record(tmp_path, last: datetime, following: datetime) -> None:
    hub = await TaskHub.open(tmp_path / "data", "TimedHub")
    await hub.timers.lease("nightly")
    await hub.timers.record("nightly", TimerStatus(from_local(last), from_local(following), from_local(last)))
    await hub.close()


async def test_a_run_that_was_missed_while_no_host_was_there_is_made_up_for(host, notes, tmp_path):
    missed = datetime(2026, 1, 2, 3, tzinfo=ZONE)
    await record(tmp_path, missed - timedelta(days=1), missed)

    host.start()

    (run,) = notes("nightly")
    assert run["past_due"] is True
    assert run["schedule"] == {"AdjustForDST": True}
    assert run["status"] == {
        "Last": "2026-01-01T03:00:00+05:45",
        "Next": "2026-01-02T03:00:00+05:45",
        "LastUpdated": "2026-01-01T03:00:00+05:45",
    }
    hosting.until(lambda: "Executed 'Functions.nightly' (Succeeded" in host.log, 10, lambda: host.log)
    assert (
        "Trigger Details: UnscheduledInvocationReason: IsPastDue, "
        "OriginalSchedule: 2026-01-02T03:00:00.0000000+05:45"
    ) in host.log


async def test_by_hand_a_timer_is_given_its_record(host, notes):
    host.start()
    # It is recorded when the host begins to listen, a moment after the ports are open.
    hosting.until(lambda: "occurrences of the 'nightly' schedule" in host.log, 10, lambda: host.log)

    async with connect(host.base_url) as client:
        reply = await client.post("/admin/functions/nightly", json={"input": ""})

    (run,) = notes("nightly")
    assert reply.status == 202
    assert run["past_due"] is False
    following = datetime.fromisoformat(run["status"]["Next"])
    assert (following.hour, following.utcoffset()) == (3, timedelta(hours=5, minutes=45))
    assert timedelta(0) < following - datetime.now(UTC) <= timedelta(days=1)


async def test_a_timer_with_a_bad_schedule_is_named_at_the_start_and_can_be_run_by_hand(host, notes):
    host.start()

    async with connect(host.base_url) as client:
        status = await client.get("/admin/functions/mistaken/status")
        await client.post("/admin/functions/mistaken", json={"input": ""})

    text = (
        "The schedule expression 'now and then' was not recognized as a valid cron expression or timespan "
        "string."
    )
    assert f"The 'mistaken' function is in error: {text}" in host.log
    assert status.json() == {"errors": [text]}
    assert len(notes("mistaken")) == 1


async def test_an_activity_that_runs_too_long_fails_its_orchestration_with_the_text_of_the_timeout(host):
    host.start()

    async with connect(host.base_url, limit=20) as client:
        output = await client.output("sleeping", 30)

    assert output.startswith(
        "caught Activity function 'sleep' failed: Timeout value of 00:00:01 was exceeded by function: "
        "Functions.sleep \n"
    )


async def test_an_orchestrator_that_takes_too_long_is_run_again(host, notes):
    host.start()

    async with connect(host.base_url, limit=20) as client:
        assert await client.output("hesitant") == "slept"

    assert len(notes("hesitant")) > 1
    assert "Timeout value of 00:00:01 exceeded by function 'Functions.hesitant'" in host.log
    assert "A function timeout has occurred. Restarting worker process executing invocationId" in host.log
