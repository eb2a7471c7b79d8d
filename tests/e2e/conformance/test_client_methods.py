"""Every method of the SDK's client, and the exception that it raises in each case.

Source: azure-functions-durable: DurableOrchestrationClient.
"""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tests.e2e.durable_host import new_id


async def test_start_new_gives_the_id(host):
    instance_id = new_id()

    returned = await host.client(
        "start_new", orchestration_function_name="give_input", instance_id=instance_id, client_input={"a": 1}
    )

    assert returned == instance_id
    assert (await host.ended(instance_id))["output"] == {"a": 1}


@pytest.mark.parametrize("instance_id", [None, ""])
async def test_start_new_without_an_id_makes_one(host, instance_id):
    returned = await host.client(
        "start_new", orchestration_function_name="no_generator", instance_id=instance_id
    )

    assert len(returned) == 32


@pytest.mark.sdk_1("with SDK 2.x the instance starts, and fails")
async def test_start_new_of_an_unknown_orchestrator_raises_the_text(host):
    raised = await host.client_error("start_new", orchestration_function_name="nobody")

    assert raised["type"] == "Exception"
    assert raised["args"][0].startswith("The function 'nobody' doesn't exist")


async def test_start_new_under_an_id_in_use_raises(host, sdk):
    instance_id = await host.start("events", ["a"])
    await host.running(instance_id)

    raised = await host.client_error(
        "start_new", orchestration_function_name="no_generator", instance_id=instance_id
    )

    assert raised.get("code") == sdk.code_of_an_id_in_use
    assert "already exists" in str(raised)


async def test_get_status_describes_an_instance(host):
    instance_id = await host.start("give_input", {"a": 1})
    await host.ended(instance_id)

    status = await host.client("get_status", instance_id=instance_id, show_input=True)

    assert status["is_true"]
    assert status["runtime_status"] == "Completed"
    assert (status["name"], status["instance_id"]) == ("give_input", instance_id)
    assert (status["output"], status["custom_status"]) == ({"a": 1}, None)


async def test_get_status_with_history_has_the_events(host):
    instance_id = await host.start("chain", 1)
    await host.ended(instance_id)

    status = await host.client(
        "get_status", instance_id=instance_id, show_history=True, show_history_output=True
    )

    kinds = [event["EventType"] for event in status["historyEvents"]]
    assert kinds == ["ExecutionStarted", *["TaskCompleted"] * 3, "ExecutionCompleted"]


async def test_get_status_of_an_unknown_instance_is_false(host):
    status = await host.client("get_status", instance_id="nobody")

    assert (status["is_true"], status["runtime_status"]) == (False, None)


async def test_get_status_all_lists_instances(host):
    await host.client("start_new", orchestration_function_name="no_generator")

    statuses = await host.client("get_status_all")

    assert statuses
    assert all(status["instance_id"] for status in statuses)


async def test_get_status_by_chooses_by_time_status_and_prefix(host, sdk):
    prefix = new_id()[:12]
    for number in range(3):
        await host.start("no_generator", None, f"{prefix}-{number}")
    await host.start("events", ["a"], f"{prefix}-3")
    await asyncio.gather(*(host.ended(f"{prefix}-{number}") for number in range(3)))
    now = datetime.now(UTC)

    statuses = await host.client(
        "get_status_by",
        created_time_from=(now - timedelta(hours=1)).isoformat(),
        created_time_to=(now + timedelta(hours=1)).isoformat(),
        runtime_status=["Completed"],
        **({"instance_id_prefix": prefix} if sdk.finds_by_prefix else {}),
    )

    found = [status["instance_id"] for status in statuses]
    if not sdk.finds_by_prefix:
        found = [each for each in found if each.startswith(prefix)]
    assert sorted(found) == [f"{prefix}-{each}" for each in range(3)]


async def test_purge_instance_history_deletes_one(host):
    instance_id = await host.start("no_generator")
    await host.ended(instance_id)

    first = await host.client("purge_instance_history", instance_id=instance_id)
    second = await host.client("purge_instance_history", instance_id=instance_id)

    assert (first, second) == ({"instances_deleted": 1}, {"instances_deleted": 0})


@pytest.mark.sdk_1("SDK 2.x purges everything that has ended")
async def test_purge_instance_history_by_needs_a_start_time(host):
    raised = await host.client_error("purge_instance_history_by", created_time_from=None)

    # Later versions ask themselves; for the others the host does.
    assert raised["type"] in ("ValueError", "Exception")


async def test_purge_instance_history_by_tells_that_nothing_was_found(host):
    future = (datetime.now(UTC) + timedelta(days=1)).isoformat()

    assert await host.client("purge_instance_history_by", created_time_from=future) == {
        "instances_deleted": 0
    }


@pytest.mark.parametrize("data", [{"a": 1}, "x", True, None, 5])
async def test_raise_event_of_the_client_gives_the_waiter_the_value_or_its_json(host, sdk, data):
    instance_id = await host.start("events", ["go"])

    await host.client("raise_event", instance_id=instance_id, event_name="go", event_data=data)

    assert (await host.ended(instance_id))["output"] == [sdk.event_of_the_client(data)]


@pytest.mark.sdk_1("with SDK 2.x such an event is lost in silence, unless host.json says otherwise")
async def test_raise_event_for_an_unknown_instance_says_so(host):
    raised = await host.client_error("raise_event", instance_id="nobody", event_name="go")

    assert raised["args"] == ["No instance with ID nobody found."]


@pytest.mark.sdk_1("with SDK 2.x such an event is lost in silence, unless host.json says otherwise")
async def test_raise_event_for_an_ended_instance_says_so(host):
    instance_id = await host.start("no_generator")
    await host.ended(instance_id)

    raised = await host.client_error("raise_event", instance_id=instance_id, event_name="go")

    assert raised["args"] == [f"Instance with ID {instance_id} is gone: either completed or failed"]


async def test_raise_event_without_a_name_is_refused(host, sdk):
    raised = await host.client_error("raise_event", instance_id="x", event_name="")

    assert raised["type"] == sdk.type_of_a_refused_event_name


async def test_terminate_ends_an_instance(host):
    instance_id = await host.start("events", ["a"])

    await host.client("terminate", instance_id=instance_id, reason="a & b?")

    status = await host.ended(instance_id)
    assert (status["runtimeStatus"], status["output"]) == ("Terminated", "a & b?")


@pytest.mark.sdk_1("SDK 2.x raises: tests/e2e/conformance_2x/test_client_methods.py")
async def test_terminate_of_an_ended_instance_is_no_error(host):
    instance_id = await host.start("no_generator")
    await host.ended(instance_id)

    assert await host.client("terminate", instance_id=instance_id, reason="x") is None


async def test_suspend_and_resume_hold_and_release_an_instance(host):
    instance_id = await host.start("events", ["a"])
    await host.running(instance_id)

    await host.client("suspend", instance_id=instance_id, reason="wait")
    await host.status_when(instance_id, lambda status: status["runtimeStatus"] == "Suspended")
    await host.client("resume", instance_id=instance_id, reason="go on")

    assert (await host.running(instance_id))["output"] == "go on"


@pytest.mark.parametrize("method", ["terminate", "suspend", "resume"])
async def test_steering_an_unknown_instance_raises(host, sdk, method):
    raised = await host.client_error(method, instance_id="nobody", reason="x")

    assert sdk.refusal("No instance with ID 'nobody' found.", "NOT_FOUND").items() <= raised.items()


async def test_create_check_status_response_is_202_with_the_urls(host, sdk):
    reply = await host.post("/api/client/create_check_status_response", json={"instance_id": "x"})

    assert (reply.status, list(reply.json())) == (202, sdk.payload_keys)


async def test_create_http_management_payload_has_the_urls(host, sdk):
    payload = await host.client("create_http_management_payload", instance_id="x")

    assert list(payload) == sdk.payload_keys
    assert payload["id"] == "x"


async def test_get_client_response_links_follow_the_request(host):
    reply = await host.post(
        "/api/client/get_client_response_links",
        json={"instance_id": "x"},
        headers={"Host": "localhost:4321"},
    )

    assert reply.json()["returned"]["terminatePostUri"].startswith("http://localhost:4321/")


async def wait_for(host, instance_id, milliseconds):
    return await host.post(
        "/api/client/wait_for_completion_or_create_check_status_response",
        json={
            "instance_id": instance_id,
            "timeout_in_milliseconds": milliseconds,
            "retry_interval_in_milliseconds": 50,
        },
    )


async def test_wait_for_completion_gives_the_output(host):
    instance_id = await host.start("give_input", {"a": 1})

    reply = await wait_for(host, instance_id, 10000)

    assert (reply.status, reply.json()) == (200, {"a": 1})


async def test_wait_for_completion_of_a_failed_instance_shows_its_status(host, sdk):
    instance_id = await host.start("raise_at_once", "bad")

    reply = await wait_for(host, instance_id, 10000)

    assert (reply.status, reply.json()["runtimeStatus"]) == (sdk.failed_wait_status, "Failed")


async def test_wait_for_completion_in_vain_gives_the_urls(host, sdk):
    instance_id = await host.start("events", ["a"])

    reply = await wait_for(host, instance_id, 200)

    assert (reply.status, list(reply.json())) == (202, sdk.payload_keys)


async def test_wait_for_completion_refuses_an_interval_over_the_timeout(host):
    raised = await host.client_error(
        "wait_for_completion_or_create_check_status_response",
        instance_id="x",
        timeout_in_milliseconds=1000,
        retry_interval_in_milliseconds=2000,
    )

    assert raised["args"] == ["Total timeout 1000 (ms) should be bigger than retry timeout 2000 (ms)"]
