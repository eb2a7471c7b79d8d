"""What both HTTP starters do alike: find the orchestrator, start it, answer 202.

Whether an instance may start is not decided here.
"""

import json
from typing import Any

import azure.functions as func

from shared import durable, exceptions, generations, orchestrators


def orchestrator_name(request: func.HttpRequest) -> str:
    """Read the orchestrator's name from the route.

    Raises OrchestratorNotFound when the app has none of that name.
    """
    return orchestrators.named(request.route_params.get("functionName", ""))


async def start(client: durable.Client, name: str, instance_id: str | None, given: Any) -> str:
    """Start an instance and give its ID; None as ID lets the SDK or the task hub choose one.

    Raises OrchestratorNotFound when the host refuses the name, say of a function that is disabled;
    every other exception of the client passes through.
    """
    try:
        return await generations.start(client, name, instance_id, given)
    except Exception as error:
        if generations.orchestrator_is_unknown(error):
            raise exceptions.OrchestratorNotFound(name) from error
        raise


def accepted(
    client: durable.Client, request: func.HttpRequest, instance_id: str, headers: dict[str, str]
) -> func.HttpResponse:
    """Answer 202 with the check-status payload of an instance, and more headers."""
    links = generations.management_links(client, request, instance_id)
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
