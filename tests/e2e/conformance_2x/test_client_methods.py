"""Every method of both clients, with what it returns and the status codes of what it raises.

Source: durabletask: TaskHubGrpcClient; durable extension: TaskHubGrpcServer.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from tests.e2e.durable_host import WEBHOOKS, new_id
from tests.e2e.sdk import SecondGeneration


async def ended(client, name, given=None, **options):
    """Start an instance through the client and give its ID when it has ended."""
    instance_id = await client("schedule_new_orchestration", orchestrator=name, input=given, **options)
    await client("wait_for_orchestration_completion", instance_id=instance_id, timeout=10)
    return instance_id


async def waiting(client, **options):
    """Start an instance that waits for the event `go`, and give its ID when it runs."""
    instance_id = await client("schedule_new_orchestration", orchestrator="events", input=["go"], **options)
    await client("wait_for_orchestration_start", instance_id=instance_id, timeout=10)
    return instance_id


async def test_a_started_instance_is_waited_for_and_described(client):
    instance_id = await client("schedule_new_orchestration", orchestrator="give", input={"a": 1})

    state = await client("wait_for_orchestration_completion", instance_id=instance_id, timeout=10)

    assert len(instance_id) == 32
    assert (state["instance_id"], state["name"]) == (instance_id, "give")
    assert state["runtime_status"] == "COMPLETED"
    assert (state["serialized_input"], state["serialized_output"]) == ('{"a": 1}', '{"a": 1}')
    assert state["failure_details"] is None


async def test_a_state_without_payloads_has_none(client):
    instance_id = await ended(client, "give", 1)

    state = await client("get_orchestration_state", instance_id=instance_id, fetch_payloads=False)

    assert (state["runtime_status"], state["serialized_input"]) == ("COMPLETED", None)
    assert state["serialized_output"] is None


async def test_an_unknown_instance_is_none(client):
    assert await client("get_orchestration_state", instance_id="nobody") is None
    assert await client("wait_for_orchestration_completion", instance_id="nobody", timeout=5) is None


async def test_an_id_in_use_is_refused_with_already_exists(client):
    instance_id = await waiting(client)

    raised = await client.error("schedule_new_orchestration", orchestrator="give", instance_id=instance_id)

    assert raised["code"] == "ALREADY_EXISTS"


async def test_an_id_is_free_again_after_the_end(client):
    instance_id = await ended(client, "give", 1)

    assert await ended(client, "give", 2, instance_id=instance_id) == instance_id


async def test_a_policy_protects_ended_instances_from_being_replaced(client):
    instance_id = await ended(client, "give", 1)

    raised = await client.error(
        "schedule_new_orchestration", orchestrator="give", instance_id=instance_id, reuse_id_policy=["FAILED"]
    )

    assert raised["code"] == "ALREADY_EXISTS"


async def test_an_instance_can_start_later(client):
    at = datetime.now(UTC) + timedelta(seconds=0.6)
    instance_id = await client("schedule_new_orchestration", orchestrator="give", start_at=at.isoformat())

    before = await client("get_orchestration_state", instance_id=instance_id)
    await client("wait_for_orchestration_completion", instance_id=instance_id, timeout=10)

    assert before["runtime_status"] == "PENDING"
    assert datetime.now(UTC) >= at


async def test_an_unknown_orchestrator_starts_and_fails(client):
    instance_id = await ended(client, "nobody")

    state = await client("get_orchestration_state", instance_id=instance_id)

    assert state["runtime_status"] == "FAILED"
    assert "'nobody' doesn't exist" in state["failure_details"]["message"]


async def test_a_wait_in_vain_ends_with_a_timeout(client):
    instance_id = await waiting(client)

    raised = await client.error("wait_for_orchestration_completion", instance_id=instance_id, timeout=0.2)

    assert raised["type"] == "TimeoutError"


@pytest.mark.parametrize("data", [None, 0, "text", {"a": [1]}])
async def test_an_event_reaches_its_instance(client, data):
    instance_id = await waiting(client)

    await client("raise_orchestration_event", instance_id=instance_id, event_name="GO", data=data)

    state = await client("wait_for_orchestration_completion", instance_id=instance_id, timeout=10)
    assert state["runtime_status"] == "COMPLETED"


async def test_an_event_for_nobody_is_dropped_in_silence(client):
    instance_id = await ended(client, "give")

    for each in ("nobody", instance_id):
        assert await client("raise_orchestration_event", instance_id=each, event_name="go") is None


async def test_a_terminated_instance_has_the_given_output(client):
    instance_id = await waiting(client)

    await client("terminate_orchestration", instance_id=instance_id, output={"why": "over"})

    state = await client("wait_for_orchestration_completion", instance_id=instance_id, timeout=10)
    assert (state["runtime_status"], state["serialized_output"]) == ("TERMINATED", '{"why": "over"}')


async def test_a_suspended_instance_takes_events_and_handles_them_after_the_resume(client, host):
    instance_id = await waiting(client)

    await client("suspend_orchestration", instance_id=instance_id, reason="wait")
    await host.status_when(instance_id, lambda status: status["runtimeStatus"] == "Suspended")
    await client("raise_orchestration_event", instance_id=instance_id, event_name="go", data=1)
    still = await client("get_orchestration_state", instance_id=instance_id)
    await client("resume_orchestration", instance_id=instance_id, reason="go on")

    assert still["runtime_status"] == "SUSPENDED"
    assert (await host.ended(instance_id))["output"] == [1]


@pytest.mark.parametrize(
    "method",
    [
        "terminate_orchestration",
        "suspend_orchestration",
        "resume_orchestration",
        "rewind_orchestration",
        "restart_orchestration",
        "get_orchestration_history",
    ],
)
async def test_an_unknown_instance_is_not_found(client, method):
    assert (await client.error(method, instance_id="nobody"))["code"] == "NOT_FOUND"


@pytest.mark.parametrize(
    "method",
    ["terminate_orchestration", "suspend_orchestration", "resume_orchestration", "rewind_orchestration"],
)
async def test_an_ended_instance_does_not_allow_it(client, method):
    instance_id = await ended(client, "give")

    assert (await client.error(method, instance_id=instance_id))["code"] == "FAILED_PRECONDITION"


@pytest.mark.parametrize("method", ["suspend_orchestration", "restart_orchestration", "purge_orchestration"])
async def test_a_suspended_instance_does_not_allow_it(client, host, method):
    instance_id = await waiting(client)
    await client("suspend_orchestration", instance_id=instance_id)
    await host.status_when(instance_id, lambda status: status["runtimeStatus"] == "Suspended")

    assert (await client.error(method, instance_id=instance_id))["code"] == "FAILED_PRECONDITION"


async def test_a_failed_instance_is_rewound(client):
    instance_id = await ended(client, "fails_once")

    await client("rewind_orchestration", instance_id=instance_id, reason="mended")

    state = await client("wait_for_orchestration_completion", instance_id=instance_id, timeout=10)
    assert (state["runtime_status"], state["serialized_output"]) == ("COMPLETED", "[1, 2]")


@pytest.mark.parametrize("new", [True, False])
async def test_a_restart_has_the_input_of_the_first_start_under_a_new_id_or_the_same(client, new):
    instance_id = await ended(client, "give", 5)

    again = await client("restart_orchestration", instance_id=instance_id, restart_with_new_instance_id=new)

    state = await client("wait_for_orchestration_completion", instance_id=again, timeout=10)
    assert (again != instance_id, state["serialized_output"]) == (new, "5")


async def test_one_instance_is_purged_once(client):
    instance_id = await ended(client, "give")

    first = await client("purge_orchestration", instance_id=instance_id)
    second = await client("purge_orchestration", instance_id=instance_id)

    assert (first["deleted_instance_count"], second["deleted_instance_count"]) == (1, 0)
    assert await client("get_orchestration_state", instance_id=instance_id) is None


@pytest.mark.parametrize("timeout", [{}, {"timeout": "30"}])
async def test_a_purge_by_time_and_status_leaves_the_others(client, timeout):
    begin = datetime.now(UTC)
    over, open_ = await ended(client, "call", {"activity": "fail"}), await waiting(client)

    purged = await client(
        "purge_orchestrations_by", created_time_from=begin.isoformat(), runtime_status=["FAILED"], **timeout
    )

    assert purged["deleted_instance_count"] >= 1
    assert purged["is_complete"] in (True, None)
    assert await client("get_orchestration_state", instance_id=over) is None
    assert (await client("get_orchestration_state", instance_id=open_))["runtime_status"] == "RUNNING"


async def test_instances_are_found_by_status_time_and_prefix_over_all_pages(client):
    begin = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    prefix = new_id()[:12]
    await asyncio.gather(*(ended(client, "give", each, instance_id=f"{prefix}-{each}") for each in range(5)))
    await waiting(client, instance_id=f"{prefix}-5")

    found = await client(
        "get_all_orchestration_states",
        orchestration_query={
            "runtime_status": ["COMPLETED"],
            "created_time_from": begin,
            "instance_id_prefix": prefix,
            "max_instance_count": 2,
            "fetch_inputs_and_outputs": True,
        },
    )

    assert {each["instance_id"]: each["serialized_output"] for each in found} == {
        f"{prefix}-{each}": str(each) for each in range(5)
    }


async def test_the_history_is_streamed(client):
    instance_id = await ended(client, "call", {"activity": "double", "input": 1})

    kinds = await client("get_orchestration_history", instance_id=instance_id)

    essential = [
        kind for kind in kinds if kind not in ("OrchestratorStartedEvent", "OrchestratorCompletedEvent")
    ]
    assert essential == [
        "ExecutionStartedEvent",
        "TaskScheduledEvent",
        "TaskCompletedEvent",
        "ExecutionCompletedEvent",
    ]


async def test_the_list_of_ids_is_not_served_by_a_functions_host(client):
    assert (await client.error("list_instance_ids"))["code"] == "UNIMPLEMENTED"


async def test_an_entity_is_signalled_read_listed_and_cleaned_away(client):
    key = new_id()

    await client("signal_entity", entity_instance_id=["Account", key], operation_name="add", input=5)
    while not (read := await client("get_entity", entity_instance_id=["Account", key])):
        await asyncio.sleep(0.02)
    (listed,) = await client(
        "get_all_entities", entity_query={"instance_id_starts_with": f"@account@{key}", "include_state": True}
    )
    cleaned = await client("clean_entity_storage")

    assert read["state"] == "5"
    assert (listed["id"], listed["state"], listed["locked_by"]) == (f"@account@{key}", "5", None)
    assert set(cleaned) == {"empty_entities_removed", "orphaned_locks_released"}
    assert await client("get_entity", entity_instance_id=["Account", key])


async def test_an_entity_that_nobody_has_used_is_none(client):
    assert await client("get_entity", entity_instance_id=["Account", new_id()]) is None


async def test_a_delayed_signal_comes_at_its_time(client, host):
    key, at = new_id(), datetime.now(UTC) + timedelta(seconds=0.5)
    await client(
        "signal_entity",
        entity_instance_id=["Account", key],
        operation_name="add",
        input=1,
        signal_time=at.isoformat(),
    )

    while not await client("get_entity", entity_instance_id=["Account", key]):
        await asyncio.sleep(0.02)

    assert datetime.now(UTC) >= at


async def test_a_message_above_four_mebibytes_is_refused_by_the_door(client):
    raised = await client.error("schedule_new_orchestration", orchestrator="give", input="x" * (4 << 20))

    assert raised["code"] == "RESOURCE_EXHAUSTED"


async def test_a_megabyte_goes_there_and_back(client):
    given = "x" * 1_000_000
    instance_id = await client(
        "schedule_new_orchestration", orchestrator="call", input={"activity": "echo", "input": given}
    )

    state = await client("wait_for_orchestration_completion", instance_id=instance_id, timeout=10)

    assert len(state["serialized_output"]) == 1_000_002


@pytest.mark.parametrize("name", ["x", "a b", "ü"])
async def test_the_urls_of_a_starter_quote_the_id_and_have_no_query(host, name):
    reply = await host.get(f"/api/payload/{quote(name)}")

    payload = reply.json()
    assert list(payload) == SecondGeneration.payload_keys
    assert payload["id"] == name
    assert WEBHOOKS in payload["statusQueryGetUri"]
    assert payload["statusQueryGetUri"].rstrip("?").endswith(f"/instances/{quote(name)}")
