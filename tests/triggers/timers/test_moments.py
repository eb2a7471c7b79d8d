"""Moments as .NET writes them, and where a zone comes from."""

import logging
from datetime import UTC
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funchost.triggers.timers import moments
from funchost.triggers.timers.moments import (
    LAST_MOMENT,
    find_zone,
    from_local,
    json_text,
    round_trip_text,
    to_local,
)

NOON = 1_767_268_800_000_000  # 2026-01-01T12:00:00Z


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(0, ""), (500_000, ".5"), (120, ".00012"), (123_456, ".123456")],
)
def test_json_leaves_zeros_at_the_end_away(fraction, text):
    assert json_text(NOON + fraction, UTC) == f"2026-01-01T12:00:00{text}+00:00"


def test_the_round_trip_form_has_seven_digits_and_the_offset():
    assert round_trip_text(NOON, UTC) == "2026-01-01T12:00:00.0000000+00:00"
    assert round_trip_text(NOON + 1, ZoneInfo("America/Caracas")) == "2026-01-01T08:00:00.0000010-04:00"


@given(
    st.integers(0, LAST_MOMENT),
    st.sampled_from([UTC, ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Lord_Howe")]),
)
def test_a_moment_survives_the_way_through_a_zone(moment, zone):
    assert from_local(to_local(moment, zone)) == moment


@pytest.mark.parametrize("name", ["Europe/Berlin", ":Europe/Berlin"])
def test_a_zone_is_found_by_its_name(name):
    assert find_zone(name) == ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize("name", ["Pacific Standard Time", "Mars/Olympus", "../../etc/passwd"])
def test_a_name_that_is_no_zone_is_named_and_the_local_zone_is_used(name, caplog):
    with caplog.at_level(logging.WARNING):
        zone = find_zone(name)

    assert f"{to_local(NOON, zone):%H:%M}" == f"{to_local(NOON, find_zone(None)):%H:%M}"
    assert f"WEBSITE_TIME_ZONE or TZ is '{name}'" in caplog.text
    assert "America/New_York" in caplog.text


def test_without_a_name_the_zone_is_that_of_the_machine(monkeypatch, caplog):
    machine = Path(str(resources.files("tzdata"))) / "zoneinfo" / "Asia" / "Kathmandu"
    monkeypatch.setattr(moments, "_LOCAL_ZONE", machine)

    assert f"{to_local(NOON, find_zone(None)):%H:%M}" == "17:45"
    assert caplog.text == ""


def test_a_machine_without_a_zone_has_utc(monkeypatch, tmp_path):
    monkeypatch.setattr(moments, "_LOCAL_ZONE", tmp_path / "missing")

    assert find_zone(None) is UTC
