"""The functions of the app as a host loads them, and a task hub for the HTTP starters."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest
import pytest_asyncio
from azure.durable_functions.models.utils import http_utils

import function_app
from tests.app import callers, fake_hub

Functions = Mapping[str, Callable[..., Any]]


@pytest.fixture(scope="session")
def functions() -> Functions:
    # The SDK refuses to build its list of functions twice.
    built = function_app.app.get_functions()
    return {function.get_function_name(): function.get_user_function() for function in built}


# The SDK keeps one HTTP session for the process, so all tests that use it share one event loop.
@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def running_hub() -> AsyncIterator[fake_hub.FakeHub]:
    async with fake_hub.FakeHub() as hub:
        yield hub
        await http_utils._close_session()


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
