"""Both workers, and the one reason not to ask them."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from tests.oracle.workers import Function, Original, Ours, Pair

FOLDER = Path(__file__).parent
APPS = FOLDER / "apps"
PROJECT = FOLDER.parents[1]

Loaded = list[Function] | str
LoadBoth = Callable[[Path], Awaitable[tuple[Loaded, Loaded]]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The processes live as long as the session; below 3.13 there is nothing to compare with."""
    reason = "azure-functions-runtime, the worker library to compare with, exists for Python 3.13 and later"
    for item in items:
        if item.path.is_relative_to(FOLDER):
            item.add_marker(pytest.mark.skipif(sys.version_info < (3, 13), reason=reason))
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def original() -> AsyncIterator[Original]:
    """Microsoft's library, for loading one app after another."""
    library = await Original.start()
    yield library
    await library.stop()


@pytest.fixture
def load_both(original: Original) -> LoadBoth:
    """Loads an app in both workers: the original's functions or error text, and ours."""
    return partial(_load_in_both, original)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def pair() -> AsyncIterator[Pair]:
    """Both workers with the app of apps/calls."""
    async with _both(APPS / "calls") as both:
        yield both


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def pair_of_sdk_2() -> AsyncIterator[Pair]:
    """Both workers with an app of SDK 2.x."""
    async with _both(PROJECT / "tests/worker/apps/second_generation") as both:
        yield both


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def pair_that_streams() -> AsyncIterator[Pair]:
    """Both workers with an app that imports a web framework's extension."""
    async with _both(PROJECT / "tests/worker/apps/streaming") as both:
        yield both


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def original_that_streams() -> AsyncIterator[Original]:
    """Microsoft's library, for apps that import the extension: it notices that once in its life."""
    library = await Original.start()
    yield library
    await library.stop()


@pytest.fixture
def load_both_streaming(original_that_streams: Original) -> LoadBoth:
    """As `load_both`, for apps that import a web framework's extension."""
    return partial(_load_in_both, original_that_streams)


async def _load_in_both(original: Original, folder: Path) -> tuple[Loaded, Loaded]:
    ours = Ours.for_app(folder)
    try:
        return await asyncio.gather(original.load(folder), ours.load())
    finally:
        await ours.stop()


@asynccontextmanager
async def _both(folder: Path) -> AsyncIterator[Pair]:
    library, ours = await Original.start(), Ours.for_app(folder)
    functions = await library.load(folder)
    assert await ours.load() == functions
    yield Pair(library, ours)
    await library.stop()
    await ours.stop()
