"""What clients ask of instances, and when they are refused."""

from collections.abc import Awaitable, Callable

import pytest

from funchost.durable import events
from funchost.durable.events import EventType
from funchost.durable.exceptions import InstanceEnded, InstanceExists, InstanceNotFound, WrongState
from funchost.durable.model import Status
from funchost.taskhub import TaskHub
from tests.taskhub.stepping import commit_of, lease, lease_one, run_to, step

Operation = Callable[[TaskHub, str], Awaitable[object]]

OPERATIONS: dict[str, Operation] = {
    "raise event": lambda hub, key: hub.raise_event(key, "go", "1"),
    "terminate": lambda hub, key: hub.terminate(key, "why"),
    "suspend": lambda hub, key: hub.suspend(key, "why"),
    "resume": lambda hub, key: hub.resume(key, "why"),
    "rewind": lambda hub, key: hub.rewind(key, "why"),
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
    await hub.raise_event("one", "go", "1")
    await hub.resume("one", "enough")
    await hub.terminate("one", "why")
    messages = (await lease_one(hub)).messages
    assert [(m.event.type, m.event.name) for m in messages] == [
        (EventType.EVENT_RAISED, "go"),
        (EventType.EXECUTION_RESUMED, "enough"),
        (EventType.EXECUTION_TERMINATED, "why"),
    ]


async def test_a_suspended_instance_is_not_suspended_twice(hub: TaskHub) -> None:
    await run_to(hub, "one", Status.SUSPENDED)
    with pytest.raises(WrongState, match="Cannot suspend the orchestration instance one because instance is"):
        await hub.suspend("one", "why")


@pytest.mark.parametrize("status", [Status.RUNNING, Status.PENDING])
async def test_only_a_suspended_instance_is_resumed(hub: TaskHub, status: Status) -> None:
    await run_to(hub, "one", status)
    with pytest.raises(WrongState, match=f"Cannot resume the orchestration instance one .* {status} state"):
        await hub.resume("one", "why")


async def test_an_unknown_instance_is_none_and_has_no_history(hub: TaskHub) -> None:
    assert await hub.get("nobody") is None
    assert await hub.history("nobody") == []


async def test_the_history_is_what_the_protocol_knows_of_it(hub: TaskHub) -> None:
    await hub.start("hello", "one", None)
    leased = await lease_one(hub)
    commit = commit_of(leased)
    commit.history.append(events.external_event_awaited(1, "go"))
    await hub.commit_episode(leased, commit)
    assert [event["EventType"] for event in await hub.history("one")] == [0]
    assert len(await hub.events("one")) == 2


async def test_a_restart_under_a_fresh_id_keeps_name_input_and_version(hub: TaskHub) -> None:
    first = await hub.start("hello", "one", '"in"', "3.0")
    again = await hub.restart("one", new_id=True)
    assert again.instance_id != "one"
    assert (again.name, again.input, again.version) == (first.name, first.input, first.version)
    assert await hub.get("one") == first


async def test_a_restart_under_its_own_id_needs_the_instance_to_have_ended(hub: TaskHub) -> None:
    await hub.start("hello", "one", '"in"')
    with pytest.raises(InstanceExists):
        await hub.restart("one", new_id=False)
    await step(hub, Status.COMPLETED)
    again = await hub.restart("one", new_id=False)
    assert (again.instance_id, again.input, again.status) == ("one", '"in"', Status.PENDING)


@pytest.mark.parametrize("new_id", [True, False])
async def test_an_unknown_instance_cannot_be_restarted(hub: TaskHub, new_id: bool) -> None:
    with pytest.raises(InstanceNotFound):
        await hub.restart("nobody", new_id)


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.TERMINATED, Status.CANCELED])
async def test_an_instance_that_ended_otherwise_is_not_rewound(hub: TaskHub, status: Status) -> None:
    await run_to(hub, "one", status)
    with pytest.raises(InstanceEnded):
        await hub.rewind("one", "why")


async def test_an_instance_that_lives_is_not_rewound(hub: TaskHub) -> None:
    await run_to(hub, "one", Status.RUNNING)
    with pytest.raises(WrongState, match="only supported on failed"):
        await hub.rewind("one", "why")
