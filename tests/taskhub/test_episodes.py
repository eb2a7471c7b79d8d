"""Episodes: one holder of the lease, one commit, nothing from anyone else."""

from dataclasses import replace

import pytest

from funchost.durable import events
from funchost.durable.actions import CallSubOrchestrator, ContinueAsNew
from funchost.durable.commit import Commit
from funchost.durable.events import EventType
from funchost.durable.failures import FailureDetails
from funchost.durable.instances import Status
from funchost.taskhub import LeaseLost, TaskHub
from tests.taskhub.stepping import (
    ALL,
    OpenHub,
    client,
    clock,
    commit_of,
    decide,
    lease,
    lease_one,
    run_to,
    step,
    succeed,
)

CALL_CHILD = CallSubOrchestrator("child", None, "kid")


async def names_in_history(hub: TaskHub) -> list[str]:
    history = await hub.work.events("one")
    return [
        event.name for event in history if isinstance(event, events.ExecutionStarted | events.EventRaised)
    ]


async def test_an_instance_is_leased_once_until_its_commit(open_hub: OpenHub) -> None:
    one, other = await open_hub(), await open_hub()
    await client(one).start("work", "one", None)
    await lease_one(one)
    assert await lease(one) == await lease(other) == []


async def test_the_longest_waiting_are_leased_first_up_to_the_limit(hub: TaskHub) -> None:
    for name in ("c", "a", "b"):
        await client(hub).start("work", name, None)
    assert [item.instance.instance_id for item in await lease(hub, 2)] == ["c", "a"]
    assert [item.instance.instance_id for item in await lease(hub, 2)] == ["b"]


async def test_a_commit_appends_to_the_history_or_replaces_it(hub: TaskHub) -> None:
    await run_to(hub, "one", Status.RUNNING)
    for name in ("first", "second"):
        await client(hub).raise_event("one", name, "1")
        await step(hub)
    assert await names_in_history(hub) == ["work", "first", "second"]
    await client(hub).raise_event("one", "third", "1")
    await step(hub, replaces_history=True)
    assert await names_in_history(hub) == ["third"]


async def test_an_event_comes_back_as_it_was_written(hub: TaskHub) -> None:
    await client(hub).start("work", "one", None)
    written = [
        events.TaskScheduled(clock(), 0, "\U0001f600", '["in"]', retry=events.Retry(0, 1)),
        events.TaskCompleted(clock(), 0, '"\\u00e9\\n"'),
        events.ExternalEventAwaited(clock(), "Gö"),
        events.EventSent(clock(), 1, "@a@b", "op", "{}", "request"),
    ]
    await step(hub, history=written)
    assert await hub.work.events("one") == written


async def test_a_returned_instance_is_tried_again_with_the_same_messages(open_hub: OpenHub) -> None:
    one, other = await open_hub(), await open_hub()
    await client(one).start("work", "one", None)
    first = await lease_one(one)
    await one.work.return_instance(first, 0, 0)
    again = await lease_one(other)
    assert (again.messages, again.episode) == (first.messages, first.episode)


async def test_a_returned_instance_rests_for_the_pause(hub: TaskHub) -> None:
    await client(hub).start("work", "one", None)
    leased = await lease_one(hub)
    before = clock()
    await hub.work.return_instance(leased, 60, 1)
    assert await lease(hub) == []
    ready_at = await hub.work.next_instance_at(ALL)
    assert ready_at is not None
    assert before + 60_000_000 <= ready_at <= clock() + 60_000_000


async def test_a_host_cannot_return_what_another_has_leased(open_hub: OpenHub) -> None:
    one, other = await open_hub(), await open_hub()
    await client(one).start("work", "one", None)
    leased = await lease_one(one)
    await other.work.return_instance(leased, 0, 0)
    assert await lease(other) == []
    await one.work.commit_episode(leased, commit_of(leased))


async def test_a_commit_without_the_lease_is_refused_and_changes_nothing(open_hub: OpenHub) -> None:
    one, other = await open_hub(), await open_hub()
    await client(one).start("work", "one", None)
    stale = await lease_one(one)
    await one.work.return_instance(stale, 0, 0)
    current = await lease_one(other)
    with pytest.raises(LeaseLost):
        await one.work.commit_episode(stale, commit_of(stale, Status.FAILED))
    instance = await client(one).get("one")
    assert instance is not None
    assert instance.status is Status.PENDING
    await other.work.commit_episode(current, commit_of(current, Status.COMPLETED))


async def test_a_commit_that_comes_twice_is_refused(hub: TaskHub) -> None:
    await client(hub).start("work", "one", None)
    leased = await lease_one(hub)
    await hub.work.commit_episode(leased, commit_of(leased))
    with pytest.raises(LeaseLost):
        await hub.work.commit_episode(leased, commit_of(leased))
    assert len(await hub.work.events("one")) == 1


async def test_an_episode_from_before_a_take_over_is_refused_although_the_lease_came_back(
    open_hub: OpenHub,
) -> None:
    one, other = await open_hub(), await open_hub()
    await run_to(one, "one", Status.RUNNING)
    await client(one).raise_event("one", "first", "1")
    stale = await lease_one(one)
    await one.work.return_instance(stale, 0, 0)
    await step(other)
    await client(one).raise_event("one", "second", "1")
    current = await lease_one(one)
    with pytest.raises(LeaseLost):
        await one.work.commit_episode(stale, commit_of(stale))
    await one.work.commit_episode(current, commit_of(current))
    assert await names_in_history(one) == ["work", "first", "second"]


async def test_a_lease_that_ended_and_was_had_again_by_the_same_host_is_another_one(hub: TaskHub) -> None:
    await run_to(hub, "one", Status.RUNNING)
    await client(hub).raise_event("one", "first", "1")
    stale = await lease_one(hub)
    await hub.free_leases()
    current = await lease_one(hub)
    with pytest.raises(LeaseLost):
        await hub.work.commit_episode(stale, commit_of(stale))
    await hub.work.return_instance(stale, 0, 0)
    assert await lease(hub) == []
    await hub.work.commit_episode(current, commit_of(current))
    assert await names_in_history(hub) == ["work", "first"]


async def test_an_instance_that_was_started_anew_refuses_the_episode_of_the_old_one(
    open_hub: OpenHub,
) -> None:
    hub = await open_hub()
    await client(hub).start("work", "one", '"old"')
    stale = await lease_one(hub)
    await client(hub, overwrite_running=True).start("work", "one", '"new"')
    current = await lease_one(hub)
    with pytest.raises(LeaseLost):
        await hub.work.commit_episode(stale, commit_of(stale, Status.COMPLETED))
    assert current.instance.input == '"new"'
    await hub.work.commit_episode(current, commit_of(current, Status.COMPLETED))


async def test_a_child_is_started_with_its_parents_commit(hub: TaskHub) -> None:
    await client(hub).start("work", "one", None)
    await decide(hub, CALL_CHILD)
    child = (await lease_one(hub)).instance
    assert (child.instance_id, child.name, child.status) == ("kid", "child", Status.PENDING)
    assert (child.parent_instance_id, child.parent_task_id) == ("one", 0)


async def test_a_child_whose_id_is_in_use_fails_for_its_parent(hub: TaskHub) -> None:
    await run_to(hub, "kid", Status.RUNNING)
    before = await client(hub).get("kid")
    await client(hub).start("work", "one", None)
    await decide(hub, CALL_CHILD)
    parent = await lease_one(hub)
    (message,) = parent.messages
    assert parent.instance.instance_id == "one"
    assert isinstance(message.event, events.SubOrchestrationFailed)
    assert message.event.task_id == 0
    assert message.event.reason == "The sub-orchestration 'kid' cannot be started: its ID is in use."
    assert await client(hub).get("kid") == before


async def test_a_child_takes_the_place_of_an_ended_instance(hub: TaskHub) -> None:
    await run_to(hub, "kid", Status.FAILED)
    await client(hub).start("work", "one", None)
    await decide(hub, CALL_CHILD)
    child = (await lease_one(hub)).instance
    assert (child.instance_id, child.generation) == ("kid", 1)


async def test_the_end_of_a_child_is_a_message_to_its_parent(hub: TaskHub) -> None:
    await client(hub).start("work", "one", None)
    await decide(hub, CALL_CHILD)
    await decide(hub, decided=succeed('"result"'))
    parent = await lease_one(hub)
    (message,) = parent.messages
    assert message.event.type is EventType.SUB_ORCHESTRATION_COMPLETED
    assert message.execution_id == parent.instance.execution_id


async def test_to_continue_as_new_keeps_the_id_and_empties_the_history(hub: TaskHub) -> None:
    first = await client(hub).start("work", "one", '"old"')
    await decide(hub, decided=lambda episode: episode.continue_as_new(ContinueAsNew('"2"')))
    second = await lease_one(hub)
    assert await hub.work.events("one") == []
    assert second.instance.execution_id != first.execution_id
    assert (second.instance.input, second.instance.status) == ('"2"', Status.RUNNING)
    assert [m.execution_id for m in second.messages] == [second.instance.execution_id]


async def test_an_unchanged_instance_keeps_its_row(hub: TaskHub) -> None:
    started = await client(hub).start("work", "one", '"in"')
    leased = await lease_one(hub)
    await hub.work.commit_episode(leased, Commit(leased.instance))
    assert await client(hub).get("one") == started


async def test_every_field_that_an_episode_may_change_is_written(hub: TaskHub) -> None:
    await client(hub).start("work", "one", '"in"')
    leased = await lease_one(hub)
    changed = replace(
        leased.instance,
        execution_id="f" * 32,
        status=Status.FAILED,
        input='"other"',
        output="text",
        custom_status='{"a":1}',
        failure=FailureDetails("E", "text"),
        created_at=1,
        updated_at=2,
        completed_at=3,
    )
    await hub.work.commit_episode(leased, Commit(changed))
    assert await client(hub).get("one") == changed
