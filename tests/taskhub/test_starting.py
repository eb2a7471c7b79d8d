"""Starting instances, and using an ID again."""

import asyncio

import pytest

from funchost.durable.events import EventType
from funchost.durable.instances import Status
from funchost.durable.refusals import InstanceExists, InvalidInstanceId
from funchost.taskhub import TaskHub
from tests.taskhub.stepping import OpenHub, client, lease, lease_one, run_to, step

ENDED = [status for status in Status if status.is_final]
ALIVE = [status for status in Status if not status.is_final]


async def test_a_started_instance_is_pending_and_keeps_what_it_was_started_with(hub: TaskHub) -> None:
    started = await client(hub).start("hello", "one", '"in"', "2.0")
    found = await client(hub).get("one")
    assert found == started
    assert (found.name, found.input, found.version, found.status) == ("hello", '"in"', "2.0", Status.PENDING)
    assert (found.output, found.custom_status, found.completed_at) == (None, None, None)
    assert found.created_at == found.updated_at


@pytest.mark.parametrize("wanted", [None, ""])
async def test_without_an_id_it_gets_32_hexadecimal_digits(hub: TaskHub, wanted: str | None) -> None:
    first, second = (
        await client(hub).start("hello", wanted, None),
        await client(hub).start("hello", wanted, None),
    )
    assert first.instance_id != second.instance_id
    assert len(first.instance_id) == len(bytes.fromhex(first.instance_id)) * 2 == 32


async def test_the_default_version_is_for_starts_that_name_none(hub: TaskHub) -> None:
    app = client(hub, default_version="1.5")
    assert (await app.start("hello", "a", None)).version == "1.5"
    assert (await app.start("hello", "b", None, "")).version == ""


async def test_its_first_message_is_the_start_of_its_execution(hub: TaskHub) -> None:
    started = await client(hub).start("hello", "one", None)
    (leased,) = await lease(hub)
    (message,) = leased.messages
    assert message.event.type is EventType.EXECUTION_STARTED
    assert message.execution_id == started.execution_id


@pytest.mark.parametrize("bad", ["@entity@key", "a/b", "a\\b", "a#b", "a?b", "a\nb", "\x7f", "x" * 257])
async def test_an_id_that_the_extension_refuses_starts_nothing(hub: TaskHub, bad: str) -> None:
    with pytest.raises(InvalidInstanceId):
        await client(hub).start("hello", bad, None)
    assert await client(hub).get(bad) is None
    assert await lease(hub) == []


@pytest.mark.parametrize("odd", ["x" * 256, " blank ", "äöü-\U0001f600", "a%2Fb", "a'b\";--", "a@b"])
async def test_an_odd_id_is_taken_as_it_is(hub: TaskHub, odd: str) -> None:
    await client(hub).start("hello", odd, None)
    found = await client(hub).get(odd)
    assert found is not None
    assert found.instance_id == odd


async def test_ids_differ_by_case(hub: TaskHub) -> None:
    await client(hub).start("hello", "One", None)
    await client(hub).start("hello", "one", None)
    assert await client(hub).get("ONE") is None


async def test_a_second_start_under_a_pending_id_is_refused(hub: TaskHub) -> None:
    first = await client(hub).start("hello", "one", '"first"')
    with pytest.raises(InstanceExists, match="An Orchestration instance with the status Pending already"):
        await client(hub).start("hello", "one", '"second"')
    assert await client(hub).get("one") == first
    assert len((await lease_one(hub)).messages) == 1


@pytest.mark.parametrize("status", ALIVE)
async def test_an_id_that_lives_is_refused_in_every_status(hub: TaskHub, status: Status) -> None:
    await run_to(hub, "one", status)
    with pytest.raises(InstanceExists) as refusal:
        await client(hub).start("hello", "one", None)
    assert refusal.value.status is status


@pytest.mark.parametrize("status", ENDED)
async def test_an_id_that_has_ended_starts_anew(hub: TaskHub, status: Status) -> None:
    await run_to(hub, "one", status, '"old"')
    first = await client(hub).get("one")
    again = await client(hub).start("other", "one", '"new"')
    assert first is not None
    assert again == await client(hub).get("one")
    assert (again.name, again.status, again.output) == ("other", Status.PENDING, None)
    assert again.generation == first.generation + 1
    assert again.execution_id != first.execution_id
    assert await client(hub).history("one") == []


async def test_any_state_replaces_an_instance_that_lives(hub: TaskHub) -> None:
    await client(hub).start("hello", "one", '"first"')
    await step(hub)
    again = await client(hub, overwrite_running=True).start("hello", "one", '"second"')
    leased = await lease_one(hub)
    assert leased.instance == again
    assert await hub.work.events("one") == []
    assert [m.execution_id for m in leased.messages] == [again.execution_id]


async def test_200_starts_of_one_id_at_the_same_time_give_one_instance(open_hub: OpenHub) -> None:
    hubs = [await open_hub() for _ in range(4)]
    starts = [client(hubs[n % 4]).start("hello", "one", f'"{n}"') for n in range(200)]
    outcomes = await asyncio.gather(*starts, return_exceptions=True)
    (winner,) = [each for each in outcomes if not isinstance(each, BaseException)]
    assert all(isinstance(each, InstanceExists) for each in outcomes if each is not winner)
    assert await client(hubs[0]).get("one") == winner
    leased = await lease(hubs[1], 10)
    assert [(item.instance, len(item.messages)) for item in leased] == [(winner, 1)]
