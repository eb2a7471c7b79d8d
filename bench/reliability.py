"""`make bench-reliability`: what load does to a host: answers, waiting, memory.

Two hundred clients at once; a hundred thousand starts posted faster than they run, and the hub that holds
them afterwards; a long history; large values; many events to one instance. Each part has a host of its own.
"""

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import psutil

from bench import machine, tables
from bench.host_process import PROJECT, HostFailed, HostProcess, Knobs, running

APP = PROJECT / "bench" / "apps" / "reliability"
_WEBHOOKS = "/runtime/webhooks/durabletask"
_JSON = {"Content-Type": "application/json"}
_CLIENTS = 200
_LIMIT_SECONDS = 1200.0
_LARGE_BYTES = 10_000_000
_TASKS = 6_666
_EVENTS = 1_000
_SAMPLE_SECONDS = 0.02


class LoadFailed(Exception):
    """The host gave another answer than it must."""


@dataclass(slots=True)
class Peak:
    """The largest resident memory of the host's own process, sampled while the block runs."""

    bytes: int = 0

    @asynccontextmanager
    async def of(self, host: HostProcess) -> AsyncIterator["Peak"]:
        """Sample until the block ends."""
        process = psutil.Process(host.pid)

        async def sample() -> None:
            while True:
                self.bytes = max(self.bytes, process.memory_info().rss)
                await asyncio.sleep(_SAMPLE_SECONDS)

        sampling = asyncio.create_task(sample())
        try:
            yield self
        finally:
            sampling.cancel()

    def __str__(self) -> str:
        return f"{self.bytes / 2**20:.0f} MiB"


@dataclass(slots=True)
class Caller:
    """Requests to one host. `seconds` are those of the status reads."""

    session: aiohttp.ClientSession
    base_url: str
    seconds: list[float] = field(default_factory=list)

    async def start(self, name: str, given: Any = None) -> str:
        """Start an instance; give its ID. Waits and tries again when the host says 429."""
        body = None if given is None else json.dumps(given)
        url = f"{self.base_url}{_WEBHOOKS}/orchestrators/{name}"
        while True:
            async with self.session.post(url, data=body, headers=_JSON) as answer:
                if answer.status == 202:
                    return str((await answer.json())["id"])
                if answer.status != 429:
                    raise LoadFailed(f"POST {url}: {answer.status}")
            await asyncio.sleep(0.1)

    async def status(self, instance_id: str, query: str = "") -> Any:
        """The status document, timed."""
        began = time.perf_counter()
        async with self.session.get(f"{self.base_url}{_WEBHOOKS}/instances/{instance_id}{query}") as answer:
            document = await answer.json()
        self.seconds.append(time.perf_counter() - began)
        return document

    async def ended(self, instance_id: str, pause_seconds: float = 0.05) -> Any:
        """The status when it has completed. Raises LoadFailed when it ends otherwise or never."""
        deadline = time.monotonic() + _LIMIT_SECONDS
        while (document := await self.status(instance_id))["runtimeStatus"] in ("Pending", "Running"):
            if time.monotonic() > deadline:
                raise LoadFailed(f"Instance {instance_id} does not end.")
            await asyncio.sleep(pause_seconds)
        if document["runtimeStatus"] != "Completed":
            raise LoadFailed(f"Instance {instance_id} ended as {document['runtimeStatus']}.")
        return document

    async def event(self, instance_id: str) -> None:
        """Send an event."""
        url = f"{self.base_url}{_WEBHOOKS}/instances/{instance_id}/raiseEvent/event"
        async with self.session.post(url, data="1", headers=_JSON) as answer:
            if answer.status != 202:
                raise LoadFailed(f"POST {url}: {answer.status}")


@asynccontextmanager
async def calling(host: HostProcess) -> AsyncIterator[Caller]:
    """A caller with a connection for each of many clients."""
    connector = aiohttp.TCPConnector(limit=_CLIENTS)
    timeout = aiohttp.ClientTimeout(total=_LIMIT_SECONDS)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        yield Caller(session, host.base_url)


async def many_clients(seconds: float) -> list[list[str]]:
    """Clients that start one small instance after the other, and read its status until it has ended."""
    with running(APP, Knobs(processes=2)) as host:
        async with calling(host) as caller, Peak().of(host) as peak:
            until, done = time.monotonic() + seconds, 0

            async def client() -> None:
                nonlocal done
                while time.monotonic() < until:
                    await caller.ended(await caller.start("one_activity"))
                    done += 1

            await asyncio.gather(*(client() for _ in range(_CLIENTS)))
            return [
                [f"{_CLIENTS} clients for {seconds:g} s", "instances started and completed", f"{done}"],
                ["", "status read, median and 99 %", percentiles(caller.seconds)],
                ["", "memory of the host, peak", str(peak)],
            ]


async def many_starts(count: int) -> list[list[str]]:
    """Starts posted faster than they run, and what the hub that holds them costs then."""
    with running(APP, Knobs(processes=2)) as host:
        async with calling(host) as caller, Peak().of(host) as peak:
            began = time.monotonic()
            waiting = iter(range(count))

            async def poster() -> None:
                for _ in waiting:
                    await caller.start("one_activity")

            await asyncio.gather(*(poster() for _ in range(_CLIENTS // 10)))
            posted = time.monotonic() - began
            late = time.monotonic()
            await caller.ended(await caller.start("one_activity"))
            late = time.monotonic() - late
            while await _has_running(caller):
                await asyncio.sleep(1)
            took = time.monotonic() - began
            caller.seconds.clear()
            last = await caller.start("one_activity")
            for _ in range(1000):
                await caller.status(last)
            await caller.ended(last)
            there, completed, pages = await _all_instances(caller)
        host.stop()
        host.start()
        acknowledged = count + 2
        return [
            [f"{count} starts", "posted in, completed in", f"{posted:.0f} s, {took:.0f} s"],
            ["", "one more, posted behind them all, until it has ended", f"{late:.1f} s"],
            ["", "memory of the host, peak", str(peak)],
            ["the hub with them", "status read, median and 99 %", percentiles(caller.seconds)],
            ["", "a page of 1,000, the slowest", f"{1000 * max(pages):.0f} ms"],
            ["", "start of the host", f"{host.ready_seconds:.2f} s"],
            ["", "memory of the host then", _memory(host)],
            ["", "acknowledged, lost, doubled", _tally(acknowledged, there, completed)],
        ]


async def _all_instances(caller: Caller) -> tuple[int, int, list[float]]:
    """How many instances there are and how many have completed, and the seconds that each page took."""
    url, token = f"{caller.base_url}{_WEBHOOKS}/instances?top=1000", ""
    there = completed = 0
    seconds: list[float] = []
    while token or not seconds:
        began = time.perf_counter()
        async with caller.session.get(url, headers={"x-ms-continuation-token": token}) as answer:
            page = await answer.json()
            token = answer.headers.get("x-ms-continuation-token", "")
        seconds.append(time.perf_counter() - began)
        there += len(page)
        completed += sum(each["runtimeStatus"] == "Completed" for each in page)
    return there, completed, seconds


def _tally(acknowledged: int, there: int, completed: int) -> str:
    """Every instance that was acknowledged is there once, and has completed."""
    return f"{acknowledged}, {acknowledged - min(completed, acknowledged)}, {max(there - acknowledged, 0)}"


def _memory(host: HostProcess) -> str:
    return f"{psutil.Process(host.pid).memory_info().rss / 2**20:.0f} MiB"


async def _has_running(caller: Caller) -> bool:
    query = "?runtimeStatus=Pending,Running&top=1"
    async with caller.session.get(f"{caller.base_url}{_WEBHOOKS}/instances{query}") as answer:
        return bool(await answer.json())


async def long_history() -> list[list[str]]:
    """One instance with about 20,000 events."""
    with running(APP, Knobs(processes=2)) as host:
        async with calling(host) as caller, Peak().of(host) as peak:
            began = time.monotonic()
            instance_id = await caller.start("fan_out", {"tasks": _TASKS})
            await caller.ended(instance_id, 0.5)
            took = time.monotonic() - began
            caller.seconds.clear()
            document = await caller.status(instance_id, "?showHistory=true")
            events = len(document["historyEvents"])
            return [
                [f"{_TASKS} activities at once", "until completed", f"{took:.1f} s"],
                [
                    "",
                    "its history shown",
                    f"{events} events, {caller.seconds[0]:.2f} s",
                ],
                ["", "memory of the host, peak", str(peak)],
            ]


async def large_values() -> list[list[str]]:
    """An input of 10 MB that is returned."""
    with running(APP, Knobs(processes=1)) as host:
        async with calling(host) as caller, Peak().of(host) as peak:
            began = time.monotonic()
            document = await caller.ended(await caller.start("echo", {"text": "x" * _LARGE_BYTES}))
            if len(document["output"]["text"]) != _LARGE_BYTES:
                raise LoadFailed("The output is not what was given.")
            return [
                ["10 MB in and out", "until completed", f"{time.monotonic() - began:.1f} s"],
                ["", "memory of the host, peak", str(peak)],
            ]


async def many_events() -> list[list[str]]:
    """Events to one instance that waits for all of them."""
    with running(APP, Knobs(processes=1)) as host:
        async with calling(host) as caller:
            instance_id = await caller.start("collect", {"events": _EVENTS})
            began = time.monotonic()
            await asyncio.gather(*(caller.event(instance_id) for _ in range(_EVENTS)))
            posted = time.monotonic() - began
            await caller.ended(instance_id)
            took = time.monotonic() - began
            document = await caller.status(instance_id, "?showHistory=true")
            there = sum(event["EventType"] == "EventRaised" for event in document["historyEvents"])
            lost, doubled = max(_EVENTS - there, 0), max(there - _EVENTS, 0)
            return [
                [f"{_EVENTS} events to one instance", "acknowledged in", f"{posted:.1f} s"],
                ["", "until it has received all", f"{took:.1f} s"],
                ["", "acknowledged, lost, doubled", f"{_EVENTS}, {lost}, {doubled}"],
            ]


def percentiles(seconds: Sequence[float]) -> str:
    """The median and the 99th percentile in milliseconds. Needs two values or more."""
    high = statistics.quantiles(seconds, n=100, method="inclusive")[-1]
    return f"{1000 * statistics.median(seconds):.1f} ms, {1000 * high:.1f} ms"


def main() -> int:
    """Measure one part after the other and print a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.reliability", description=__doc__)
    parser.add_argument(
        "--seconds", type=float, default=60.0, help="of the many clients (default: %(default)s)"
    )
    parser.add_argument("--starts", type=int, default=100_000, help="default: %(default)s")
    options = parser.parse_args()
    print(f"{machine.facts(machine.generations()[:1])}\n")
    parts: list[tuple[str, Callable[[], Awaitable[list[list[str]]]]]] = [
        ("many clients", lambda: many_clients(options.seconds)),
        ("many starts", lambda: many_starts(options.starts)),
        ("a long history", long_history),
        ("large values", large_values),
        ("many events", many_events),
    ]
    rows: list[list[str]] = []
    try:
        for name, part in parts:
            print(f"... {name}", file=sys.stderr)
            rows += asyncio.run(_as_coroutine(part))
    except (HostFailed, LoadFailed, aiohttp.ClientError) as failure:
        print(f"bench-reliability: {failure}", file=sys.stderr)
        return 1
    print(tables.table(["load", "what", "measured"], rows))
    return 0


async def _as_coroutine(part: Callable[[], Awaitable[list[list[str]]]]) -> list[list[str]]:
    return await part()


if __name__ == "__main__":
    sys.exit(main())
