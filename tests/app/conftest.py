"""The functions of the app as a host loads them, and a task hub for the HTTP starters."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest
import pytest_asyncio

import function_app
from tests.app import callers, fake_hub, generation

Functions = Mapping[str, Callable[..., Any]]


@pytest.fixture(scope="session")
def functions() -> Functions:
    # The SDK refuses to build its list of functions twice.
    built = function_app.app.get_functions()
    return {function.get_function_name(): function.get_user_function() for function in built}


# What the SDK's client keeps open belongs to one event loop, so all tests that use it share one.
@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def running_hub() -> AsyncIterator[fake_hub.FakeHub]:
    async with generation.Hub() as hub:
        yield hub


@pytest.fixture
def hub(running_hub: fake_hub.FakeHub) -> fake_hub.FakeHub:
    running_hub.forget_everything()
    return running_hub


@pytest.fixture
def plain(functions: Functions, hub: fake_hub.FakeHub) -> callers.Caller:
    return callers.Caller(functions["start_orchestrator"], "orchestrators", hub)


@pytest.fixture
def singleton(functions: Functions, hub: fake_hub.FakeHub) -> callers.Caller:
    return callers.Caller(functions["start_singleton"], "orchestrators2", hub)
