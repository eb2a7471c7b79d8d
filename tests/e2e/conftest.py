"""Which host the black-box tests speak to: the one at E2E_BASE_URL, or a funchost of their own."""

import json
import os
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.e2e import hosting
from tests.e2e.durable_host import DurableHost, connect
from tests.e2e.hosting import HostProcess
from tests.e2e.sdk import FirstGeneration, Sdk, SecondGeneration

GIVEN_URL = os.environ.get("E2E_BASE_URL", "").rstrip("/")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "funchost_only: expects what funchost does on purpose otherwise than the original host"
    )
    config.addinivalue_line("markers", "sdk_has(part): needs what later versions of the SDK have")
    for generation in (1, 2):
        config.addinivalue_line(
            "markers",
            f"sdk_{generation}(reason): holds for a conformance app on SDK {generation}.x alone",
        )


@pytest.fixture(scope="session")
def conformance_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of a host with the app of apps/conformance."""
    if GIVEN_URL:
        if hosting.get(GIVEN_URL, "/api/about")[0] != 200:
            pytest.skip(f"{GIVEN_URL} does not serve the conformance app")
        yield GIVEN_URL
        return
    folder = tmp_path_factory.mktemp("conformance")
    # The app counts its runs in files in the folder for temporary ones.
    with hosting.running(HostProcess(hosting.APPS / "conformance", folder, TMPDIR=str(folder))) as host:
        yield host.base_url


@pytest.fixture(scope="session")
def project_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of a host with the project's own app; two instances of funchost."""
    if GIVEN_URL:
        if b"functionName" not in hosting.get(GIVEN_URL, "/api/orchestrators/-")[1]:
            pytest.skip(f"{GIVEN_URL} does not serve the project's app")
        yield GIVEN_URL
        return
    folder = tmp_path_factory.mktemp("project")
    host = HostProcess(hosting.PROJECT, folder, "--instances", "2", FANOUT_MAX_TASKS="5000")
    with hosting.running(host):
        yield host.base_url


@pytest.fixture
async def host(conformance_url: str) -> AsyncIterator[DurableHost]:
    """A host with the conformance app."""
    async with connect(conformance_url) as client:
        yield client


@pytest.fixture(scope="session")
def sdk(conformance_url: str) -> Sdk:
    """What the SDK of the conformance app makes the tests expect."""
    functions = hosting.get(conformance_url, "/admin/functions")[1]
    has = frozenset(json.loads(hosting.get(conformance_url, "/api/sdk")[1])["has"])
    return SecondGeneration(has) if b'"durableRequiresGrpc":true' in functions else FirstGeneration(has)


@pytest.fixture(autouse=True)
def _of_this_generation(request: pytest.FixtureRequest) -> None:
    for generation in (1, 2):
        marker = request.node.get_closest_marker(f"sdk_{generation}")
        if marker and request.getfixturevalue("sdk").number != generation:
            pytest.skip(marker.args[0])
    for marker in request.node.iter_markers("sdk_has"):
        if marker.args[0] not in request.getfixturevalue("sdk").has:
            pytest.skip(f"the SDK of the conformance app has no {marker.args[0]}")


@pytest.fixture
async def project(project_url: str) -> AsyncIterator[DurableHost]:
    """A host with the project's own app."""
    async with connect(project_url) as client:
        yield client
