"""Queries: filters, the order of pages, and the tokens between them."""

import pytest

from funchost.durable.instances import Instance, InstanceFilter, Status
from funchost.taskhub import TaskHub
from tests.taskhub.stepping import client, run_to

ODD_IDS = [
    "%",
    "%41",
    "+",
    "A",
    "a",
    "a%",
    "a'b",
    "a*",
    "a[b]",
    "a_b",
    "ab",
    "é",
    "z\U0001f600",
    "\U0001f600",
]


async def all_pages(hub: TaskHub, filter: InstanceFilter, limit: int) -> list[list[str]]:
    pages, token = [], None
    while True:
        page, token = await client(hub).find(filter, limit, token)
        pages.append([instance.instance_id for instance in page])
        if token is None:
            return pages


async def start_all(hub: TaskHub, *ids: str) -> list[Instance]:
    return [await client(hub).start("hello", instance_id, None) for instance_id in ids]


async def test_instances_are_found_in_the_order_of_their_ids(hub: TaskHub) -> None:
    await start_all(hub, "b", "c", "a")
    assert await all_pages(hub, InstanceFilter(), 10) == [["a", "b", "c"]]


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 14, 15])
async def test_pages_leave_nothing_out_and_repeat_nothing(hub: TaskHub, limit: int) -> None:
    await start_all(hub, *ODD_IDS)
    pages = await all_pages(hub, InstanceFilter(), limit)
    assert [each for page in pages for each in page] == sorted(ODD_IDS)
    assert all(len(page) == limit for page in pages[:-1])
    assert 0 < len(pages[-1]) <= limit


async def test_a_token_can_travel_in_a_header(hub: TaskHub) -> None:
    await start_all(hub, "\U0001f600 ü%", "\U0001f600 ü%b")
    _, token = await client(hub).find(InstanceFilter(), 1)
    assert token is not None
    assert token.isascii()
    assert token.isprintable()
    page, end = await client(hub).find(InstanceFilter(), 1, token)
    assert [instance.instance_id for instance in page] == ["\U0001f600 ü%b"]
    assert end is None


async def test_a_page_goes_on_behind_an_instance_that_is_gone(hub: TaskHub) -> None:
    await run_to(hub, "a", Status.COMPLETED)
    await start_all(hub, "b")
    _, token = await client(hub).find(InstanceFilter(), 1)
    await client(hub).purge("a")
    page, _ = await client(hub).find(InstanceFilter(), 1, token)
    assert [instance.instance_id for instance in page] == ["b"]


@pytest.mark.parametrize("prefix", ["", "a", "A", "%", "a%", "a_", "a'", "a[", "a*", "é", "\U0001f600", "zz"])
async def test_a_prefix_means_its_characters_and_nothing_else(hub: TaskHub, prefix: str) -> None:
    await start_all(hub, *ODD_IDS)
    (page,) = await all_pages(hub, InstanceFilter(prefix=prefix), 100)
    assert page == sorted(each for each in ODD_IDS if each.startswith(prefix))


async def test_no_statuses_mean_all_and_several_mean_any_of_them(hub: TaskHub) -> None:
    for status in Status:
        await run_to(hub, f"is{status}", status)
    (page,) = await all_pages(hub, InstanceFilter(), 100)
    assert len(page) == len(Status)
    wanted = frozenset({Status.RUNNING, Status.FAILED})
    (page,) = await all_pages(hub, InstanceFilter(statuses=wanted), 100)
    assert page == ["isFailed", "isRunning"]


async def test_the_bounds_of_the_creation_time_are_inclusive(hub: TaskHub) -> None:
    first, second, third = await start_all(hub, "a", "b", "c")
    assert first.created_at < second.created_at < third.created_at
    between = InstanceFilter(first.created_at, second.created_at)
    assert await all_pages(hub, between, 9) == [["a", "b"]]
    assert await all_pages(hub, InstanceFilter(created_from=second.created_at), 9) == [["b", "c"]]
    assert await all_pages(hub, InstanceFilter(created_to=second.created_at), 9) == [["a", "b"]]
    assert await all_pages(hub, InstanceFilter(created_from=third.created_at + 1), 9) == [[]]


async def test_all_conditions_hold_together_on_every_page(hub: TaskHub) -> None:
    for name in ("x1", "x2", "x3", "y1"):
        await run_to(hub, name, Status.COMPLETED)
    await start_all(hub, "x4")
    filter = InstanceFilter(statuses=frozenset({Status.COMPLETED}), prefix="x")
    assert await all_pages(hub, filter, 2) == [["x1", "x2"], ["x3"]]


async def test_entities_are_found_by_the_sign_they_begin_with(hub: TaskHub) -> None:
    await start_all(hub, "a")
    await client(hub).signal_entity("@counter@one", "add", None)
    assert await all_pages(hub, InstanceFilter(prefix="@"), 9) == [["@counter@one"]]
