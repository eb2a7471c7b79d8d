"""Values that nobody writes, wherever text, numbers or structures enter: each is kept exactly, or that one
thing fails with a reason, soon; everything else goes on.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.e2e import hosting
from tests.e2e.durable_host import AS_JSON, WEBHOOKS, DurableHost, connect, new_id
from tests.e2e.hosting import HostProcess

APP = Path(__file__).parent / "apps" / "poison"
ORCHESTRATORS = [
    "echo",
    "through_an_activity",
    "through_a_child",
    "as_custom_status",
    "as_exception",
    "as_exception_of_an_activity",
    "as_activity_name",
    "as_child_id",
    "as_entity_key",
    "as_operation_name",
    "as_entity_input",
    "as_event_name",
    "as_next_input",
]
# Those that return what they were given, when they complete.
EXACT = frozenset({"echo", "through_an_activity", "through_a_child", "as_entity_input", "as_next_input"})

# Half a surrogate pair, NUL and the like among ordinary characters.
TEXTS = st.text(st.characters(exclude_categories=()), max_size=40) | st.sampled_from(
    ["", "\ud800", "a\udfffb", "\x00", "x" * 70_000, "$OutOfProcData$:", "@keeper@k", "null", "\u2028\ufeff"]
)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([10**400, 1e308])
DEEP = st.integers(2, 1200).map(lambda depth: json.loads("[" * min(depth, 900) + "]" * min(depth, 900)))
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def poison_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with hosting.running(HostProcess(APP, tmp_path_factory.mktemp("poison"))) as host:
        yield host.base_url


@pytest.fixture
async def host(poison_url: str) -> AsyncIterator[DurableHost]:
    async with connect(poison_url, limit=20) as client:
        yield client


async def run_with(host: DurableHost, name: str, value: Any) -> dict[str, Any] | None:
    """The status of an instance with this value, when it has ended; None when its start was refused."""
    instance_id = new_id()
    body = json.dumps({"value": value}).encode()
    reply = await host.post(f"{WEBHOOKS}/orchestrators/{name}/{instance_id}", data=body, headers=AS_JSON)
    assert reply.status in (202, 400), reply.text
    return await host.ended(instance_id) if reply.status == 202 else None


async def check(url: str, name: str, value: Any) -> None:
    async with connect(url, limit=20) as host:
        poisoned, other = await asyncio.gather(run_with(host, name, value), run_with(host, "echo", "well"))
        assert other is not None
        assert other["output"] == {"value": "well"}
        if poisoned is None:
            return
        if poisoned["runtimeStatus"] == "Completed":
            if name in EXACT:
                assert poisoned["output"] == {"value": value}
        else:
            assert poisoned["runtimeStatus"] == "Failed"
            assert poisoned["output"]
        # The whole listing is JSON, whatever is in it.
        listed = await host.get(f"{WEBHOOKS}/instances?top=1000&showInput=true")
        assert isinstance(json.loads(listed.body, parse_constant=pytest.fail), list)


@pytest.mark.parametrize("name", ORCHESTRATORS)
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=TEXTS | VALUES | DEEP)
def test_any_value_is_kept_exactly_or_fails_one_instance(poison_url: str, name: str, value: Any) -> None:
    asyncio.run(check(poison_url, name, value))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=60) | VALUES.map(lambda value: json.dumps(value).encode()))
def test_any_body_of_a_start_is_answered_at_once(poison_url: str, body: bytes) -> None:
    async def start() -> None:
        async with connect(poison_url, limit=20) as host:
            instance_id = new_id()
            path = f"{WEBHOOKS}/orchestrators/echo/{instance_id}"
            reply = await host.post(path, data=body, headers=AS_JSON)
            assert reply.status in (202, 400)
            if reply.status == 202:
                await host.ended(instance_id)

    asyncio.run(start())
