"""The durable HTTP API on the public port. Expectations: the durable extension's HTTP API reference,
and what its sources answer where the reference is silent."""

import json
from typing import Any

import pytest
from yarl import URL

from funchost.durable.events import Event, OrchestratorStarted
from funchost.durable.instances import Status
from tests.http.conftest import Host, OpenHost
from tests.http.fakes import NOON, instance

STATUS_KEYS = [
    "name",
    "instanceId",
    "runtimeStatus",
    "input",
    "customStatus",
    "output",
    "createdTime",
    "lastUpdatedTime",
]
UNFINISHED = [Status.PENDING, Status.RUNNING, Status.SUSPENDED, Status.CONTINUED_AS_NEW]
FINAL = [Status.COMPLETED, Status.FAILED, Status.TERMINATED, Status.CANCELED]


async def call(host: Host, method: str, path: str, **given: Any) -> tuple[int, Any, Any]:
    """Status, parsed body (None when empty) and headers of a durable request."""
    async with host.client.request(method, host.durable_url(path), **given) as response:
        text = await response.text()
        return response.status, json.loads(text) if text else None, response.headers


async def test_a_start_is_answered_with_eight_urls_and_where_to_look(host: Host) -> None:
    status, payload, headers = await call(host, "POST", "orchestrators/hello_orchestrator/abc")
    base = host.durable_url("instances/abc")
    assert status == 202
    assert list(payload) == [
        "id",
        "statusQueryGetUri",
        "sendEventPostUri",
        "terminatePostUri",
        "purgeHistoryDeleteUri",
        "restartPostUri",
        "suspendPostUri",
        "resumePostUri",
    ]
    assert payload["id"] == "abc"
    assert payload["statusQueryGetUri"] == f"{base}?taskHub=Hub&connection=Storage"
    assert headers["Location"] == payload["statusQueryGetUri"]
    assert headers["Retry-After"] == "10"
    assert headers["Content-Type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize("path", ["orchestrators/hello_orchestrator", "ORCHESTRATORS/Hello_Orchestrator/"])
async def test_a_start_without_an_id_gets_one(host: Host, path: str) -> None:
    status, payload, _ = await call(host, "POST", path)
    assert status == 202
    assert len(payload["id"]) == 32


@pytest.mark.parametrize(
    ("body", "stored"),
    [
        (b"", None),
        (b'{ "a": 1 }', '{"a":1}'),
        (b'"{\\"a\\": 1}"', '"{\\"a\\": 1}"'),
        ('"Zürich"'.encode(), '"Zürich"'),
        (b'"\\ud800"', '"\\ud800"'),
        (b"null", "null"),
    ],
)
async def test_the_body_of_a_start_is_stored_as_compact_json(
    host: Host, body: bytes, stored: str | None
) -> None:
    await call(host, "POST", "orchestrators/hello_orchestrator/abc", data=body)
    assert host.hub.instances["abc"].input == stored


async def test_a_version_in_the_query_reaches_the_hub(host: Host) -> None:
    await call(host, "POST", "orchestrators/hello_orchestrator/abc?version=2.1")
    assert host.hub.instances["abc"].version == "2.1"


async def test_an_unknown_orchestrator_is_a_400_that_lists_the_known_ones(host: Host) -> None:
    status, error, _ = await call(host, "POST", "orchestrators/nope")
    assert status == 400
    assert list(error) == ["Message", "ExceptionMessage", "ExceptionType", "StackTrace"]
    assert error["Message"] == "One or more of the arguments submitted is incorrect"
    assert error["ExceptionMessage"] == (
        "The function 'nope' doesn't exist, is disabled, or is not an orchestrator function. Additional "
        "info: The following are the known orchestrator functions: 'fan_out_fan_in', 'hello_orchestrator'."
    )
    assert error["ExceptionType"] == "System.ArgumentException"
    assert not host.hub.instances


@pytest.mark.parametrize("instance_id", ["@abc", "a%5Cb", "a%23b", "a%3Fb", "a%01b", "a" * 257])
async def test_an_id_that_the_extension_refuses_starts_nothing(host: Host, instance_id: str) -> None:
    url = URL(host.durable_url(f"orchestrators/hello_orchestrator/{instance_id}"), encoded=True)
    async with host.client.post(url) as response:
        error = await response.json()
    assert response.status == 400
    assert "nstance" in error["ExceptionMessage"]
    assert not host.hub.instances


async def test_a_start_with_a_body_that_is_no_json_is_refused(host: Host) -> None:
    status, error, _ = await call(host, "POST", "orchestrators/hello_orchestrator", data=b"{nope")
    assert status == 400
    assert error["Message"] == "Invalid JSON content"
    # Without this key the SDK's start_new ends in a KeyError.
    assert error["ExceptionMessage"]


async def test_a_start_under_an_id_in_use_is_the_500_that_the_sdk_hands_on(host: Host) -> None:
    host.hub.put(instance("abc", status=Status.RUNNING))
    status, error, _ = await call(host, "POST", "orchestrators/hello_orchestrator/abc")
    assert status == 500
    assert error["Message"] == "Something went wrong while processing your request"
    assert error["ExceptionMessage"] == ("An Orchestration instance with the status Running already exists.")


async def test_a_start_may_wait_for_the_output(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    async def complete_at_once(*arguments: Any) -> Any:
        done = instance("abc", status=Status.COMPLETED, output='{"n": 1}')
        host.hub.put(done)
        return done

    monkeypatch.setattr(host.hub, "start", complete_at_once)
    path = "orchestrators/hello_orchestrator/abc?timeout=5&pollingInterval=0.5"
    status, output, _ = await call(host, "POST", path)
    assert (status, output) == (200, {"n": 1})


async def test_a_start_that_waits_in_vain_is_answered_with_the_urls(host: Host) -> None:
    path = "orchestrators/hello_orchestrator/abc?timeout=0.05&pollingInterval=0.01"
    status, payload, _ = await call(host, "POST", path)
    assert (status, payload["id"]) == (202, "abc")


async def test_a_polling_interval_beyond_the_timeout_is_refused_before_anything_starts(host: Host) -> None:
    path = "orchestrators/hello_orchestrator/abc?timeout=1&pollingInterval=2"
    status, error, _ = await call(host, "POST", path)
    assert status == 400
    assert error["ExceptionMessage"] == "Total timeout 1 should be bigger than retry timeout 2"
    assert not host.hub.instances


@pytest.mark.parametrize("runtime_status", UNFINISHED)
async def test_an_unfinished_instance_is_a_202_that_points_at_itself(
    host: Host, runtime_status: Status
) -> None:
    host.hub.put(instance("abc", status=runtime_status))
    status, payload, headers = await call(host, "GET", "instances/abc?showInput=true")
    assert status == 202
    assert list(payload) == STATUS_KEYS
    assert headers["Location"] == host.durable_url("instances/abc?showInput=true")
    assert headers["Retry-After"] == "5"


@pytest.mark.parametrize("runtime_status", FINAL)
async def test_an_ended_instance_is_a_200_also_when_it_failed(host: Host, runtime_status: Status) -> None:
    host.hub.put(instance("abc", status=runtime_status, output='["Hello Tokyo!"]'))
    status, payload, headers = await call(host, "GET", "instances/abc")
    assert status == 200
    assert payload["runtimeStatus"] == runtime_status
    assert payload["output"] == ["Hello Tokyo!"]
    assert "Location" not in headers


async def test_a_failure_is_a_500_when_the_client_asks_for_that(host: Host) -> None:
    host.hub.put(instance("abc", status=Status.FAILED))
    status, _, _ = await call(host, "GET", "instances/abc?returnInternalServerErrorOnFailure=TRUE")
    assert status == 500


async def test_the_input_is_hidden_on_request_and_junk_counts_as_the_default(host: Host) -> None:
    host.hub.put(instance("abc", input='{"a":1}'))
    _, hidden, _ = await call(host, "GET", "instances/abc?SHOWINPUT=False")
    _, shown, _ = await call(host, "GET", "instances/abc?showInput=maybe")
    assert hidden["input"] is None
    assert shown["input"] == {"a": 1}


async def test_history_comes_on_request_but_not_for_a_pending_instance(host: Host) -> None:
    events: list[Event] = [OrchestratorStarted(NOON)]
    host.hub.put(instance("abc"), instance("new", status=Status.PENDING))
    host.hub.histories = {"abc": events, "new": events}
    _, running, _ = await call(host, "GET", "instances/abc?showHistory=true")
    _, pending, _ = await call(host, "GET", "instances/new?showHistory=true")
    assert running["historyEvents"] == []
    assert "historyEvents" not in pending


UNKNOWN = [
    ("GET", "instances/abc"),
    ("DELETE", "instances/abc"),
    ("POST", "instances/abc/terminate"),
    ("POST", "instances/abc/suspend"),
    ("POST", "instances/abc/resume"),
    ("POST", "instances/abc/rewind"),
    ("POST", "instances/abc/raiseEvent/go"),
    ("GET", "entities/counter/k"),
]
UNROUTED = [
    ("GET", ""),
    ("GET", "nope"),
    ("PUT", "instances/abc"),
    ("GET", "orchestrators/hello_orchestrator"),
    ("POST", "orchestrators"),
    ("POST", "orchestrators/hello_orchestrator/a/b"),
    ("POST", "instances/abc/nope"),
    ("POST", "instances/abc/raiseEvent"),
    ("GET", "instances/abc/terminate"),
    ("HEAD", "instances/abc"),
    ("POST", "entities/counter"),
]


@pytest.mark.parametrize(("method", "path"), UNKNOWN + UNROUTED)
async def test_what_is_not_there_is_an_empty_404_whatever_the_verb(
    host: Host, method: str, path: str
) -> None:
    async with host.client.request(method, host.durable_url(path), json=1) as response:
        body = await response.read()
    assert response.status == 404
    assert body == b""
    assert "Content-Type" not in response.headers
    assert "Allow" not in response.headers


@pytest.mark.parametrize("operation", ["terminate", "suspend", "resume", "rewind"])
async def test_an_operation_takes_its_reason_from_the_query(host: Host, operation: str) -> None:
    host.hub.put(instance("abc"))
    status, body, headers = await call(host, "POST", f"instances/abc/{operation.upper()}/?Reason=too%20slow")
    assert (status, body) == (202, None)
    assert headers["Content-Length"] == "0"
    assert host.hub.told == [(operation, "abc", "too slow")]


@pytest.mark.parametrize("runtime_status", FINAL)
@pytest.mark.parametrize("path", ["terminate", "suspend", "resume", "raiseEvent/go"])
async def test_an_operation_on_an_ended_instance_is_gone(
    host: Host, path: str, runtime_status: Status
) -> None:
    host.hub.put(instance("abc", status=runtime_status))
    status, body, _ = await call(host, "POST", f"instances/abc/{path}", json=1)
    assert (status, body) == (410, None)


async def test_suspending_twice_is_a_500_with_the_reason(host: Host) -> None:
    host.hub.put(instance("abc", status=Status.SUSPENDED))
    status, error, _ = await call(host, "POST", "instances/abc/suspend")
    assert status == 500
    assert error["ExceptionMessage"] == (
        "Cannot suspend the orchestration instance abc because instance is in the Suspended state."
    )
    assert error["ExceptionType"] == "System.InvalidOperationException"


async def test_an_event_is_stored_compactly_under_its_decoded_name(host: Host) -> None:
    host.hub.put(instance("abc"))
    status, body, _ = await call(
        host,
        "POST",
        "instances/abc/raiseevent/Go%20on",
        data=b'{ "a": [1, 2] }',
        headers={"Content-Type": "application/json; charset=utf-8"},
    )
    assert (status, body) == (202, None)
    assert host.hub.told == [("raise_event", "abc", "Go on", '{"a":[1,2]}')]


async def test_an_event_that_is_not_declared_as_json_is_refused(host: Host) -> None:
    host.hub.put(instance("abc"))
    status, error, _ = await call(host, "POST", "instances/abc/raiseEvent/go", data="1")
    assert status == 400
    assert error == {"Message": "Only application/json request content is supported"}


@pytest.mark.parametrize("body", [b"", b"{nope", b"\xff", b"[" * 100_000])
async def test_an_event_that_is_not_json_is_refused(host: Host, body: bytes) -> None:
    host.hub.put(instance("abc"))
    headers = {"Content-Type": "application/json"}
    status, error, _ = await call(host, "POST", "instances/abc/raiseEvent/go", data=body, headers=headers)
    assert status == 400
    assert error["Message"] == "Invalid JSON content"
    assert host.hub.told == []


async def test_a_purge_tells_how_many(host: Host) -> None:
    host.hub.put(instance("abc", status=Status.COMPLETED))
    assert (await call(host, "DELETE", "instances/abc"))[:2] == (200, {"instancesDeleted": 1})
    assert (await call(host, "DELETE", "instances/abc"))[:2] == (404, None)


async def test_a_purge_of_a_running_instance_is_refused_with_the_reason(host: Host) -> None:
    """On purpose: the original deletes its rows and leaves its work behind."""
    host.hub.put(instance("abc"))
    status, error, _ = await call(host, "DELETE", "instances/abc")
    assert status == 409
    assert "Running" in error["Message"]


@pytest.mark.parametrize("query", ["", "?createdTimeFrom=", "?createdTimeFrom=yesterday"])
async def test_a_purge_by_filter_needs_a_start_time(host: Host, query: str) -> None:
    status, error, _ = await call(host, "DELETE", f"instances{query}")
    assert (status, error) == (400, "Please provide value for 'createdTimeFrom' parameter.")


async def test_a_purge_by_filter_means_ended_instances_only(host: Host) -> None:
    host.hub.put(instance("abc"))
    path = "instances/?createdTimeFrom=2024-05-01T10:00:00.000000Z&runtimeStatus=Running,Failed"
    status, body, _ = await call(host, "DELETE", path)
    assert (status, body) == (200, {"instancesDeleted": 1})
    assert host.hub.filters[0].statuses == {Status.FAILED}
    assert host.hub.filters[0].created_from == NOON - 123_456
    await call(host, "DELETE", "instances?createdTimeFrom=2024-05-01")
    assert host.hub.filters[1].statuses == set(FINAL)


async def test_a_purge_by_filter_that_finds_nothing_is_a_404(host: Host) -> None:
    assert (await call(host, "DELETE", "instances?createdTimeFrom=2024-05-01"))[:2] == (404, None)


@pytest.mark.parametrize("path", ["instances", "instances/", "INSTANCES"])
async def test_the_list_has_every_instance_and_an_empty_token_at_the_end(host: Host, path: str) -> None:
    host.hub.put(instance("b"), instance("a"))
    status, items, headers = await call(host, "GET", path)
    assert status == 200
    assert [item["instanceId"] for item in items] == ["a", "b"]
    assert list(items[0]) == STATUS_KEYS
    assert headers["x-ms-continuation-token"] == ""


async def test_pages_lead_to_every_instance_once(host: Host) -> None:
    ids = [f"i{n}" for n in range(5)] + ["ü"]
    host.hub.put(*(instance(each) for each in ids))
    seen, token = [], ""
    for _ in range(10):
        headers = {"x-ms-continuation-token": token}
        _, items, answered = await call(host, "GET", "instances?top=2", headers=headers)
        assert len(items) <= 2
        seen += [item["instanceId"] for item in items]
        token = answered["x-ms-continuation-token"]
        if not token:
            break
    assert seen == ids


async def test_a_token_that_was_never_given_out_is_refused(host: Host) -> None:
    headers = {"x-ms-continuation-token": "?"}
    status, error, _ = await call(host, "GET", "instances", headers=headers)
    assert status == 400
    assert "'?' is not a continuation token" in error["ExceptionMessage"]


async def test_filters_reach_the_hub_and_unknown_names_are_ignored(host: Host) -> None:
    path = (
        "instances?runtimeStatus=Running,Nope,1&RUNTIMESTATUS=Failed&runtimeStatus=pending"
        "&instanceIdPrefix=a&createdTimeTo=2024-05-01T12:00:00%2B02:00&createdTimeFrom=junk"
    )
    await call(host, "GET", path)
    [filter] = host.hub.filters
    assert filter.statuses == {Status.RUNNING, Status.COMPLETED, Status.FAILED}
    assert filter.prefix == "a"
    assert filter.created_from is None
    assert filter.created_to == NOON - 123_456


async def test_a_restart_gives_the_urls_of_a_new_instance_by_default(host: Host) -> None:
    host.hub.put(instance("abc", status=Status.COMPLETED))
    status, payload, _ = await call(host, "POST", "instances/abc/restart")
    assert status == 202
    assert payload["id"] != "abc"
    same = "instances/abc/restart?restartWithNewInstanceId=false"
    assert (await call(host, "POST", same))[1]["id"] == "abc"


async def test_a_restart_of_an_unknown_instance_is_a_400(host: Host) -> None:
    status, error, _ = await call(host, "POST", "instances/abc/restart")
    assert status == 400
    assert error["ExceptionMessage"] == "InstanceId does not match a valid orchestration instance."


async def test_rewinding_a_completed_instance_is_gone(host: Host) -> None:
    host.hub.put(instance("abc", status=Status.COMPLETED))
    assert (await call(host, "POST", "instances/abc/rewind"))[:2] == (410, None)


async def test_another_task_hub_is_refused_by_name(host: Host) -> None:
    host.hub.put(instance("abc"))
    status, error, _ = await call(host, "GET", "instances/abc?TASKHUB=other")
    assert status == 400
    assert "'other' is not the task hub of this host" in error["ExceptionMessage"]
    assert (await call(host, "GET", "instances/abc?taskHub=hub&connection=x"))[0] == 202


async def test_anything_unforeseen_is_a_500_with_a_json_object(
    host: Host, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def break_down(instance_id: str) -> None:
        raise RuntimeError("disk full")

    monkeypatch.setattr(host.hub, "get", break_down)
    status, error, _ = await call(host, "GET", "instances/abc")
    assert status == 500
    assert error["ExceptionMessage"] == "disk full"
    assert "disk full" in caplog.text


async def test_an_entity_is_read_by_name_without_case_and_key_with_case(host: Host) -> None:
    host.hub.entity_states = {"@counter@K1": "10", "@counter@": '{"a": 1}'}
    assert (await call(host, "GET", "entities/Counter/K1"))[:2] == (200, 10)
    assert (await call(host, "GET", "entities/counter/$"))[:2] == (200, {"a": 1})
    assert (await call(host, "GET", "entities/counter/k1"))[:2] == (404, None)


@pytest.mark.parametrize(
    ("body", "content_type", "input"),
    [
        (b"", "application/json", None),
        (b'"5"', "application/json", '"5"'),
        (b"5", "text/plain", '"5"'),
    ],
)
async def test_a_signal_carries_its_operation_and_input(
    host: Host, body: bytes, content_type: str, input: str | None
) -> None:
    headers = {"Content-Type": content_type}
    status, answer, _ = await call(host, "POST", "entities/Counter/K1?op=add", data=body, headers=headers)
    assert (status, answer) == (202, None)
    assert host.hub.told == [("signal", "@counter@K1", "add", input)]


async def test_deleting_an_entity_signals_delete(host: Host) -> None:
    assert (await call(host, "DELETE", "entities/counter/K1"))[0] == 202
    assert host.hub.told == [("signal", "@counter@K1", "delete", None)]


async def test_a_signal_to_an_unknown_entity_is_refused_with_the_known_ones(host: Host) -> None:
    status, error, _ = await call(host, "POST", "entities/nope/K1?op=add")
    assert status == 400
    assert error["Message"] == (
        "The function 'nope' doesn't exist, is disabled, or is not an entity function. "
        "Additional info: The following are the known entity functions: 'counter'."
    )


async def test_entities_are_listed_without_the_deleted_ones(host: Host) -> None:
    host.hub.put(instance("@counter@K1", entity_state="10"), instance("@counter@gone"))
    host.hub.put(instance("@other@K", entity_state="1"), instance("a"))
    _, bare, _ = await call(host, "GET", "entities/Counter")
    _, full, _ = await call(host, "GET", "entities?fetchState=true")
    assert bare == [
        {
            "entityId": {"name": "counter", "key": "K1"},
            "lastOperationTime": "2024-05-01T10:00:00.1234560Z",
            "state": None,
        }
    ]
    assert [item["state"] for item in full] == [10, 1]


async def test_makeprimary_is_accepted_and_does_nothing(host: Host) -> None:
    assert (await call(host, "POST", "makeprimary"))[:2] == (200, None)


async def test_a_start_that_fails_while_it_is_waited_for_shows_the_status(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail_at_once(*arguments: Any) -> Any:
        failed = instance("abc", status=Status.FAILED, output="no good")
        host.hub.put(failed)
        return failed

    monkeypatch.setattr(host.hub, "start", fail_at_once)
    path = "orchestrators/hello_orchestrator/abc?timeout=5&pollingInterval=1"
    status, payload, _ = await call(host, "POST", path)
    assert (status, payload["runtimeStatus"], payload["output"]) == (200, "Failed", "no good")
    status, _, _ = await call(host, "POST", f"{path}&returnInternalServerErrorOnFailure=true")
    assert status == 500


async def test_a_body_beyond_the_limit_is_a_413_on_the_public_port_only(open_host: OpenHost) -> None:
    """The original's port for workers has no limit on bodies."""
    host = await open_host(request_limit_bytes=10)
    start = "orchestrators/hello_orchestrator/abc"
    status, error, _ = await call(host, "POST", start, data=b'"1234567890"')
    assert status == 413
    assert "larger than 10 bytes" in error["Message"]
    async with host.client.post(host.front.rpc_base_url + start, data=b'"1234567890"') as response:
        assert response.status == 202
