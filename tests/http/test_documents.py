"""What clients are shown of instances. Expectations: durable extension, status payload, management payload,
durableClient binding and history shaping; the SDK where it reads them."""

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.durable_functions.models.DurableOrchestrationBindings import DurableOrchestrationBindings
from hypothesis import given
from hypothesis import strategies as st

from funchost.durable import events
from funchost.durable.failures import FailureDetails
from funchost.durable.instances import Instance, SdkProtocol, Status
from funchost.durable.text import dump_json
from funchost.http.management import documents

NOON = 1_714_564_800_000_000  # 2024-05-01T12:00:00Z
SECOND = 1_000_000
BASE = "http://localhost:7071/runtime/webhooks/durabletask"
DONE = Instance(
    instance_id="abc",
    execution_id="e1",
    name="hello_orchestrator",
    version="",
    status=Status.COMPLETED,
    input='"{\\"a\\": 1}"',
    output='["Hello Tokyo!"]',
    custom_status=None,
    created_at=NOON,
    updated_at=NOON + 3 * SECOND,
    completed_at=NOON + 3 * SECOND,
)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


STARTED = events.ExecutionStarted(NOON, "hello_orchestrator")


def test_a_status_has_its_eight_keys_in_order() -> None:
    assert list(documents.status_payload(DONE).items()) == [
        ("name", "hello_orchestrator"),
        ("instanceId", "abc"),
        ("runtimeStatus", "Completed"),
        ("input", '{"a": 1}'),
        ("customStatus", None),
        ("output", ["Hello Tokyo!"]),
        ("createdTime", "2024-05-01T12:00:00Z"),
        ("lastUpdatedTime", "2024-05-01T12:00:03Z"),
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (None, None),
        ("", ""),
        ("  ", ""),
        ("null", None),
        ("5", 5),
        ("too slow", "too slow"),
        ("Orchestrator function 'x' failed: no", "Orchestrator function 'x' failed: no"),
        ('"2024-05-01T12:00:00Z"', "2024-05-01T12:00:00Z"),
        ("[" * 100_000, "[" * 100_000),
    ],
)
def test_stored_text_is_shown_as_json_or_else_as_a_string(text: str | None, shown: object) -> None:
    assert documents.stored_value(text) == shown


@given(JSON_VALUES)
def test_stored_json_is_shown_as_the_value_that_was_stored(value: object) -> None:
    shown = documents.stored_value(dump_json(value))
    assert shown == value


@given(st.text())
def test_any_text_can_be_shown_and_sent(text: str) -> None:
    payload = documents.status_payload(dataclasses.replace(DONE, output=text, custom_status=text))
    dump_json(payload).encode()


def test_a_lone_surrogate_is_sent_as_an_escape() -> None:
    assert dump_json(["\ud800", "é"]).encode() == b'["\\ud800","\\u00e9"]'


@given(st.integers(min_value=0, max_value=2**52))
def test_a_time_is_cut_to_whole_seconds_never_rounded(microseconds: int) -> None:
    shown = datetime.strptime(documents.format_seconds(microseconds), "%Y-%m-%dT%H:%M:%SZ")
    exact = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    assert timedelta(0) <= exact - shown.replace(tzinfo=UTC) < timedelta(seconds=1)


def test_a_hidden_input_is_null_and_the_key_stays() -> None:
    assert documents.status_payload(DONE, show_input=False)["input"] is None


def test_history_is_a_ninth_key_and_never_shown_of_a_pending_instance() -> None:
    assert list(documents.status_payload(DONE, history=[]))[-1] == "historyEvents"
    pending = dataclasses.replace(DONE, status=Status.PENDING)
    assert "historyEvents" not in documents.status_payload(pending, history=[])


def test_the_history_shows_the_input_that_stands_with_the_instance() -> None:
    payload = documents.status_payload(DONE, history=[STARTED])
    assert payload["historyEvents"][0]["Input"] == DONE.input
    hidden = documents.status_payload(DONE, history=[STARTED], show_input=False)
    assert "Input" not in hidden["historyEvents"][0]


def test_the_marks_of_episodes_and_private_events_are_left_out() -> None:
    history: list[events.Event] = [
        events.OrchestratorStarted(NOON),
        events.ExternalEventAwaited(NOON, "go"),
        events.OrchestratorCompleted(NOON),
    ]
    assert documents.history_payload(DONE, history) == []


def test_the_start_loses_what_the_original_drops() -> None:
    [item] = documents.history_payload(DONE, [STARTED])
    assert list(item) == [
        "EventType",
        "Correlation",
        "ScheduledStartTime",
        "Generation",
        "Input",
        "Timestamp",
        "FunctionName",
    ]
    assert (item["EventType"], item["FunctionName"]) == ("ExecutionStarted", "hello_orchestrator")


def test_a_completed_call_is_one_item_with_the_time_of_its_scheduling() -> None:
    history: list[events.Event] = [
        events.TaskScheduled(NOON, 0, "say_hello"),
        events.TaskCompleted(NOON + SECOND, 0, '"Hello Tokyo!"'),
    ]
    [item] = documents.history_payload(DONE, history, show_output=True)
    assert item == {
        "EventType": "TaskCompleted",
        "Timestamp": "2024-05-01T12:00:01.0000000Z",
        "ScheduledTime": "2024-05-01T12:00:00.0000000Z",
        "FunctionName": "say_hello",
        "Input": None,
        "Result": "Hello Tokyo!",
    }


def test_results_are_left_out_unless_asked_for() -> None:
    history: list[events.Event] = [
        events.TaskScheduled(NOON, 0, "say_hello"),
        events.TaskCompleted(NOON, 0, '"x"'),
        events.ExecutionCompleted(NOON, 1, Status.COMPLETED, '"x"'),
    ]
    assert not any("Result" in item for item in documents.history_payload(DONE, history))
    assert all("Result" in item for item in documents.history_payload(DONE, history, show_output=True))


def test_a_failed_call_keeps_its_reason_and_details() -> None:
    history: list[events.Event] = [
        events.SubOrchestrationCreated(NOON, 0, "child", "child-1", ""),
        events.SubOrchestrationFailed(NOON, 0, "bad", "Message: bad"),
    ]
    [item] = documents.history_payload(DONE, history)
    assert list(item) == [
        "EventType",
        "Reason",
        "Details",
        "FailureDetails",
        "Timestamp",
        "ScheduledTime",
        "FunctionName",
        "Input",
    ]
    assert (item["EventType"], item["Reason"]) == ("SubOrchestrationInstanceFailed", "bad")


def test_a_pending_call_stays_as_it_is() -> None:
    [item] = documents.history_payload(DONE, [events.TaskScheduled(NOON, 0, "say_hello")])
    assert (item["EventType"], item["Name"]) == ("TaskScheduled", "say_hello")
    assert "EventId" not in item
    assert "IsPlayed" not in item


def test_timers_events_and_the_end_have_their_own_keys() -> None:
    history: list[events.Event] = [
        events.TimerCreated(NOON, 0, NOON + SECOND),
        events.TimerFired(NOON + SECOND, 0, NOON + SECOND),
        events.EventRaised(NOON, "go", '"1"'),
        events.ExecutionSuspended(NOON, "wait"),
        events.ExecutionTerminated(NOON, "stop"),
        events.ExecutionCompleted(NOON, 1, Status.TERMINATED, '"stop"'),
    ]
    assert [list(item) for item in documents.history_payload(DONE, history)] == [
        ["EventType", "FireAt", "Timestamp"],
        ["EventType", "FireAt", "Timestamp"],
        ["EventType", "Name", "Input", "Timestamp"],
        ["EventType", "Reason", "Timestamp"],
        ["EventType", "Input", "Timestamp"],
        ["EventType", "OrchestrationStatus", "FailureDetails", "Timestamp"],
    ]
    assert documents.history_payload(DONE, history)[-1]["OrchestrationStatus"] == "Terminated"


@given(
    completed=st.lists(st.booleans(), max_size=8),
    order=st.randoms(use_true_random=False),
)
def test_every_call_is_shown_exactly_once_whatever_the_order(completed: list[bool], order: Any) -> None:
    scheduled = [events.TaskScheduled(NOON, n, f"f{n}") for n in range(len(completed))]
    results = [events.TaskCompleted(NOON, n, None) for n, done in enumerate(completed) if done]
    order.shuffle(results)
    shown = documents.history_payload(DONE, [*scheduled, *results])
    names = [item.get("FunctionName") or item["Name"] for item in shown]
    assert sorted(names) == [f"f{n}" for n in range(len(completed))]


def test_a_check_status_payload_has_nine_urls_or_eight_without_rewind() -> None:
    nine = documents.check_status_payload(BASE, "abc", "Hub", "Storage", None, with_rewind=True)
    eight = documents.check_status_payload(BASE, "abc", "Hub", "Storage", None, with_rewind=False)
    assert list(nine) == [
        "id",
        "statusQueryGetUri",
        "sendEventPostUri",
        "terminatePostUri",
        "rewindPostUri",
        "purgeHistoryDeleteUri",
        "restartPostUri",
        "suspendPostUri",
        "resumePostUri",
    ]
    assert nine["terminatePostUri"] == (
        f"{BASE}/instances/abc/terminate?reason={{text}}&taskHub=Hub&connection=Storage"
    )
    assert set(nine) - set(eight) == {"rewindPostUri"}


def test_the_system_key_stands_at_the_end_of_every_url() -> None:
    payload = documents.check_status_payload(BASE, "abc", "Hub", "Storage", "k/=", with_rewind=True)
    assert all(url.endswith("&code=k%2F%3D") for key, url in payload.items() if key != "id")


def test_an_id_with_blanks_and_umlauts_gives_valid_urls() -> None:
    payload = documents.check_status_payload(BASE, "ä b", "Hub", "Storage", None, with_rewind=True)
    assert payload["id"] == "ä b"
    assert f"{BASE}/instances/%C3%A4%20b?" in payload["statusQueryGetUri"]


def test_the_client_binding_has_the_keys_of_the_original_in_order() -> None:
    rpc = "http://127.0.0.1:17071/s/durabletask/"
    binding = documents.client_binding(BASE, rpc, "Hub", "Storage", "KEY")
    assert list(binding) == [
        "taskHubName",
        "connectionName",
        "creationUrls",
        "managementUrls",
        "baseUrl",
        "requiredQueryStringParameters",
        "rpcBaseUrl",
        "httpBaseUrl",
    ]
    assert binding["requiredQueryStringParameters"] == "code=KEY"
    assert binding["creationUrls"] == {
        "createNewInstancePostUri": f"{BASE}/orchestrators/{{functionName}}[/{{instanceId}}]?code=KEY",
        "createAndWaitOnNewInstancePostUri": (
            f"{BASE}/orchestrators/{{functionName}}[/{{instanceId}}]"
            "?timeout={timeoutInSeconds}&pollingInterval={intervalInSeconds}&code=KEY"
        ),
    }
    keyless = documents.client_binding(BASE, rpc, "Hub", "Storage")
    assert keyless["creationUrls"]["createNewInstancePostUri"].endswith("[/{instanceId}]")


def test_the_sdk_takes_the_client_binding() -> None:
    binding = documents.client_binding(BASE, "http://127.0.0.1:1/s/durabletask/", "Hub", "Storage")
    parsed = DurableOrchestrationBindings.from_json(json.dumps(binding))
    assert parsed.task_hub_name == "Hub"
    assert parsed.rpc_base_url == "http://127.0.0.1:1/s/durabletask/"
    assert parsed.management_urls["id"] == "INSTANCEID"
    assert parsed.management_urls["statusQueryGetUri"].startswith(f"{BASE}/instances/INSTANCEID?")


ENTITY = dataclasses.replace(
    DONE,
    instance_id="@counter@K1",
    name="@counter@K1",
    status=Status.RUNNING,
    input=None,
    output=None,
    completed_at=None,
)


def shown(**fields: Any) -> tuple[Any, Any]:
    payload = documents.status_payload(dataclasses.replace(ENTITY, **fields))
    return payload["input"], payload["customStatus"]


def test_an_entity_is_shown_with_the_state_of_the_original_scheduler() -> None:
    assert shown(entity_state="10") == (
        {"exists": True, "state": "10", "sorter": {}},
        {"entityExists": True},
    )


def test_a_deleted_entity_is_shown_without_a_state() -> None:
    assert shown() == ({"sorter": {}}, {})


def test_an_entity_that_has_never_run_has_no_custom_status() -> None:
    assert shown(updated_at=ENTITY.created_at) == ({"sorter": {}}, None)


def test_a_locked_entity_names_the_holder_of_the_lock() -> None:
    assert shown(entity_state="1", locked_by="abc") == (
        {"exists": True, "state": "1", "lockedBy": "abc", "sorter": {}},
        {"entityExists": True, "lockedBy": "abc"},
    )


def test_an_input_that_is_kept_is_shown_as_the_sdk_of_the_instance_sends_it() -> None:
    history: list[events.Event] = [events.TaskScheduled(NOON, 0, "say_hello", '{"a":1}')]
    [of_1] = documents.history_payload(DONE, history)
    [of_2] = documents.history_payload(dataclasses.replace(DONE, protocol=SdkProtocol.GRPC2), history)
    assert (of_1["Input"], of_2["Input"]) == ('["{\\"a\\":1}"]', '{"a":1}')


def test_the_details_of_a_failure_are_shown() -> None:
    failed = events.TaskFailed(NOON, 0, "bad", None, FailureDetails("ValueError", "bad"))
    [item] = documents.history_payload(DONE, [failed])
    assert item["FailureDetails"]["ErrorType"] == "ValueError"
