"""How instances and their histories are shown to clients: documents of the durable HTTP API.

Pure formatting of plain data; nothing here looks anything up.
Source: durable extension, StatusResponsePayload, HttpManagementPayload, BindingHelper and the history
shaping of DurableClient.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from funchost.durable.clock import format_timestamp
from funchost.durable.events import EventType
from funchost.durable.instances import Instance, Status

PUBLIC_PATH = "/runtime/webhooks/durabletask"
INSTANCE_PLACEHOLDER = "INSTANCEID"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAMES = {
    EventType.EXECUTION_STARTED: "ExecutionStarted",
    EventType.EXECUTION_COMPLETED: "ExecutionCompleted",
    EventType.EXECUTION_TERMINATED: "ExecutionTerminated",
    EventType.TASK_SCHEDULED: "TaskScheduled",
    EventType.TASK_COMPLETED: "TaskCompleted",
    EventType.TASK_FAILED: "TaskFailed",
    EventType.SUB_ORCHESTRATION_CREATED: "SubOrchestrationInstanceCreated",
    EventType.SUB_ORCHESTRATION_COMPLETED: "SubOrchestrationInstanceCompleted",
    EventType.SUB_ORCHESTRATION_FAILED: "SubOrchestrationInstanceFailed",
    EventType.TIMER_CREATED: "TimerCreated",
    EventType.TIMER_FIRED: "TimerFired",
    EventType.EVENT_SENT: "EventSent",
    EventType.EVENT_RAISED: "EventRaised",
    EventType.GENERIC_EVENT: "GenericEvent",
    EventType.EXECUTION_SUSPENDED: "ExecutionSuspended",
    EventType.EXECUTION_RESUMED: "ExecutionResumed",
}
_CALLS = frozenset({EventType.TASK_SCHEDULED, EventType.SUB_ORCHESTRATION_CREATED})
_SUCCESSES = frozenset({EventType.TASK_COMPLETED, EventType.SUB_ORCHESTRATION_COMPLETED})
_FAILURES = frozenset({EventType.TASK_FAILED, EventType.SUB_ORCHESTRATION_FAILED})
_STATUS_NAMES = {status.number: str(status) for status in Status}


def compact_json(value: Any) -> str:
    """JSON without blanks, characters beyond ASCII as themselves where UTF-8 can carry them."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        # A lone surrogate, which JSON can escape but UTF-8 cannot carry.
        return json.dumps(value, separators=(",", ":"))
    return text


def format_seconds(microseconds: int) -> str:
    """A time of the status document: whole seconds, the fraction cut off, not rounded."""
    moment = _EPOCH + timedelta(seconds=microseconds // 1_000_000)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def stored_value(text: str | None) -> Any:
    """Stored text as it is shown: parsed when it is JSON, else as a string; None stays null."""
    if text is None:
        return None
    if not text.strip():
        return ""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        # Terminate reasons and failure messages are plain words.
        return text


def status_payload(
    instance: Instance,
    *,
    show_input: bool = True,
    history: Sequence[dict[str, Any]] | None = None,
    show_history_output: bool = False,
) -> dict[str, Any]:
    """The status document of an instance; `historyEvents` is there only when a history is given.

    `history` holds raw history events; a pending instance is shown without it.
    Source: HTTP management API, get instance status.
    """
    payload: dict[str, Any] = {
        "name": instance.name,
        "instanceId": instance.instance_id,
        "runtimeStatus": str(instance.status),
        "input": stored_value(instance.input) if show_input else None,
        "customStatus": stored_value(instance.custom_status),
        "output": stored_value(instance.output),
        "createdTime": format_seconds(instance.created_at),
        "lastUpdatedTime": format_seconds(instance.updated_at),
    }
    if history is not None and instance.status is not Status.PENDING:
        payload["historyEvents"] = history_payload(
            [_with_input(event, instance.input) for event in history],
            show_input=show_input,
            show_output=show_history_output,
        )
    return payload


def _with_input(event: dict[str, Any], input: str | None) -> dict[str, Any]:
    # The history does not repeat the input that stands with the instance.
    return event | {"Input": input} if event["EventType"] == EventType.EXECUTION_STARTED else event


def history_payload(
    events: Sequence[dict[str, Any]], *, show_input: bool = True, show_output: bool = False
) -> list[dict[str, Any]]:
    """The `historyEvents` of a status: numbers become names, a call is merged into its completion.

    A call without completion stays as it is. Results appear only with `show_output`.
    Source: HTTP management API, historyEvents.
    """
    calls = {event["EventId"]: event for event in events if event["EventType"] in _CALLS}
    completed = {event["TaskScheduledId"] for event in events if event["EventType"] in _SUCCESSES | _FAILURES}
    shown = []
    for event in events:
        type_ = event["EventType"]
        if type_ not in _NAMES or (type_ in _CALLS and event["EventId"] in completed):
            continue
        item = {"EventType": _NAMES[type_]} | _shown_fields(event, calls, show_output)
        if not show_input:
            item.pop("Input", None)
        shown.append(item)
    return shown


def _shown_fields(
    event: dict[str, Any], calls: dict[int, dict[str, Any]], show_output: bool
) -> dict[str, Any]:
    """The fields that a client sees of one event, behind its EventType."""
    type_ = event["EventType"]
    timestamp = {"Timestamp": event["Timestamp"]}
    if type_ in _SUCCESSES | _FAILURES:
        call = calls.get(event["TaskScheduledId"], {})
        outcome = _pick(event, "Reason", "Details", "FailureDetails") if type_ in _FAILURES else {}
        merged = {
            **outcome,
            **timestamp,
            "ScheduledTime": call.get("Timestamp"),
            "FunctionName": call.get("Name"),
            "Input": call.get("Input"),
        }
        if type_ in _SUCCESSES and show_output:
            merged["Result"] = stored_value(event.get("Result"))
        return merged
    if type_ == EventType.EXECUTION_STARTED:
        return {
            **_pick(event, "Correlation", "ScheduledStartTime", "Generation", "Input"),
            **timestamp,
            "FunctionName": event["Name"],
        }
    if type_ == EventType.EXECUTION_COMPLETED:
        ended: dict[str, Any] = {"OrchestrationStatus": _STATUS_NAMES[event["OrchestrationStatus"]]}
        if show_output:
            ended["Result"] = stored_value(event.get("Result"))
        return {**ended, **_pick(event, "FailureDetails"), **timestamp}
    # TimerFired loses its TimerId, as the original drops it; all others keep what they carry.
    hidden = {"EventType", "EventId", "IsPlayed", "Timestamp", "TimerId"}
    return {key: value for key, value in event.items() if key not in hidden} | timestamp


def _pick(event: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: event.get(key) for key in keys}


def check_status_payload(
    base_url: str, instance_id: str, hub: str, connection: str, code: str | None, with_rewind: bool
) -> dict[str, str]:
    """The URLs to watch and steer an instance: nine of them, or eight without `rewindPostUri`.

    `base_url` is the public webhook base without a trailing slash; `code` is the system key, if any.
    Source: HttpManagementPayload; the extension's own start and restart leave the rewind URL out.
    """
    escaped = quote(instance_id, safe="")
    instance = f"{base_url}/instances/{escaped}"
    query = urlencode({"taskHub": hub, "connection": connection} | ({"code": code} if code else {}))
    payload = {
        "id": instance_id,
        "statusQueryGetUri": f"{instance}?{query}",
        "sendEventPostUri": f"{instance}/raiseEvent/{{eventName}}?{query}",
        "terminatePostUri": f"{instance}/terminate?reason={{text}}&{query}",
        "rewindPostUri": f"{instance}/rewind?reason={{text}}&{query}",
        "purgeHistoryDeleteUri": f"{instance}?{query}",
        "restartPostUri": f"{instance}/restart?{query}",
        "suspendPostUri": f"{instance}/suspend?reason={{text}}&{query}",
        "resumePostUri": f"{instance}/resume?reason={{text}}&{query}",
    }
    if not with_rewind:
        del payload["rewindPostUri"]
    return payload


def client_binding(
    base_url: str, rpc_base_url: str, hub: str, connection: str, code: str | None = None
) -> dict[str, Any]:
    """The value of a durableClient binding, from which the SDK makes its client.

    `base_url` is the public webhook base without a trailing slash; `rpc_base_url` ends with one, because
    the SDK only concatenates. Source: BindingHelper of the durable extension.
    """
    key = urlencode({"code": code}) if code else ""
    create = f"{base_url}/orchestrators/{{functionName}}[/{{instanceId}}]"
    wait = "timeout={timeoutInSeconds}&pollingInterval={intervalInSeconds}"
    return {
        "taskHubName": hub,
        "connectionName": None,
        "creationUrls": {
            "createNewInstancePostUri": create + (f"?{key}" if key else ""),
            "createAndWaitOnNewInstancePostUri": f"{create}?{wait}" + (f"&{key}" if key else ""),
        },
        "managementUrls": check_status_payload(
            base_url, INSTANCE_PLACEHOLDER, hub, connection, code, with_rewind=True
        ),
        "baseUrl": base_url,
        "requiredQueryStringParameters": key,
        "rpcBaseUrl": rpc_base_url,
        "httpBaseUrl": None,
    }


def entity_payload(name: str, key: str, updated_at: int, state: Any) -> dict[str, Any]:
    """One item of the list of entities. Source: HTTP management API, list entities."""
    return {
        "entityId": {"name": name, "key": key},
        "lastOperationTime": format_timestamp(updated_at),
        "state": state,
    }
