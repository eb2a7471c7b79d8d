"""The measures under load run, on few of everything."""

import pytest

from bench import reliability


def test_percentiles_are_in_milliseconds():
    assert reliability.percentiles([0.001] * 99 + [1.0]) == "1.0 ms, 11.0 ms"


async def test_events_and_large_values_are_measured(monkeypatch):
    monkeypatch.setattr(reliability, "_EVENTS", 5)
    monkeypatch.setattr(reliability, "_LARGE_BYTES", 1000)

    rows = [*await reliability.many_events(), *await reliability.large_values()]

    assert [row[0] for row in rows if row[0]] == ["5 events to one instance", "10 MB in and out"]
    assert ["", "acknowledged, lost, doubled", "5, 0, 0"] in rows


@pytest.mark.timeout(120)
async def test_starts_are_posted_and_the_hub_with_them_is_read():
    rows = await reliability.many_starts(50)

    assert {row[0] for row in rows} == {"50 starts", "", "the hub with them"}
    assert rows[-1][1:] == ["acknowledged, lost, doubled", "52, 0, 0"]
