"""Hubs that an older release wrote: brought up to date at the start, and everything in them goes on.

How the files were made is in tests/e2e/hubs/README.md.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import hosting
from tests.e2e.durable_host import WEBHOOKS, DurableHost, connect, eventually
from tests.e2e.hosting import HostProcess
from tests.e2e.hubs.fill import ENDED, EVERYTHING
from tests.generations import sdk_1_only

pytestmark = sdk_1_only

HUB = Path(__file__).parents[1] / "hubs" / "0.1.0"
CHAIN = ["said a\U0001f600", "gated b"]


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    """A host on a copy of the hub; what was held up there can go on."""
    folder = tmp_path_factory.mktemp("older")
    (folder / "data").mkdir()
    shutil.copy(HUB / "Kept.db", folder / "data")
    (folder / "gate").touch()
    host = HostProcess(hosting.APPS / "kept", folder, GATE=str(folder / "gate"))
    with hosting.running(host):
        yield host


def test_the_log_tells_that_the_hub_was_brought_up_to_date(host: HostProcess) -> None:
    assert "Kept.db' was brought from version 1 to 2." in host.log


@pytest.mark.parametrize("name", [name for name in ENDED if not name.startswith("failed-")])
async def test_what_has_ended_is_shown_as_before(host: HostProcess, name: str) -> None:
    async with connect(host.base_url) as client:
        shown = (await client.instance(name, EVERYTHING)).json()
    expected = json.loads((HUB / "statuses.json").read_text())[name]
    if name == "replaced":
        # The generation was counted, but 0.1.0 did not show it.
        expected["historyEvents"][0]["Generation"] = 1
    assert shown == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("chain", [{"of": "chain"}, *CHAIN]),
        ("nap", "awake"),
        ("race", ["said fast", "gated after the race"]),
        ("retry", ["mended r", "said after the retry"]),
        ("fan_out", ["said s", "gated g", "said s", "gated g"]),
        ("parent", ["parent", ["from the parent", *CHAIN]]),
        ("kid", ["from the parent", *CHAIN]),
        ("ask_entity", 4),
    ],
)
async def test_what_was_under_way_comes_to_its_result(host: HostProcess, name: str, expected: Any) -> None:
    async with connect(host.base_url) as client:
        status = await client.ended(name)
    assert (status["runtimeStatus"], status["output"]) == ("Completed", expected)


async def test_a_custom_status_is_kept(host: HostProcess) -> None:
    async with connect(host.base_url) as client:
        assert (await client.ended("chain"))["customStatus"] == {"at": 1}


async def test_an_event_that_was_held_is_there_for_its_wait(host: HostProcess) -> None:
    async with connect(host.base_url) as client:
        await client.raise_event("two_events", "Go", "came later")
        status = await client.ended("two_events")
    assert status["output"] == ["came later", "came first"]


async def test_a_suspended_instance_stays_so_until_it_is_resumed(host: HostProcess) -> None:
    async with connect(host.base_url) as client:
        before = (await client.instance("suspended")).json()
        await client.operate("suspended", "resume?reason=go")
        status = await client.ended("suspended")
    assert (before["runtimeStatus"], before["output"]) == ("Suspended", "a break")
    assert status["output"] == [1, 2]


async def test_a_later_generation_goes_on(host: HostProcess) -> None:
    async with connect(host.base_url) as client:
        await client.raise_event("count", "Stop", "enough")
        status = await client.ended("count")
    assert (status["output"], status["input"]) == ([3, "enough"], "3")


async def test_entities_keep_their_state_and_run_what_waits(host: HostProcess) -> None:
    async with connect(host.base_url) as client:

        async def signal_has_run() -> bool:
            return (await entity(client, "slow/one")) == (200, 14)

        assert await entity(client, "counter/kept") == (200, 8)
        assert await entity(client, "counter/gone") == (404, None)
        await eventually(signal_has_run)
        await client.post(f"{WEBHOOKS}/entities/counter/kept?op=add", json=json.dumps(1))

        async def is_added() -> bool:
            return (await entity(client, "counter/kept")) == (200, 9)

        await eventually(is_added)


async def entity(client: DurableHost, path: str) -> tuple[int, Any]:
    reply = await client.get(f"{WEBHOOKS}/entities/{path}")
    return reply.status, reply.json() if reply.body else None


async def test_failed_instances_are_shown_as_before_and_can_be_rewound(host: HostProcess) -> None:
    expected = json.loads((HUB / "statuses.json").read_text())
    async with connect(host.base_url) as client:
        for name in ("failed-parent", "failed-kid"):
            assert (await client.instance(name, EVERYTHING)).json() == expected[name]
        await client.operate("failed-parent", "rewind?reason=mended")
        status = await client.status_when(
            "failed-parent", lambda status: status["runtimeStatus"] == "Completed"
        )
    assert status["output"] == "mended f"


async def test_an_id_that_has_ended_can_be_used_again(host: HostProcess) -> None:
    async with connect(host.base_url) as client:
        await client.start("echo", "anew", "completed")
        status = await client.status_when("completed", lambda status: status["name"] == "echo")
        assert (await client.ended(status["instanceId"]))["output"] == "anew"
