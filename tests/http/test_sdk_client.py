"""Microsoft's own durable client against the private port: every call that an app can make."""

import inspect
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import azure.functions as func
import pytest
from azure.durable_functions import DurableOrchestrationClient, EntityId, OrchestrationRuntimeStatus
from azure.durable_functions.models.utils import http_utils

from funchost.durable.instances import Status
from funchost.http.management.documents import client_binding
from tests.http.conftest import Host
from tests.http.fakes import instance


@pytest.fixture
async def client(host: Host, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DurableOrchestrationClient]:
    # Later versions of the SDK keep one HTTP session per process; each test has an event loop of its own, and
    # so a session.
    monkeypatch.setattr(http_utils, "_client_session", None, raising=False)
    binding = client_binding(host.front.webhook_base_url, host.front.rpc_base_url, "Hub", "Storage")
    yield DurableOrchestrationClient(json.dumps(binding))
    if hasattr(http_utils, "_close_session"):
        await http_utils._close_session()


async def test_start_new_gives_the_id_and_stores_the_input_twice_encoded(
    host: Host, client: DurableOrchestrationClient
) -> None:
    started = await client.start_new("hello_orchestrator", "abc", {"a": 1})
    assert started == "abc"
    assert host.hub.instances["abc"].input == '"{\\"a\\": 1}"'


@pytest.mark.skipif(
    "version" not in inspect.signature(DurableOrchestrationClient.start_new).parameters,
    reason="start_new of this version of the SDK has no parameter version",
)
async def test_start_new_can_give_a_version(host: Host, client: DurableOrchestrationClient) -> None:
    await client.start_new("hello_orchestrator", "abc", version="2.0")
    assert host.hub.instances["abc"].version == "2.0"


async def test_start_new_without_input_stores_none(host: Host, client: DurableOrchestrationClient) -> None:
    started = await client.start_new("hello_orchestrator")
    assert host.hub.instances[started].input is None


async def test_start_new_of_an_unknown_orchestrator_raises_its_text(
    client: DurableOrchestrationClient,
) -> None:
    with pytest.raises(Exception, match="The function 'nope' doesn't exist"):
        await client.start_new("nope")


async def test_start_new_under_an_id_in_use_raises_the_error_object(
    host: Host, client: DurableOrchestrationClient
) -> None:
    host.hub.put(instance("abc"))
    with pytest.raises(Exception, match="already exists") as raised:
        await client.start_new("hello_orchestrator", "abc")
    assert raised.value.args[0]["ExceptionMessage"] == (
        "An Orchestration instance with the status Running already exists."
    )


async def test_get_status_of_an_unknown_instance_is_false(client: DurableOrchestrationClient) -> None:
    found = await client.get_status("nope")
    assert not found
    assert found.runtime_status is None


async def test_get_status_reads_times_status_and_output(
    host: Host, client: DurableOrchestrationClient
) -> None:
    host.hub.put(instance("abc", status=Status.COMPLETED, output="[1]", input='"5"'))
    found = await client.get_status("abc", show_input=True, show_history=True, show_history_output=True)
    assert found
    assert found.runtime_status is OrchestrationRuntimeStatus.Completed
    assert (found.output, found.input_) == ([1], "5")
    assert found.created_time == datetime(2024, 5, 1, 10, tzinfo=UTC)
    assert found.historyEvents == []


async def test_get_status_all_and_by_list_instances(host: Host, client: DurableOrchestrationClient) -> None:
    host.hub.put(instance("a"), instance("b"))
    assert [each.instance_id for each in await client.get_status_all()] == ["a", "b"]
    moment = datetime(2024, 5, 1, 10, tzinfo=UTC)
    await client.get_status_by(moment, moment, [OrchestrationRuntimeStatus.Running])
    filter = host.hub.filters[-1]
    assert filter.statuses == {Status.RUNNING}
    assert filter.created_from == filter.created_to == int(moment.timestamp()) * 1_000_000


async def test_purges_tell_how_many(host: Host, client: DurableOrchestrationClient) -> None:
    assert (await client.purge_instance_history("abc")).instances_deleted == 0
    host.hub.put(instance("abc", status=Status.COMPLETED), instance("b"))
    moment = datetime(2024, 5, 1, tzinfo=UTC)
    assert (await client.purge_instance_history_by(moment)).instances_deleted == 2
    assert (await client.purge_instance_history("abc")).instances_deleted == 1


@pytest.mark.parametrize("operation", ["terminate", "suspend", "resume", "rewind"])
async def test_an_operation_reaches_a_running_instance_with_its_reason(
    host: Host, client: DurableOrchestrationClient, operation: str
) -> None:
    host.hub.put(instance("abc"))
    await getattr(client, operation)("abc", "too slow")
    assert host.hub.told == [(operation, "abc", "too slow")]


async def test_an_operation_on_an_unknown_instance_raises(client: DurableOrchestrationClient) -> None:
    with pytest.raises(Exception, match="No instance with ID 'nope' found"):
        await client.terminate("nope", "x")


async def test_terminating_an_ended_instance_is_no_error(
    host: Host, client: DurableOrchestrationClient
) -> None:
    host.hub.put(instance("abc", status=Status.COMPLETED))
    await client.terminate("abc", "x")
    assert host.hub.told == []


async def test_raise_event_carries_its_data(host: Host, client: DurableOrchestrationClient) -> None:
    host.hub.put(instance("abc"))
    await client.raise_event("abc", "go", {"a": 1})
    await client.raise_event("abc", "go", task_hub_name="Hub", connection_name="Storage")
    assert host.hub.told == [
        ("raise_event", "abc", "go", '"{\\"a\\": 1}"'),
        ("raise_event", "abc", "go", '"null"'),
    ]


async def test_raise_event_to_an_ended_or_unknown_instance_raises(
    host: Host, client: DurableOrchestrationClient
) -> None:
    host.hub.put(instance("abc", status=Status.COMPLETED))
    with pytest.raises(Exception, match="Instance with ID abc is gone: either completed or failed"):
        await client.raise_event("abc", "go")
    with pytest.raises(Exception, match="No instance with ID nope found"):
        await client.raise_event("nope", "go")


@pytest.mark.skipif(
    not hasattr(DurableOrchestrationClient, "restart"),
    reason="the client of this version of the SDK has no restart",
)
async def test_restart_gives_the_urls_of_the_new_instance(
    host: Host, client: DurableOrchestrationClient
) -> None:
    host.hub.put(instance("abc", status=Status.COMPLETED))
    payload = await client.restart("abc", restart_with_new_instance_id=False)
    assert payload["id"] == "abc"


async def test_entities_are_read_and_signalled(host: Host, client: DurableOrchestrationClient) -> None:
    host.hub.put(instance("@counter@K1", entity_state='{"n": 1}'))
    found = await client.read_entity_state(EntityId("Counter", "K1"))
    assert (found.entity_exists, found.entity_state) == (True, {"n": 1})
    assert not (await client.read_entity_state(EntityId("Counter", "K2"))).entity_exists
    await client.signal_entity(EntityId("Counter", "K1"), "add", 5)
    assert host.hub.told == [("signal", "@counter@K1", "add", '"5"')]


async def test_a_check_status_response_points_at_the_host_that_the_caller_used(
    host: Host, client: DurableOrchestrationClient
) -> None:
    request = func.HttpRequest(method="GET", url="http://127.0.0.1:9/api/x", body=b"")
    response = client.create_check_status_response(request, "abc")
    payload = json.loads(response.get_body())
    assert len(payload) == 9
    assert payload["statusQueryGetUri"] == (
        "http://127.0.0.1:9/runtime/webhooks/durabletask/instances/abc?taskHub=Hub&connection=Storage"
    )
