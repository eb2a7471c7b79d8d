"""Timer functions as the app declares them, and what they are given.

Source: Azure WebJobs SDK extensions, timer triggers.
"""

import json
from datetime import UTC
from zoneinfo import ZoneInfo

import azure.functions as func
import pytest

from funchost.taskhub.timer_records import TimerStatus
from funchost.triggers.timers.timer_functions import TimerFunction, checked, payload

NOON = 1_767_268_800_000_000  # 2026-01-01T12:00:00Z
SECOND = 1_000_000
BERLIN = ZoneInfo("Europe/Berlin")


def test_a_timer_is_monitored_and_waits_for_its_time_by_default(info):
    timer = TimerFunction.of(info("0 */5 * * * *"), UTC)

    assert timer.is_monitored
    assert not timer.runs_on_startup


def test_what_the_decorator_says_is_obeyed(info):
    timer = TimerFunction.of(info("0 */5 * * * *", useMonitor=False, runOnStartup=True), UTC)

    assert not timer.is_monitored
    assert timer.runs_on_startup


@pytest.mark.parametrize("schedule", ["*/10 * * * * *", "00:00:10"])
def test_a_timer_below_a_minute_is_never_monitored(info, schedule):
    assert not TimerFunction.of(info(schedule, useMonitor=True), UTC).is_monitored


def test_a_bad_schedule_is_an_error_of_its_function_alone(info):
    bad, good = checked([info("every day", "bad"), info("0 0 0 * * *", "good")], UTC)

    assert bad.error == (
        "The schedule expression 'every day' was not recognized as a valid cron expression or timespan "
        "string."
    )
    assert good.error is None


def test_the_payload_is_what_the_original_sends(info):
    timer = TimerFunction.of(info("0 */5 * * * *"), BERLIN)
    status = TimerStatus(NOON + 1_500_000, NOON + 300 * SECOND, NOON + 1_500_000)

    assert payload(timer.schedule, status, BERLIN, is_past_due=True).decode() == (
        '{"Schedule":{"AdjustForDST":true},"ScheduleStatus":{"Last":"2026-01-01T13:00:01.5+01:00",'
        '"Next":"2026-01-01T13:05:00+01:00","LastUpdated":"2026-01-01T13:00:01.5+01:00"},"IsPastDue":true}'
    )


def test_a_time_span_does_not_adjust_for_daylight_saving(info):
    timer = TimerFunction.of(info("01:00:00"), UTC)

    assert json.loads(payload(timer.schedule, None, UTC, is_past_due=False))["Schedule"] == {
        "AdjustForDST": False
    }


def test_without_a_record_there_is_no_status(info):
    timer = TimerFunction.of(info("0 */5 * * * *"), UTC)

    assert json.loads(payload(timer.schedule, None, UTC, is_past_due=False))["ScheduleStatus"] is None


def test_a_timer_that_never_fired_and_never_will_has_the_ends_of_the_calendar(info):
    timer = TimerFunction.of(info("0 0 0 30 2 *"), UTC)
    status = json.loads(payload(timer.schedule, TimerStatus(None, None, NOON), UTC, is_past_due=False))[
        "ScheduleStatus"
    ]

    assert status == {
        "Last": "0001-01-01T00:00:00+00:00",
        "Next": "9999-12-31T23:59:59.9999999+00:00",
        "LastUpdated": "2026-01-01T12:00:00+00:00",
    }


def test_the_sdk_makes_a_timer_request_of_it(info):
    timer = TimerFunction.of(info("0 */5 * * * *"), UTC)
    text = payload(timer.schedule, TimerStatus(NOON, NOON, NOON), UTC, is_past_due=True).decode()
    converter = func.get_binding_registry().get("timerTrigger")

    request = converter.decode(func.meta.Datum(text, "json"), trigger_metadata=None)

    assert request.past_due
    assert request.schedule == {"AdjustForDST": True}
    assert request.schedule_status["Next"] == "2026-01-01T12:00:00+00:00"
