"""Task hubs on real files, opened and closed again, in this process and in others."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
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


class HostProcess:
    """A process of `hub_process` and what it says."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def line(self) -> str:
        """The next line."""
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), 20)
        assert line.endswith(b"\n"), "the process has ended"
        return line.decode().strip()

    async def lines(self) -> list[str]:
        """Every whole line until its end."""
        assert self._process.stdout is not None
        rest = await asyncio.wait_for(self._process.stdout.read(), 20)
        return rest.decode().split("\n")[:-1]

    def send_signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    async def wait(self) -> None:
        await self._process.wait()

    async def end(self) -> None:
        """Leave nothing behind, whatever became of the test."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.communicate()


StartProcess = Callable[..., Awaitable[HostProcess]]


@pytest.fixture
async def start_process(folder: Path) -> AsyncIterator[StartProcess]:
    started: list[HostProcess] = []
    root = Path(__file__).parents[2]

    async def start(command: str, *arguments: str) -> HostProcess:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.taskhub.hub_process",
            str(folder),
            command,
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(root)},
        )
        started.append(HostProcess(process))
        return started[-1]

    yield start
    for each in started:
        await each.end()
