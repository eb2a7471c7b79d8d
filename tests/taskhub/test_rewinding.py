"""Rewinding: a failed instance and its failed children go on from before their failures."""

from dataclasses import replace

from funchost.durable import events
from funchost.durable.actions import CallActivity, CallSubOrchestrator
from funchost.durable.commit import Commit
from funchost.durable.events import EventType
from funchost.durable.instances import Status
from funchost.taskhub import LeasedInstance, TaskHub
from tests.taskhub.stepping import (
    OpenHub,
    client,
    clock,
    commit_of,
    decide,
    fail,
    lease,
    lease_activity,
    lease_one,
    run_to,
    step,
    succeed,
)

CALL = CallActivity("activity", "null")
CALL_CHILD = CallSubOrchestrator("child", None, "kid")


async def fail_by_activity(hub: TaskHub, instance_id: str) -> None:
    """The instance that waits for its first episode calls an activity, which fails, and fails with it."""
    assert (await decide(hub, CALL)).instance.instance_id == instance_id
    activity = await lease_activity(hub)
    await hub.work.finish_activity(activity, events.TaskFailed(clock(), 0, "bad", None))
    await decide(hub, decided=fail("bad"))


async def test_a_rewound_instance_calls_its_failed_activity_again_and_can_end_well(hub: TaskHub) -> None:
    await client(hub).start("work", "one", None)
    await fail_by_activity(hub, "one")
    await client(hub).rewind("one", "mended")
    rewound = await client(hub).get("one")
    assert rewound is not None
    assert rewound.status is Status.PENDING
    leased = await decide(hub, CALL)
    assert [message.event.type for message in leased.messages] == [EventType.GENERIC_EVENT]
    activity = await lease_activity(hub)
    assert activity.task.task_id == 0
    await hub.work.finish_activity(activity, events.TaskCompleted(clock(), 0, "1"))
    await decide(hub, decided=succeed("1"))
    ended = await client(hub).get("one")
    assert ended is not None
    assert (ended.status, ended.output) == (Status.COMPLETED, "1")


async def test_a_failed_child_is_rewound_with_its_parent(hub: TaskHub) -> None:
    await client(hub).start("work", "one", None)
    await decide(hub, CALL_CHILD)
    await fail_by_activity(hub, "kid")
    await decide(hub, decided=fail("child failed"))
    await client(hub).rewind("one", "mended")
    statuses = [instance.status for name in ("one", "kid") if (instance := await client(hub).get(name))]
    assert statuses == [Status.PENDING, Status.PENDING]
    assert {item.instance.instance_id for item in await lease(hub, 9)} == {"one", "kid"}


async def test_a_child_that_has_been_purged_is_started_again_by_its_parent(hub: TaskHub) -> None:
    await client(hub).start("work", "one", None)
    await decide(hub, CALL_CHILD)
    await fail_by_activity(hub, "kid")
    await decide(hub, decided=fail("child failed"))
    await client(hub).purge("kid")
    await client(hub).rewind("one", "mended")
    await decide(hub, CALL_CHILD)
    child = await client(hub).get("kid")
    assert child is not None
    assert child.status is Status.PENDING


async def test_a_copy_of_the_history_from_before_the_rewind_never_passes_for_current(
    open_hub: OpenHub,
) -> None:
    one, other = await open_hub(), await open_hub()
    await run_to(one, "one", Status.RUNNING)
    seen: set[tuple[str, int]] = set()
    for status in (Status.RUNNING, Status.RUNNING, Status.FAILED):
        await client(one).raise_event("one", "go", "1")
        leased = await step(other, status)
        seen |= {(leased.instance.execution_id, leased.episode), (leased.instance.execution_id, 1)}
    await client(one).rewind("one", "why")
    for _ in range(5):
        leased = await lease_one(one)
        assert (leased.instance.execution_id, leased.episode) not in seen
        await one.work.commit_episode(leased, keep_running(leased))
        await client(one).raise_event("one", "go", "1")


async def test_an_instance_can_be_rewound_again(hub: TaskHub) -> None:
    await run_to(hub, "one", Status.FAILED)
    for _ in range(3):
        await client(hub).rewind("one", "why")
        await step(hub, Status.FAILED)
    instance = await client(hub).get("one")
    assert instance is not None
    assert instance.status is Status.FAILED


def keep_running(leased: LeasedInstance) -> Commit:
    commit = commit_of(leased)
    commit.instance = replace(commit.instance, status=Status.RUNNING)
    return commit
