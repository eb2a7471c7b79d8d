"""The page of an example, taken at its word: its commands are run and their answers held against it.

Times are not compared, and `…` stands for any text. It reads the `console` blocks and nothing else of a page.
"""

import argparse
import asyncio
import re
import shlex
import time
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.durable_host import DurableHost, Reply

# Where the pages have the host, and the folder that only they may write to.
HOST = "http://localhost:7071"
FOLDER = "/tmp/"

# How long a status may take to become what a page shows, in seconds.
LIMIT = 20.0

_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")


@dataclass(frozen=True, slots=True)
class Step:
    """A command and what the page says it prints."""

    command: str
    output: str


class Page:
    """One page, and the host that its commands go to."""

    def __init__(self, path: Path, host: DurableHost, folder: Path) -> None:
        self._path = path
        self._host = host
        self._folder = folder

    async def run(self) -> int:
        """Run every command in order, and say how many there were.

        A status that is not yet what the page shows is asked for again, as its reader would do.
        Raises AssertionError with the command, its output and what the page has.
        """
        steps = steps_of(self._path.read_text())
        for step in steps:
            await self._run(step)
        return len(steps)

    async def _run(self, step: Step) -> None:
        words = shlex.split(step.command)
        if words[0] != "curl":
            await self._run_in_shell(step)
            return
        request = parse_curl(words[1:])
        output = await self._send(request)
        deadline = time.monotonic() + LIMIT
        while request.method == "GET" and not fits(output, step.output) and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
            output = await self._send(request)
        assert fits(output, step.output), f"$ {step.command}\n{output}\n--- {self._path}:\n{step.output}"

    async def _run_in_shell(self, step: Step) -> None:
        script = step.command.replace(FOLDER, f"{self._folder}/")
        process = await asyncio.create_subprocess_shell(script, stdout=asyncio.subprocess.PIPE)
        output, _ = await process.communicate()
        assert (process.returncode, output.decode().strip()) == (0, step.output), step.command

    async def _send(self, request: argparse.Namespace) -> str:
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if request.data else {}
        path = request.url.removeprefix(HOST)
        reply = await self._host.request(request.method, path, data=request.data, headers=headers)
        head = f"{head_of(reply)}\n\n" if request.include else ""
        return (head + reply.text).replace(self._host.base_url, HOST).strip()


def steps_of(text: str) -> list[Step]:
    """The commands of a page's `console` blocks, each with the lines below it."""
    steps = []
    for block in _BLOCK.findall(text):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            steps.append(Step(command, output.strip()))
    return steps


def parse_curl(arguments: list[str]) -> argparse.Namespace:
    """The request that curl would send: `method`, `url`, `data`, and whether to `include` the head."""
    curl = argparse.ArgumentParser("curl", exit_on_error=False)
    curl.add_argument("-s", action="store_true")
    curl.add_argument("-i", dest="include", action="store_true")
    curl.add_argument("-X", dest="method")
    curl.add_argument("-d", dest="data")
    curl.add_argument("url")
    request = curl.parse_args(arguments)
    request.method = request.method or ("POST" if request.data else "GET")
    return request


def head_of(reply: Reply) -> str:
    """Status line and headers."""
    reason = {200: "OK", 202: "Accepted"}[reply.status]
    lines = [f"{name}: {value}" for name, value in reply.headers.items()]
    return "\n".join([f"HTTP/1.1 {reply.status} {reason}", *lines])


def fits(output: str, expected: str) -> bool:
    """Whether an output is what a page shows, times aside."""
    parts = [re.escape(part) for part in _TIME.sub("(time)", expected).split("…")]
    return re.fullmatch(".*".join(parts), _TIME.sub("(time)", output), re.DOTALL) is not None
