"""Listing and purging. Source: HTTP management API: get all instances, purge instance history."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tests.e2e.durable_host import WEBHOOKS, new_id

TOKEN = "x-ms-continuation-token"


@pytest.fixture
async def prefix(host):
    """The beginning of the IDs of five completed instances, a failed and a running one."""
    prefix = new_id()[:12]
    names = [("no_generator", None)] * 5 + [("no_generator_raises", None), ("events", ["a"])]
    ids = [f"{prefix}-{number}" for number in range(len(names))]
    await asyncio.gather(
        *(host.start(name, given, each) for each, (name, given) in zip(ids, names, strict=True))
    )
    await asyncio.gather(*(host.ended(each) for each in ids[:-1]), host.running(ids[-1]))
    return prefix


async def test_a_prefix_chooses_instances_in_the_order_of_their_ids(host, prefix):
    items = await host.listing(f"instanceIdPrefix={prefix}")

    assert [item["instanceId"] for item in items] == [f"{prefix}-{number}" for number in range(7)]


async def test_a_listed_instance_has_the_keys_of_its_status(host, prefix):
    (item,) = await host.listing(f"instanceIdPrefix={prefix}-0")

    assert item == (await host.instance(f"{prefix}-0")).json()


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("runtimeStatus=Failed", [5]),
        ("runtimeStatus=Failed,Running", [5, 6]),
        ("runtimeStatus=Failed&runtimeStatus=Running", [5, 6]),
        ("runtimeStatus=Nonsense,Failed", [5]),
        ("runtimeStatus=Terminated", []),
    ],
)
async def test_statuses_choose_instances(host, prefix, query, numbers):
    items = await host.listing(f"instanceIdPrefix={prefix}&{query}")

    assert [item["instanceId"] for item in items] == [f"{prefix}-{number}" for number in numbers]


async def test_times_choose_instances(host, prefix):
    now = datetime.now(UTC)
    before = (now - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    after = (now + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")

    within = await host.listing(f"instanceIdPrefix={prefix}&createdTimeFrom={before}&createdTimeTo={after}")
    later = await host.listing(f"instanceIdPrefix={prefix}&createdTimeFrom={after}")
    earlier = await host.listing(f"instanceIdPrefix={prefix}&createdTimeTo={before}")

    assert (len(within), later, earlier) == (7, [], [])


async def test_pages_follow_each_other_until_the_token_is_empty(host, prefix):
    token, ids, pages = "", [], 0
    while pages == 0 or token:
        reply = await host.get(
            f"{WEBHOOKS}/instances?instanceIdPrefix={prefix}&top=3", headers={TOKEN: token} if token else {}
        )
        ids += [item["instanceId"] for item in reply.json()]
        token, pages = reply.headers.get(TOKEN, ""), pages + 1

    assert ids == [f"{prefix}-{number}" for number in range(7)]
    assert pages >= 3


async def test_the_input_can_be_left_out_of_a_list(host, prefix):
    (item,) = await host.listing(f"instanceIdPrefix={prefix}-6&showInput=false")

    assert item["input"] is None


async def test_an_ended_instance_is_purged(host):
    instance_id = await host.start("no_generator")
    await host.ended(instance_id)

    reply = await host.delete(f"{WEBHOOKS}/instances/{instance_id}")

    assert (reply.status, reply.json()) == (200, {"instancesDeleted": 1})
    assert (await host.instance(instance_id)).status == 404


async def test_the_id_of_a_purged_instance_is_free(host):
    instance_id = await host.start("chain", 1)
    await host.ended(instance_id)
    await host.delete(f"{WEBHOOKS}/instances/{instance_id}")

    await host.start("give_input", 2, instance_id)

    assert (await host.ended(instance_id))["output"] == 2
    assert len(await host.history(instance_id)) == 2


async def test_purging_an_unknown_instance_is_404(host):
    reply = await host.delete(f"{WEBHOOKS}/instances/nobody")

    assert (reply.status, reply.body) == (404, b"")


@pytest.mark.funchost_only
async def test_a_running_instance_is_not_purged(host):
    instance_id = await host.start("events", ["a"])
    await host.running(instance_id)

    reply = await host.delete(f"{WEBHOOKS}/instances/{instance_id}")

    assert reply.status == 409
    assert (await host.instance(instance_id)).json()["runtimeStatus"] == "Running"


@pytest.mark.parametrize("query", ["", "?createdTimeFrom=nonsense", "?runtimeStatus=Completed"])
async def test_a_purge_of_many_needs_a_start_time(host, query):
    reply = await host.delete(f"{WEBHOOKS}/instances{query}")

    assert (reply.status, reply.json()) == (400, "Please provide value for 'createdTimeFrom' parameter.")


async def test_a_purge_that_finds_nothing_is_404(host):
    reply = await host.delete(f"{WEBHOOKS}/instances?createdTimeFrom=2100-01-01T00:00:00Z")

    assert (reply.status, reply.body) == (404, b"")


async def test_a_purge_of_many_deletes_by_status_and_time(host):
    instance_id = await host.start("events", ["a"])
    await host.operate(instance_id, "terminate")
    created = (await host.ended(instance_id))["createdTime"]

    reply = await host.delete(
        f"{WEBHOOKS}/instances?createdTimeFrom={created}&runtimeStatus=Terminated,Canceled"
    )

    assert reply.json()["instancesDeleted"] >= 1
    assert (await host.instance(instance_id)).status == 404
