"""A funchost for each example: the module of an example's tests names it in EXAMPLE."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.e2e import hosting
from tests.e2e.durable_host import DurableHost, connect
from tests.e2e.hosting import HostProcess
from tests.examples.page import Page
from tests.generations import HAS_SDK_2

EXAMPLES = hosting.PROJECT / "examples"


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the monitor looks into, in the place of /tmp."""
    return tmp_path_factory.mktemp("inbox")


@pytest.fixture(scope="module")
def example_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, inbox: Path
) -> Iterator[str]:
    name = request.module.EXAMPLE
    host = HostProcess(EXAMPLES / name, tmp_path_factory.mktemp(name), INBOX=str(inbox))
    with hosting.running(host):
        yield host.base_url


@pytest.fixture
async def host(example_url: str) -> AsyncIterator[DurableHost]:
    """The host with the example of the test's module."""
    async with connect(example_url, limit=20) as client:
        yield client


@pytest.fixture
def page(request: pytest.FixtureRequest, host: DurableHost, inbox: Path) -> Page:
    """The example's own page, against its host. It shows what an app on SDK 1.x answers."""
    if HAS_SDK_2:
        pytest.skip("the page shows the answers of SDK 1.x")
    return Page(EXAMPLES / request.module.EXAMPLE / "README.md", host, inbox)
