"""Retry policies of the decorator and of host.json, as the function sees them."""

import json
from pathlib import Path

import pytest

from tests.e2e import hosting


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    folder = tmp_path_factory.mktemp("retried")
    app = Path(__file__).parent / "apps" / "retried"
    host = hosting.HostProcess(app, folder, NOTES=str(folder / "notes"))
    host.start()
    yield host, folder / "notes"
    host.stop()


def runs(notes, name, count):
    def found():
        lines = notes.read_text().splitlines() if notes.exists() else []
        return [run for run in map(json.loads, lines) if run["name"] == name]

    hosting.until(lambda: len(found()) >= count, 20, lambda: f"{name}: {found()}")
    return found()


def test_a_function_sees_how_often_it_is_run_again_and_why(host):
    _, notes = host

    first, second, third = runs(notes, "decorated", 3)

    assert [each["count"] for each in (first, second, third)] == [0, 1, 2]
    assert {each["most"] for each in (first, second, third)} == {2}
    assert first["message"] == ""
    assert "ValueError: not yet" in second["message"]


def test_host_json_has_a_policy_for_those_without_one(host):
    _, notes = host

    assert [each["count"] for each in runs(notes, "by_host_json", 2)] == [0, 1]


def test_a_policy_that_cannot_be_read_stops_its_function_alone(host):
    running, _ = host

    assert "@app.retry: maxRetryCount is 'many'" in running.log
