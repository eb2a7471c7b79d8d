"""What clients ask of instances, and when they are refused."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from funchost.durable import events
from funchost.durable.events import EventType
from funchost.durable.instances import Status
from funchost.durable.refusals import InstanceEnded, InstanceExists, InstanceNotFound, WrongState
from funchost.taskhub import TaskHub
from tests.taskhub.stepping import client, commit_of, lease, lease_one, run_to, step

Operation = Callable[[TaskHub, str], Awaitable[object]]

OPERATIONS: dict[str, Operation] = {
    "raise event": lambda hub, key: client(hub).raise_event(key, "go", "1"),
    "terminate": lambda hub, key: client(hub).terminate(key, "why"),
    "suspend": lambda hub, key: client(hub).suspend(key, "why"),
    "resume": lambda hub, key: client(hub).resume(key, "why"),
    "rewind": lambda hub, key: client(hub).rewind(key, "why"),
}
MESSAGES = {
    "raise event": EventType.EVENT_RAISED,
    "terminate": EventType.EXECUTION_TERMINATED,
    "suspend": EventType.EXECUTION_SUSPENDED,
}
ENDED = [status for status in Status if status.is_final]


@pytest.mark.parametrize("name", OPERATIONS)
async def test_an_unknown_instance_is_named_in_the_refusal(hub: TaskHub, name: str) -> None:
    with pytest.raises(InstanceNotFound, match="'nobody'"):
        await OPERATIONS[name](hub, "nobody")


@pytest.mark.parametrize("status", ENDED)
@pytest.mark.parametrize("name", ["raise event", "terminate", "suspend", "resume"])
async def test_nothing_can_be_asked_of_an_ended_instance(hub: TaskHub, name: str, status: Status) -> None:
    await run_to(hub, "one", status)
    with pytest.raises(InstanceEnded) as refusal:
        await OPERATIONS[name](hub, "one")
    assert refusal.value.status is status
    assert await lease(hub) == []


@pytest.mark.parametrize("name", MESSAGES)
@pytest.mark.parametrize("status", [Status.RUNNING, Status.PENDING, Status.CONTINUED_AS_NEW])
async def test_a_request_to_an_instance_that_lives_waits_for_its_next_episode(
    hub: TaskHub, name: str, status: Status
) -> None:
    await run_to(hub, "one", status)
    await OPERATIONS[name](hub, "one")
    (message,) = (await lease_one(hub)).messages
    assert message.event.type is MESSAGES[name]
    assert message.execution_id is None


async def test_a_suspended_instance_can_be_resumed_terminated_and_sent_events(hub: TaskHub) -> None:
    await run_to(hub, "one", Status.SUSPENDED)
    await client(hub).raise_event("one", "go", "1")
    await client(hub).resume("one", "enough")
    await client(hub).terminate("one", "why")
    messages = (await lease_one(hub)).messages
    assert [replace(message.event, at=0) for message in messages] == [
        events.EventRaised(0, "go", "1"),
        events.ExecutionResumed(0, "enough"),
        events.ExecutionTerminated(0, "why"),
    ]


async def test_a_suspended_instance_is_not_suspended_twice(hub: TaskHub) -> None:
    await run_to(hub, "one", Status.SUSPENDED)
    with pytest.raises(WrongState, match="Cannot suspend the orchestration instance one because instance is"):
        await client(hub).suspend("one", "why")


@pytest.mark.parametrize("status", [Status.RUNNING, Status.PENDING])
async def test_only_a_suspended_instance_is_resumed(hub: TaskHub, status: Status) -> None:
    await run_to(hub, "one", status)
    with pytest.raises(WrongState, match=f"Cannot resume the orchestration instance one .* {status} state"):
        await client(hub).resume("one", "why")


async def test_an_unknown_instance_is_none_and_has_no_history(hub: TaskHub) -> None:
    assert await client(hub).get("nobody") is None
    assert await client(hub).history("nobody") == []


async def test_the_history_is_what_the_protocol_knows_of_it(hub: TaskHub) -> None:
    await client(hub).start("hello", "one", None)
    leased = await lease_one(hub)
    commit = commit_of(leased)
    commit.history.append(events.ExternalEventAwaited(1, "go"))
    await hub.work.commit_episode(leased, commit)
    assert [event.type for event in await client(hub).history("one")] == [EventType.EXECUTION_STARTED]
    assert len(await hub.work.events("one")) == 2


async def test_a_restart_under_a_fresh_id_keeps_name_input_and_version(hub: TaskHub) -> None:
    first = await client(hub).start("hello", "one", '"in"', "3.0")
    again = await client(hub).restart("one", new_id=True)
    assert again.instance_id != "one"
    assert (again.name, again.input, again.version) == (first.name, first.input, first.version)
    assert await client(hub).get("one") == first


async def test_a_restart_under_its_own_id_needs_the_instance_to_have_ended(hub: TaskHub) -> None:
    await client(hub).start("hello", "one", '"in"')
    with pytest.raises(InstanceExists):
        await client(hub).restart("one", new_id=False)
    await step(hub, Status.COMPLETED)
    again = await client(hub).restart("one", new_id=False)
    assert (again.instance_id, again.input, again.status) == ("one", '"in"', Status.PENDING)


@pytest.mark.parametrize("new_id", [True, False])
async def test_an_unknown_instance_cannot_be_restarted(hub: TaskHub, new_id: bool) -> None:
    with pytest.raises(InstanceNotFound):
        await client(hub).restart("nobody", new_id)


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.TERMINATED, Status.CANCELED])
async def test_an_instance_that_ended_otherwise_is_not_rewound(hub: TaskHub, status: Status) -> None:
    await run_to(hub, "one", status)
    with pytest.raises(InstanceEnded):
        await client(hub).rewind("one", "why")


async def test_an_instance_that_lives_is_not_rewound(hub: TaskHub) -> None:
    await run_to(hub, "one", Status.RUNNING)
    with pytest.raises(WrongState, match="only supported on failed"):
        await client(hub).rewind("one", "why")
