"""How instances and their histories are shown to clients: documents of the durable HTTP API.

Pure formatting of plain data; nothing here looks anything up.
Source: durable extension, StatusResponsePayload, HttpManagementPayload, BindingHelper and the history
shaping of DurableClient.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from funchost.durable import events
from funchost.durable.entities import split_entity_id
from funchost.durable.identity import is_entity_id
from funchost.durable.instances import Instance, SdkProtocol, Status
from funchost.durable.refusals import Unreadable
from funchost.durable.text import dump_json, parse_json
from funchost.durable.timestamps import format_timestamp

PUBLIC_PATH = "/runtime/webhooks/durabletask"
INSTANCE_PLACEHOLDER = "INSTANCEID"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_Call = events.TaskScheduled | events.SubOrchestrationCreated
_Success = events.TaskCompleted | events.SubOrchestrationCompleted
_Outcome = _Success | events.Failure


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
        return parse_json(text, strict=True)
    except Unreadable:
        # Terminate reasons and failure messages are plain words.
        return text


def status_payload(
    instance: Instance,
    *,
    show_input: bool = True,
    history: Sequence[events.Event] | None = None,
    show_history_output: bool = False,
) -> dict[str, Any]:
    """The status document of an instance; `historyEvents` is there only when a history is given.

    A pending instance is shown without its history.
    Source: HTTP management API, get instance status.
    """
    input, custom_status = instance.input, instance.custom_status
    if is_entity_id(instance.instance_id):
        input, custom_status = _scheduler_state(instance), _entity_status(instance)
    payload: dict[str, Any] = {
        "name": instance.name,
        "instanceId": instance.instance_id,
        "runtimeStatus": str(instance.status),
        "input": stored_value(input) if show_input else None,
        "customStatus": stored_value(custom_status),
        "output": stored_value(instance.output),
        "createdTime": format_seconds(instance.created_at),
        "lastUpdatedTime": format_seconds(instance.updated_at),
    }
    if history is not None and instance.status is not Status.PENDING:
        payload["historyEvents"] = history_payload(
            instance, history, show_input=show_input, show_output=show_history_output
        )
    return payload


def _scheduler_state(entity: Instance) -> str:
    """What the original keeps of an entity in place of an input; default values are left out."""
    kept: dict[str, Any] = {}
    if entity.entity_state is not None:
        kept = {"exists": True, "state": entity.entity_state}
    if entity.locked_by is not None:
        kept["lockedBy"] = entity.locked_by
    return dump_json(kept | {"sorter": {}})


def _entity_status(entity: Instance) -> str | None:
    if entity.updated_at == entity.created_at and entity.entity_state is None:
        # Nobody has run it yet.
        return None
    status: dict[str, Any] = {} if entity.entity_state is None else {"entityExists": True}
    if entity.locked_by is not None:
        status["lockedBy"] = entity.locked_by
    return dump_json(status)


def history_payload(
    instance: Instance,
    history: Sequence[events.Event],
    *,
    show_input: bool = True,
    show_output: bool = False,
) -> list[dict[str, Any]]:
    """The `historyEvents` of a status: a call is merged into its completion.

    A call without completion stays as it is. Results appear only with `show_output`.
    Source: HTTP management API, historyEvents.
    """
    calls = {event.task_id: event for event in history if isinstance(event, _Call)}
    completed = {event.task_id for event in history if isinstance(event, _Outcome)}
    shown = []
    for event in history:
        if isinstance(event, events.OrchestratorStarted | events.OrchestratorCompleted):
            continue
        if event.type >= events.FIRST_PRIVATE_TYPE:
            continue
        if isinstance(event, _Call) and event.task_id in completed:
            continue
        fields = _completion(event, calls, instance, show_output) or _fields(event, instance, show_output)
        item = {"EventType": type(event).__name__.replace("SubOrchestration", "SubOrchestrationInstance")}
        item |= fields
        if not show_input:
            item.pop("Input", None)
        shown.append(item)
    return shown


def _completion(
    event: events.Event,
    calls: Mapping[int, _Call],
    instance: Instance,
    show_output: bool,
) -> dict[str, Any] | None:
    """A completion together with its call; None for any other event."""
    if not isinstance(event, _Outcome):
        return None
    call = calls.get(event.task_id)
    merged: dict[str, Any] = {}
    if isinstance(event, events.Failure):
        failure = None if event.failure is None else event.failure.document()
        merged = {"Reason": event.reason, "Details": event.details, "FailureDetails": failure}
    merged |= {
        "Timestamp": format_timestamp(event.at),
        "ScheduledTime": None if call is None else format_timestamp(call.at),
        "FunctionName": None if call is None else call.name,
        "Input": None if call is None else _call_input(call, instance),
    }
    if isinstance(event, _Success) and show_output:
        merged["Result"] = stored_value(event.result)
    return merged


def _call_input(call: _Call, instance: Instance) -> str | None:
    if call.input is None or isinstance(call, events.SubOrchestrationCreated):
        return call.input
    # The extension of SDK 1.x hands an activity's input on in an array of one.
    return dump_json([call.input]) if instance.protocol is SdkProtocol.JSON1 else call.input


def _fields(event: events.Event, instance: Instance, show_output: bool) -> dict[str, Any]:
    """What a client sees of an event that is no completion, behind its EventType."""
    timestamp = {"Timestamp": format_timestamp(event.at)}
    match event:
        case events.ExecutionStarted():
            scheduled = None if instance.scheduled_at is None else format_timestamp(instance.scheduled_at)
            start = {"Correlation": None, "ScheduledStartTime": scheduled, "Generation": instance.generation}
            return {**start, "Input": instance.input, **timestamp, "FunctionName": event.name}
        case events.ExecutionCompleted():
            ended: dict[str, Any] = {"OrchestrationStatus": str(event.status)}
            if show_output:
                ended["Result"] = stored_value(event.result)
            failure = None if event.failure is None else event.failure.document()
            return {**ended, "FailureDetails": failure, **timestamp}
        case events.TaskScheduled():
            call = {"Name": event.name, "Version": event.version, "Input": _call_input(event, instance)}
            return {**call, "Tags": _tags(event.tags), **timestamp}
        case events.SubOrchestrationCreated():
            call = {"Name": event.name, "Version": event.version, "InstanceId": event.target_id}
            return {**call, "Input": event.input, "Tags": _tags(event.tags), **timestamp}
        case events.TimerCreated() | events.TimerFired():
            # TimerFired loses its TimerId, as the original drops it.
            return {"FireAt": format_timestamp(event.fire_at), **timestamp}
        case events.EventSent():
            return {"InstanceId": event.target_id, "Name": event.name, "Input": event.input, **timestamp}
        case events.EventRaised():
            return {"Name": event.name, "Input": event.input, **timestamp}
        case events.ExecutionTerminated():
            return {"Input": event.reason, **timestamp}
        case events.ExecutionSuspended() | events.ExecutionResumed():
            return {"Reason": event.reason, **timestamp}
        case events.GenericEvent():
            return {"Data": event.data, **timestamp}
    return timestamp


def _tags(tags: Mapping[str, str] | None) -> dict[str, str] | None:
    return None if tags is None else dict(tags)


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
    """The value of a durableClient binding of SDK 1.x, from which the SDK makes its client.

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


def grpc_client_binding(
    base_url: str,
    grpc_port: int,
    hub: str,
    code: str | None = None,
    *,
    max_message_bytes: int = 4_194_304,
    http_client_timeout: str = "00:01:40",
    use_forwarded_host: bool = False,
) -> dict[str, Any]:
    """The value of a durableClient binding of SDK 2.x.

    Args:
        base_url: the public base of the durable webhooks, without a slash at its end.
        grpc_port: where the host serves durable clients on the loopback interface.
        hub: name of the task hub.
        code: the system key that management URLs need, if any.
        max_message_bytes: limit of one gRPC message in either direction.
        http_client_timeout: a .NET time span, which the Python SDK keeps and does not use.
        use_forwarded_host: whether management URLs follow the `Forwarded` headers of the request.
    Source: durable extension, BindingHelper, for the gRPC protocol.
    """
    return {
        "taskHubName": hub,
        "connectionName": None,
        # No path: the SDK takes what follows `http://` for the target of the channel.
        "rpcBaseUrl": f"http://127.0.0.1:{grpc_port}",
        "requiredQueryStringParameters": urlencode({"code": code}) if code else "",
        "httpBaseUrl": base_url,
        "maxGrpcMessageSizeInBytes": max_message_bytes,
        "grpcHttpClientTimeout": http_client_timeout,
        "useForwardedHost": use_forwarded_host,
    }


def entity_payload(entity: Instance, *, fetch_state: bool) -> dict[str, Any]:
    """One item of the list of entities. Source: HTTP management API, list entities."""
    name, key = split_entity_id(entity.instance_id)
    return {
        "entityId": {"name": name, "key": key},
        "lastOperationTime": format_timestamp(entity.updated_at),
        "state": stored_value(entity.entity_state) if fetch_state else None,
    }
