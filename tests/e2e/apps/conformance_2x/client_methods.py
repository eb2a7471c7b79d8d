"""Every method of both clients of SDK 2.x, the asynchronous and the synchronous one, callable over HTTP."""

import dataclasses
import json
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

import azure.durable_functions as df
import azure.functions as func
from durabletask.client import EntityQuery, OrchestrationQuery, OrchestrationStatus
from durabletask.entities import EntityInstanceId, EntityMetadata
from durabletask.history import HistoryEvent
from durabletask.internal.orchestrator_service_pb2 import OrchestrationIdReusePolicy

bp = df.Blueprint()


@bp.route(route="async/{method}", methods=["POST"])
@bp.durable_client_input(client_name="client")
async def async_method(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """Call the method of the asynchronous client with the body's object as keyword arguments."""
    try:
        returned = getattr(client, req.route_params["method"])(**_arguments(req))
        return _answer({"returned": await returned})
    except Exception as error:
        return _answer(_raised(error))


@bp.route(route="sync/{method}", methods=["POST"])
@bp.durable_client_input(client_name="client")
def sync_method(req: func.HttpRequest, client: df.SyncDurableFunctionsClient) -> func.HttpResponse:
    """The same with the synchronous client."""
    try:
        return _answer({"returned": getattr(client, req.route_params["method"])(**_arguments(req))})
    except Exception as error:
        return _answer(_raised(error))


@bp.route(route="{how}/start/{name}/{id}", methods=["POST"])
@bp.durable_client_input(client_name="client")
async def start(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """The usual HTTP starter."""
    instance_id = await client.schedule_new_orchestration(
        req.route_params["name"], instance_id=req.route_params["id"]
    )
    return client.create_check_status_response(req, instance_id)


@bp.route(route="payload/{id}", methods=["GET"])
@bp.durable_client_input(client_name="client")
def payload(req: func.HttpRequest, client: df.SyncDurableFunctionsClient) -> func.HttpResponse:
    """The URLs that the synchronous client makes."""
    return _answer(dict(client.create_http_management_payload(req, req.route_params["id"])))


def _arguments(req: func.HttpRequest) -> dict[str, Any]:
    return {name: _argument(name, value) for name, value in req.get_json().items()}


def _argument(name: str, value: Any) -> Any:
    match name:
        case "orchestration_query":
            return OrchestrationQuery(**{key: _argument(key, each) for key, each in value.items()})
        case "entity_query":
            return EntityQuery(**{key: _argument(key, each) for key, each in value.items()})
        case "entity_instance_id":
            return EntityInstanceId(*value)
        case "runtime_status":
            return [OrchestrationStatus[each] for each in value]
        case "reuse_id_policy":
            statuses = [OrchestrationStatus[each].value for each in value]
            return OrchestrationIdReusePolicy(replaceableStatus=statuses)
        case "purge_timeout" | "timeout" if isinstance(value, str):
            return timedelta(seconds=float(value))
    if name in ("start_at", "signal_time") or name.endswith(("_from", "_to")):
        return datetime.fromisoformat(value)
    return value


def _raised(error: Exception) -> dict[str, Any]:
    raised: dict[str, Any] = {"type": type(error).__name__, "text": str(error)}
    if hasattr(error, "code"):
        raised |= {"code": error.code().name, "text": error.details()}
    return {"raised": raised}


def _readable(value: Any) -> Any:
    if isinstance(value, HistoryEvent):
        return type(value).__name__
    if isinstance(value, EntityMetadata):
        state = value.get_state() if value.includes_state else None
        return {"id": str(value.id), "state": state, "locked_by": value.get_locked_by()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = (each.name for each in dataclasses.fields(value))
        return {name: getattr(value, name) for name in fields if not name.startswith("_")}
    if hasattr(value, "error_type"):
        return {"type": value.error_type, "message": value.message}
    if isinstance(value, Enum):
        return value.name
    return str(value)


def _answer(value: Any) -> func.HttpResponse:
    if isinstance(value, dict):
        # Otherwise `json` would look into an event of the history, and never ask.
        value = {name: _plain(each) for name, each in value.items()}
    return func.HttpResponse(json.dumps(value, default=_readable), mimetype="application/json")


def _plain(value: Any) -> Any:
    return [_readable(each) for each in value] if isinstance(value, list) else value
