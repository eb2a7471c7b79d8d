"""What became of all that was acknowledged: over HTTP as any client sees it, and in the hub's file, which
also knows the histories of sub-orchestrations and what is left over.
"""

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.e2e.durable_host import FINAL
from tests.faults.workload import EVENT, KINDS, Acknowledged, Client, Start
from tests.finished_hub import events_twice, work_left

_SIDE_BY_SIDE = 8
_PAUSE_SECONDS = 0.02
_COUNTED = (
    "TaskCompleted",
    "TaskFailed",
    "TimerFired",
    "EventRaised",
    "SubOrchestrationInstanceCompleted",
)


@dataclass(slots=True)
class Verdict:
    """`lost` and `doubled` name what broke the promise; `left_over` is work that nobody needs any more."""

    instances: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    left_over: dict[str, int] = field(default_factory=dict)


async def judge(client: Client, hub_file: Path, limit_seconds: float) -> Verdict:
    """Wait for every instance that was acknowledged, or turns out to exist, and see how all of it ended."""
    verdict = Verdict(doubled=[f"{each}: started twice" for each in client.acknowledged.second_starts])
    done = client.acknowledged
    side_by_side = asyncio.Semaphore(_SIDE_BY_SIDE)
    existing: Counter[str] = Counter()

    async def judge_one(instance_id: str, start: Start) -> None:
        async with side_by_side:
            status = await _ended(client, instance_id, limit_seconds)
        if status is None:
            if instance_id in done.starts:
                verdict.lost.append(f"{instance_id}: there is no such instance")
            return
        existing[start.kind] += 1
        _judge_instance(verdict, instance_id, start, status, done)

    starts = done.starts | done.unknown_starts
    await asyncio.gather(*(judge_one(instance_id, start) for instance_id, start in starts.items()))
    verdict.instances = existing.total()
    await _judge_counter(verdict, client, "called", existing["call_entity"])
    await _judge_counter(verdict, client, "signalled-from-within", existing["signal_entity"])
    for key in done.signals.keys() | done.unknown_signals:
        await _judge_counter(verdict, client, key, done.signals[key], key in done.unknown_signals)
    verdict.doubled += events_twice(hub_file, sent_twice=(EVENT,))
    verdict.left_over = await _work_left(hub_file)
    return verdict


async def _ended(client: Client, instance_id: str, limit_seconds: float) -> Any:
    """The status of an instance that has ended or does not end in time; None when there is none."""
    status: Any = None
    with suppress(TimeoutError):
        async with asyncio.timeout(limit_seconds):
            while True:
                status = await client.get(f"/instances/{instance_id}?showHistory=true")
                if status is None or status["runtimeStatus"] in FINAL:
                    break
                if status["name"] == "wait_for_event" and not _has_its_end(client.acknowledged, instance_id):
                    await client.send_event(instance_id)
                await asyncio.sleep(_PAUSE_SECONDS)
    return status


def _has_its_end(done: Acknowledged, instance_id: str) -> bool:
    """Whether the host has acknowledged what ends the instance: it must end without being asked again."""
    return instance_id in done.events or instance_id in done.terminations


def _judge_instance(
    verdict: Verdict, instance_id: str, start: Start, status: dict[str, Any], done: Acknowledged
) -> None:
    ended_as = status["runtimeStatus"]
    if instance_id in done.terminations or (
        instance_id in done.unknown_terminations and ended_as != "Completed"
    ):
        if ended_as != "Terminated":
            verdict.lost.append(f"{instance_id}: was terminated and is {ended_as}")
        return
    if (ended_as, status["output"]) != ("Completed", start.output):
        verdict.lost.append(f"{instance_id}: {ended_as}, {status['output']!r} instead of {start.output}")
        return
    expected = KINDS[start.kind].events
    if expected is None:
        return
    events = Counter(event["EventType"] for event in status["historyEvents"])
    # SDK 2.x has all that were sent in its history; SDK 1.x has those that are waited for.
    if 1 < events["EventRaised"] <= done.sent_events[instance_id]:
        events["EventRaised"] = 1
    for name in _COUNTED:
        if events[name] != expected[name]:
            wrong = verdict.doubled if events[name] > expected[name] else verdict.lost
            wrong.append(f"{instance_id}: its history has {events[name]} {name}, not {expected[name]}")


async def _judge_counter(
    verdict: Verdict, client: Client, key: str, expected: int, one_is_unknown: bool = False
) -> None:
    """An entity's state is the number of operations that it was asked for."""
    total = 0
    for _ in range(200):
        total = int(await client.get(f"/entities/counter/{key}") or 0)
        if total >= expected:
            break
        await asyncio.sleep(_PAUSE_SECONDS)
    if total < expected:
        verdict.lost.append(f"counter {key}: {total} of {expected}")
    if total > expected + one_is_unknown:
        verdict.doubled.append(f"counter {key}: {total} of {expected}")


async def _work_left(hub_file: Path) -> dict[str, int]:
    """What is left of work when all has ended, as soon as there is nothing or it does not change."""
    left: dict[str, int] = {}
    for _ in range(200):
        left = work_left(hub_file)
        if not left:
            break
        await asyncio.sleep(_PAUSE_SECONDS)
    return left
