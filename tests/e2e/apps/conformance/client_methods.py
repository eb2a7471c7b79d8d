"""Every method of the SDK's client, callable over HTTP: the test sends arguments, and gets what happened."""

import json
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import azure.durable_functions as df
import azure.functions as func

bp = df.Blueprint()

WITH_REQUEST = (
    "create_check_status_response",
    "get_client_response_links",
    "wait_for_completion_or_create_check_status_response",
)


@bp.route(route="client/{method}", methods=["POST"])
@bp.durable_client_input(client_name="client")
async def client_method(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Call the method with the body's object as keyword arguments."""
    method = req.route_params["method"]
    arguments = {name: _argument(name, value) for name, value in req.get_json().items()}
    if method in WITH_REQUEST:
        arguments["request"] = req
    try:
        returned = getattr(client, method)(**arguments)
        if hasattr(returned, "__await__"):
            returned = await returned
    except Exception as error:
        raised = {"type": type(error).__name__, "args": list(error.args)}
        if hasattr(error, "code"):
            raised = {"type": raised["type"], "code": error.code().name, "text": error.details()}
        return _answer({"raised": raised})
    if isinstance(returned, func.HttpResponse):
        return returned
    return _answer({"returned": _readable(returned)})


@bp.route(route="start/{name}/{id?}", methods=["POST"])
@bp.durable_client_input(client_name="client")
async def start(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """The usual HTTP starter."""
    given = json.loads(req.get_body() or b"null")
    instance_id = await client.start_new(req.route_params["name"], req.route_params.get("id"), given)
    return client.create_check_status_response(req, instance_id)


@bp.route(route="hub-of-client", methods=["GET"])
@bp.durable_client_input(client_name="client", task_hub="%CONFORMANCE_HUB%")
async def hub_of_client(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """The task hub of a client for which an app setting names it."""
    if hasattr(client, "taskHubName"):
        return _answer(client.taskHubName)
    url = client.create_http_management_payload("x")["statusQueryGetUri"]
    return _answer(parse_qs(urlsplit(url).query)["taskHub"][0])


def _argument(name: str, value: Any) -> Any:
    if name.startswith("created_time"):
        return None if value is None else datetime.fromisoformat(value)
    if name == "runtime_status":
        return [df.OrchestrationRuntimeStatus(status) for status in value]
    if name.lower() == "entityid" or name == "entity_id":
        return df.EntityId(*value)
    return value


def _readable(value: Any) -> Any:
    if isinstance(value, list):
        return [_readable(item) for item in value]
    if hasattr(value, "runtime_status"):
        status = value.runtime_status
        return {
            **{name: item for name, item in vars(value).items() if not name.startswith("_")},
            "is_true": bool(value),
            "name": value.name,
            "instance_id": value.instance_id,
            "runtime_status": status.name if status else None,
            "created_time": value.created_time.isoformat() if value.created_time else None,
            "last_updated_time": value.last_updated_time.isoformat() if value.last_updated_time else None,
            "input": value.input_,
            "output": value.output,
            "custom_status": value.custom_status,
            "history": value.history,
            "historyEvents": value.historyEvents if hasattr(value, "historyEvents") else value.history,
        }
    if hasattr(value, "instances_deleted"):
        return {"instances_deleted": value.instances_deleted}
    if hasattr(value, "entity_exists"):
        return {"entity_exists": value.entity_exists, "entity_state": value.entity_state}
    return value


def _answer(value: Any) -> func.HttpResponse:
    return func.HttpResponse(json.dumps(value), mimetype="application/json")
