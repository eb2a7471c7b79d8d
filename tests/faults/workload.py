"""What the client of the fault tests does: start a mixture of instances, send events and signals, and keep
in mind what was acknowledged.

A request whose answer never came may have had its effect or not. One that was acknowledged must have it,
exactly once; that is what the verdict holds the host to.
"""

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.e2e.durable_host import AS_JSON, FINAL, WEBHOOKS, new_id

_PAUSE_SECONDS = 0.02
_REQUEST = aiohttp.ClientTimeout(total=10)

# How each kind of instance must end for the number it is given, and the events that its history must have.
KINDS: dict[str, tuple[int, int, Counter[str]]] = {
    "chain": (1, 3, Counter(TaskCompleted=3)),
    "fan_out": (5, 5, Counter(TaskCompleted=5)),
    "nap": (1, 1, Counter(TaskCompleted=1, TimerFired=1)),
    "wait_for_event": (1, 7, Counter(EventRaised=1)),
    "rounds": (1, 4, Counter()),
    "family": (2, 6, Counter(SubOrchestrationInstanceCompleted=2)),
    "call_entity": (1, 0, Counter()),
}
_COUNTED = ("TaskCompleted", "TimerFired", "EventRaised", "SubOrchestrationInstanceCompleted")


def expected_output(kind: str, number: int) -> int:
    """What an instance of this kind must return."""
    factor, more, _ = KINDS[kind]
    return factor * number + more


@dataclass(slots=True)
class Acknowledged:
    """What the host has said yes to, and what nobody knows about."""

    starts: dict[str, tuple[str, int]] = field(default_factory=dict)
    unknown_starts: dict[str, tuple[str, int]] = field(default_factory=dict)
    events: set[str] = field(default_factory=set)
    signals: int = 0
    unknown_signals: int = 0


class Client:
    """A client that never gives up on an event, and never repeats a start or a signal."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str, seed: int) -> None:
        self.acknowledged = Acknowledged()
        self._session = session
        self._base_url = base_url
        self._random = random.Random(seed)

    async def work(self, until: asyncio.Event) -> None:
        """Start instances, send events and signals, until that is enough."""
        while not until.is_set():
            await self._start()
            if self._random.random() < 0.3:
                await self._signal()
            await asyncio.sleep(_PAUSE_SECONDS * self._random.random())

    async def _start(self) -> None:
        kind, number = self._random.choice([*KINDS]), self._random.randrange(100)
        instance_id = f"{kind}-{new_id()}"
        body = json.dumps({"number": number})
        status = await self._post(f"/orchestrators/{kind}/{instance_id}", body)
        if status == 202:
            self.acknowledged.starts[instance_id] = kind, number
            if kind == "wait_for_event":
                await self.send_event(instance_id)
        elif status == 0:
            self.acknowledged.unknown_starts[instance_id] = kind, number

    async def send_event(self, instance_id: str) -> None:
        """Send the event that the instance waits for, if it can be sent now."""
        path = f"/instances/{instance_id}/raiseEvent/go"
        if await self._post(path, json.dumps({"number": 7})) in (202, 410):
            self.acknowledged.events.add(instance_id)

    async def _signal(self) -> None:
        status = await self._post("/entities/counter/signalled?op=add", "1")
        self.acknowledged.signals += status == 202
        self.acknowledged.unknown_signals += status == 0

    async def _post(self, path: str, body: str) -> int:
        """The status of the answer; 0 when there is none, or one that says nothing."""
        try:
            async with self._session.post(
                f"{self._base_url}{WEBHOOKS}{path}", data=body, headers=AS_JSON, timeout=_REQUEST
            ) as answer:
                await answer.read()
                return 0 if answer.status >= 500 else answer.status
        except (aiohttp.ClientError, OSError, TimeoutError):
            return 0

    async def get(self, path: str) -> Any:
        """A JSON document of the management API; None when it is not there."""
        with suppress(aiohttp.ClientError, OSError, TimeoutError):
            async with self._session.get(f"{self._base_url}{WEBHOOKS}{path}", timeout=_REQUEST) as answer:
                if answer.status in (200, 202):
                    return await answer.json()
        return None


@asynccontextmanager
async def connected(base_url: str, seed: int) -> AsyncIterator[Client]:
    """A client of the host under this URL."""
    # Connections break all the time here: each request has one of its own.
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True, limit=0)) as session:
        yield Client(session, base_url, seed)


@dataclass(slots=True)
class Verdict:
    """What became of all that was acknowledged. `lost` and `doubled` name what broke the promise."""

    instances: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)


async def verdict(client: Client, limit_seconds: float) -> Verdict:
    """Wait for every instance that was acknowledged, or turns out to exist, and judge how it ended."""
    found = Verdict()
    acknowledged = client.acknowledged
    for instance_id, (kind, number) in (acknowledged.starts | acknowledged.unknown_starts).items():
        must_exist = instance_id in acknowledged.starts
        status = await _ended(client, instance_id, must_exist, limit_seconds)
        if status is None:
            if must_exist:
                found.lost.append(f"{instance_id}: there is no such instance")
            continue
        found.instances += 1
        _judge(found, instance_id, kind, number, status)
    await _judge_counters(client, found)
    return found


async def _ended(client: Client, instance_id: str, must_exist: bool, limit_seconds: float) -> Any:
    path = f"/instances/{instance_id}?showHistory=true"
    status: Any = None
    with suppress(TimeoutError):
        async with asyncio.timeout(limit_seconds):
            while True:
                status = await client.get(path) or status
                if status is None and not must_exist:
                    return None
                if status is not None and status["runtimeStatus"] in FINAL:
                    return status
                if instance_id.startswith("wait_for_event") and instance_id not in client.acknowledged.events:
                    await client.send_event(instance_id)
                await asyncio.sleep(_PAUSE_SECONDS)
    return status


def _judge(found: Verdict, instance_id: str, kind: str, number: int, status: dict[str, Any]) -> None:
    outcome = status["runtimeStatus"], status["output"]
    if outcome != ("Completed", expected_output(kind, number)):
        found.lost.append(f"{instance_id}: it ended as {outcome}")
    events = Counter(event["EventType"] for event in status["historyEvents"])
    expected = KINDS[kind][2]
    for name in _COUNTED if expected else ():
        if events[name] > expected[name]:
            found.doubled.append(f"{instance_id}: its history has {events[name]} {name}")


async def _judge_counters(client: Client, found: Verdict) -> None:
    """Every signal and every call counts once."""
    acknowledged = client.acknowledged
    signalled = await _counter(client, "signalled", acknowledged.signals)
    if signalled < acknowledged.signals:
        found.lost.append(f"counter of signals: {signalled} of {acknowledged.signals}")
    if signalled > acknowledged.signals + acknowledged.unknown_signals:
        found.doubled.append(f"counter of signals: {signalled}, more than were sent")
    calls = [
        each for each in acknowledged.starts | acknowledged.unknown_starts if each.startswith("call_entity")
    ]
    callers = sum([await client.get(f"/instances/{caller}") is not None for caller in calls])
    called = await _counter(client, "called", callers)
    if called < callers:
        found.lost.append(f"counter of calls: {called} of {callers}")
    if called > callers:
        found.doubled.append(f"counter of calls: {called} of {callers}")


async def _counter(client: Client, key: str, at_least: int) -> int:
    """The state of a counter, as soon as it has arrived or will not change any more."""
    total = 0
    for _ in range(200):
        total = int(await client.get(f"/entities/counter/{key}") or 0)
        if total >= at_least:
            break
        await asyncio.sleep(_PAUSE_SECONDS)
    return total
