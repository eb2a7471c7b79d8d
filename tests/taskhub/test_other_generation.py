"""Instances that began under the other generation of the SDK: looked at and purged, not steered."""

import re
from collections.abc import Awaitable, Callable

import pytest

from funchost.durable.instances import InstanceFilter, SdkProtocol, Status
from funchost.durable.refusals import InstanceExists, OtherGeneration
from funchost.taskhub import ClientOperations, TaskHub
from tests.taskhub.stepping import client, lease, step

STEERING: dict[str, Callable[[ClientOperations], Awaitable[object]]] = {
    "raise event": lambda clients: clients.raise_event("one", "go", "1"),
    "raise event that may be lost": lambda clients: clients.raise_event("one", "go", "1", must_arrive=False),
    "terminate": lambda clients: clients.terminate("one", "why"),
    "suspend": lambda clients: clients.suspend("one", "why"),
    "resume": lambda clients: clients.resume("one", "why"),
    "rewind": lambda clients: clients.rewind("one", "why"),
    "restart": lambda clients: clients.restart("one", new_id=True),
}


@pytest.fixture
async def newer(hub: TaskHub) -> ClientOperations:
    """What a client of an app of SDK 2.x asks, of a hub with an instance of SDK 1.x."""
    await client(hub).start("hello", "one", None)
    return hub.clients(SdkProtocol.GRPC2)


@pytest.mark.parametrize("operation", STEERING)
async def test_it_is_not_steered(newer: ClientOperations, operation: str) -> None:
    text = (
        "The instance 'one' began in an app on azure-functions-durable 1.x, and this app is on 2.x. "
        "Start the app on 1.x again to let it go on, or purge the instance."
    )
    with pytest.raises(OtherGeneration, match=re.escape(text)):
        await STEERING[operation](newer)


async def test_nothing_of_a_refusal_arrives(newer: ClientOperations, hub: TaskHub) -> None:
    await step(hub)
    with pytest.raises(OtherGeneration):
        await newer.terminate("one", "why")
    assert await lease(hub) == []


async def test_an_entity_is_not_signalled(hub: TaskHub) -> None:
    await hub.clients(SdkProtocol.GRPC2).signal_entity("@counter@one", "add", None)
    with pytest.raises(
        OtherGeneration, match=r"'@counter@one' began in an app .* 2\.x, and this app is on 1\.x"
    ):
        await client(hub).signal_entity("@counter@one", "add", None)


async def test_it_is_looked_at(newer: ClientOperations) -> None:
    instance = await newer.get("one")
    assert instance is not None
    assert instance.protocol is SdkProtocol.JSON1
    assert await newer.history("one") == []
    assert [each.instance_id for each in (await newer.find(InstanceFilter(), 10))[0]] == ["one"]


async def test_it_is_purged_although_it_has_not_ended(newer: ClientOperations) -> None:
    assert await newer.purge("one") == 1
    assert await newer.get("one") is None


async def test_its_id_is_taken_until_it_has_ended(newer: ClientOperations, hub: TaskHub) -> None:
    with pytest.raises(InstanceExists):
        await newer.start("hello", "one", None)
    await step(hub, Status.COMPLETED)
    again = await newer.start("hello", "one", None)
    assert again.protocol is SdkProtocol.GRPC2
    assert await lease(hub) == []
