"""Timer triggers. Source: Azure Functions: timer trigger."""

from collections import Counter

import pytest

from tests.e2e import hosting
from tests.e2e.hosting import HostProcess

FEATURES = hosting.APPS / "features"


def lines(folder, key):
    path = folder / key
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def until_lines(folder, key, count):
    hosting.until(lambda: len(lines(folder, key)) >= count, 10, lambda: str(lines(folder, key)))


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Where the timers of three instances leave a line for each run."""
    folder = tmp_path_factory.mktemp("timers")
    host = HostProcess(FEATURES, folder, "--instances", "3", RUNS_FOLDER=str(folder))
    with hosting.running(host):
        yield folder


def test_a_timer_that_asks_for_it_runs_at_the_start_on_one_instance(ran):
    until_lines(ran, "on_startup", 1)
    until_lines(ran, "every_second", 2)

    assert len(lines(ran, "on_startup")) == 1


def test_a_timer_does_not_overlap_itself(ran):
    until_lines(ran, "slow_timer", 4)

    assert [line[0] for line in lines(ran, "slow_timer")[:4]] == ["begin", "end", "begin", "end"]


def test_one_instance_fires_for_all(ran):
    until_lines(ran, "every_second", 4)

    by_instance = Counter(line[0] for line in lines(ran, "every_second"))
    # If each of the three fired for itself, none would have more than a third.
    assert max(by_instance.values()) >= by_instance.total() - 1


def test_a_bad_schedule_stops_its_function_alone_and_is_named(start_host, tmp_path):
    host = start_host(app=FEATURES, RARELY="nonsense")

    until_lines(tmp_path / "runs", "every_second", 1)

    assert "'nonsense' was not recognized as a valid cron expression or timespan string." in host.log
    assert lines(tmp_path / "runs", "on_startup") == []
