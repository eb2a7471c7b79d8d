"""Task hubs on real files, opened and closed again."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from funchost.taskhub import TaskHub
from tests.taskhub.stepping import OpenHub


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
async def open_hub(folder: Path) -> AsyncIterator[OpenHub]:
    opened: list[TaskHub] = []

    async def open_one(**options: object) -> TaskHub:
        hub = await TaskHub.open(folder, "Hub", **options)  # type: ignore[arg-type]
        opened.append(hub)
        return hub

    yield open_one
    for hub in opened:
        await hub.close()


@pytest.fixture
async def hub(open_hub: OpenHub) -> TaskHub:
    return await open_hub()
