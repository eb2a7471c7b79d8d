"""What the client of the fault tests does: start a mixture of instances, send events, signals and
terminations, and keep in mind what was acknowledged.

A request whose answer never came may have had its effect or not. One that was acknowledged must have it,
exactly once; `judgement.py` holds the host to that.
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

from tests.e2e.durable_host import AS_JSON, WEBHOOKS, new_id

EVENT = "go"
EVENT_NUMBER = 7
_LONGEST_PAUSE_SECONDS = 0.05
_SHARE_OF_SIGNALS = 0.3
_SHARE_OF_TERMINATIONS = 0.2
_SHARE_OF_SECOND_STARTS = 0.2
_REQUEST = aiohttp.ClientTimeout(total=10)


@dataclass(frozen=True, slots=True)
class Kind:
    """How an instance must end: its output is `factor` times the number it is given, and `more`; its history
    has these events, unless they are not looked at (None)."""

    factor: int
    more: int
    events: Counter[str] | None


KINDS = {
    "chain": Kind(1, 3, Counter(TaskCompleted=3)),
    "fan_out": Kind(5, 5, Counter(TaskCompleted=5)),
    "catch": Kind(1, 1, Counter(TaskCompleted=1, TaskFailed=1)),
    "nap": Kind(1, 1, Counter(TaskCompleted=1, TimerFired=1)),
    "wait_for_event": Kind(1, EVENT_NUMBER, Counter(EventRaised=1)),
    "rounds": Kind(1, 4, Counter()),
    "family": Kind(2, 6, Counter(SubOrchestrationInstanceCompleted=2)),
    # The generations tell of an entity's answer by different events.
    "call_entity": Kind(1, 0, None),
    "signal_entity": Kind(1, 1, Counter(TaskCompleted=1)),
}


@dataclass(frozen=True, slots=True)
class Start:
    """An instance that was asked for, and the number it was given."""

    kind: str
    number: int

    @property
    def output(self) -> int:
        """What it must return when it completes."""
        return KINDS[self.kind].factor * self.number + KINDS[self.kind].more


@dataclass(slots=True)
class Acknowledged:
    """What the host has said yes to, and what nobody knows about.

    `signals` counts by the key of the entity. After a signal without an answer the entity is left alone, so
    that no other count can hide what became of it. `sent_events` counts all that were sent to an instance,
    acknowledged or not. `second_starts` are IDs that the host has started twice.
    """

    starts: dict[str, Start] = field(default_factory=dict)
    unknown_starts: dict[str, Start] = field(default_factory=dict)
    second_starts: set[str] = field(default_factory=set)
    events: set[str] = field(default_factory=set)
    sent_events: Counter[str] = field(default_factory=Counter)
    terminations: set[str] = field(default_factory=set)
    unknown_terminations: set[str] = field(default_factory=set)
    signals: Counter[str] = field(default_factory=Counter)
    unknown_signals: set[str] = field(default_factory=set)


class Client:
    """Requests to one host, none of which is repeated unless it may be."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str) -> None:
        self.acknowledged = Acknowledged()
        self._session = session
        self._webhooks = base_url + WEBHOOKS

    async def work(self, number: int, seed: int, until: asyncio.Event) -> None:
        """Do one thing after the other until that is enough. Number and seed settle what is done."""
        chance = random.Random(f"{seed}-{number}")
        signals = 0
        while not until.is_set():
            await self._start(chance.choice([*KINDS]), chance)
            if chance.random() < _SHARE_OF_SIGNALS and not await self._signal(f"{number}-{signals}"):
                signals += 1
            await asyncio.sleep(chance.uniform(0, _LONGEST_PAUSE_SECONDS))

    async def _start(self, kind: str, chance: random.Random) -> None:
        start, instance_id = Start(kind, chance.randrange(100)), f"{kind}-{new_id()}"
        terminates = chance.random() < _SHARE_OF_TERMINATIONS
        starts_twice = chance.random() < _SHARE_OF_SECOND_STARTS
        path, body = f"/orchestrators/{kind}/{instance_id}", json.dumps({"number": start.number})
        status = await self._post(path, body)
        if status == 0:
            self.acknowledged.unknown_starts[instance_id] = start
        if status != 202:
            return
        self.acknowledged.starts[instance_id] = start
        # It waits for ever, so that the second start cannot come after its end.
        if kind != "wait_for_event":
            return
        if starts_twice and await self._post(path, body) == 202:
            self.acknowledged.second_starts.add(instance_id)
        await (self._terminate(instance_id) if terminates else self.send_event(instance_id))

    async def send_event(self, instance_id: str) -> None:
        """Send the event that the instance waits for. It takes one; more of them change nothing."""
        body = json.dumps({"number": EVENT_NUMBER})
        self.acknowledged.sent_events[instance_id] += 1
        if await self._post(f"/instances/{instance_id}/raiseEvent/{EVENT}", body) == 202:
            self.acknowledged.events.add(instance_id)

    async def _terminate(self, instance_id: str) -> None:
        status = await self._post(f"/instances/{instance_id}/terminate?reason=enough", "")
        if status == 202:
            self.acknowledged.terminations.add(instance_id)
        if status == 0:
            self.acknowledged.unknown_terminations.add(instance_id)

    async def _signal(self, key: str) -> bool:
        """Signal a counter; whether the host has answered."""
        status = await self._post(f"/entities/counter/{key}?op=add", "1")
        if status == 202:
            self.acknowledged.signals[key] += 1
        if status == 0:
            self.acknowledged.unknown_signals.add(key)
        return status != 0

    async def _post(self, path: str, body: str) -> int:
        """The status of the answer; 0 when there is none, or one that does not say what has happened.

        While nobody listens, it is tried again.
        """
        while True:
            try:
                async with self._session.post(
                    self._webhooks + path, data=body, headers=AS_JSON, timeout=_REQUEST
                ) as answer:
                    await answer.read()
                    return 0 if answer.status >= 500 else answer.status
            except aiohttp.ClientConnectorError:
                await asyncio.sleep(_LONGEST_PAUSE_SECONDS)
            except (aiohttp.ClientError, OSError, TimeoutError):
                return 0

    async def get(self, path: str) -> Any:
        """A JSON document of the management API; None when it is not there.

        Raises TimeoutError when the host does not answer for a while.
        """
        async with asyncio.timeout(60):
            while True:
                with suppress(aiohttp.ClientError, OSError):
                    async with self._session.get(self._webhooks + path) as answer:
                        if answer.status == 404:
                            return None
                        if answer.status in (200, 202):
                            return await answer.json()
                await asyncio.sleep(_LONGEST_PAUSE_SECONDS)


@asynccontextmanager
async def connected(base_url: str) -> AsyncIterator[Client]:
    """A client of the host under this URL."""
    # Connections break all the time here: each request has one of its own.
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True, limit=0)) as session:
        yield Client(session, base_url)
