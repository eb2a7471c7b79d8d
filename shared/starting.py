"""What both HTTP starters do alike: name the orchestrator, start it, answer 202.

Whether an instance may start is not decided here.
"""

import json
import re
from typing import Any
from urllib.parse import quote

import azure.functions as func

from shared import durable, exceptions, start_errors

_FUNCTION_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,127}")


def orchestrator_name(request: func.HttpRequest) -> str:
    """Read the orchestrator's name from the route.

    The client puts the name into a URL as it is, so anything that cannot be a function's name
    must not get there: `hello/x` would start `hello` under the ID `x`.

    Raises OrchestratorNotFound for such a name.
    """
    name: str = request.route_params.get("functionName", "")
    if not _FUNCTION_NAME.fullmatch(name):
        raise exceptions.OrchestratorNotFound(name)
    return name


async def start(client: durable.Client, name: str, instance_id: str | None, given: Any) -> str:
    """Start an instance and give its ID; None as ID lets the task hub choose one.

    Raises OrchestratorNotFound when the host says so; every other exception of the client
    passes through.
    """
    try:
        return await client.start_new(name, instance_id, given)
    except Exception as error:
        if start_errors.orchestrator_is_unknown(error):
            raise exceptions.OrchestratorNotFound(name, start_errors.known_orchestrators(error)) from error
        raise


def accepted(
    client: durable.Client, request: func.HttpRequest, instance_id: str, headers: dict[str, str]
) -> func.HttpResponse:
    """Answer 202 with the check-status payload of an instance, and more headers.

    As the client's own `create_check_status_response`, but with the ID encoded in the URLs: the
    client puts it in as it is, and a blank or a letter outside ASCII would break the Location.
    """
    links = client.get_client_response_links(request, quote(instance_id, safe=":@"))
    links["id"] = instance_id
    return func.HttpResponse(
        json.dumps(links),
        status_code=202,
        headers={
            "Content-Type": "application/json",
            "Location": links["statusQueryGetUri"],
            "Retry-After": "10",
            **headers,
        },
        mimetype="application/json",
    )
