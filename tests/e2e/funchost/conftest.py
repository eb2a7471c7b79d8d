"""Hosts that belong to one test, which may do anything to them."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e import hosting
from tests.e2e.conftest import GIVEN_URL
from tests.e2e.durable_host import eventually
from tests.e2e.hosting import HostProcess

MakeHost = Callable[..., HostProcess]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.funchost_only)
            item.add_marker(pytest.mark.skipif(bool(GIVEN_URL), reason="starts hosts of its own"))


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a step, as the app has noted it."""

    instance: str
    host: int
    worker: int


@pytest.fixture
def make_host(tmp_path: Path) -> Iterator[MakeHost]:
    """Makes hosts, not yet started, with one task hub in this test's folder; ends them after the test."""
    hosts: list[HostProcess] = []
    (tmp_path / "runs").mkdir()

    def make(*arguments: str, app: Path = hosting.APPS / "crashes", **app_settings: str) -> HostProcess:
        host = HostProcess(
            app, tmp_path, *arguments, **{"RUNS_FOLDER": str(tmp_path / "runs"), **app_settings}
        )
        hosts.append(host)
        return host

    yield make
    for host in hosts:
        host.stop()


@pytest.fixture
def start_host(make_host: MakeHost) -> MakeHost:
    """As `make_host`, but the host answers already."""

    def start(*arguments: str, **options: str) -> HostProcess:
        host = make_host(*arguments, **options)
        host.start()
        return host

    return start


@pytest.fixture
def runs(tmp_path: Path) -> Callable[[str], list[Run]]:
    """Gives the runs of a step, from its key."""

    def read(key: str) -> list[Run]:
        path = tmp_path / "runs" / key
        lines = path.read_text().splitlines() if path.exists() else []
        return [Run(name, int(host), int(worker)) for name, host, worker in map(str.split, lines)]

    return read


@pytest.fixture
def first_run(runs: Callable[[str], list[Run]]) -> Callable[[str], Awaitable[Run]]:
    """Waits for the first run of a step, and gives it."""

    async def wait(key: str) -> Run:
        async def has_run() -> bool:
            return bool(runs(key))

        await eventually(has_run)
        return runs(key)[0]

    return wait
