"""The singleton starter over HTTP: never two running instances under one ID.

Either way the answer is 202 with the payload of the instance that has the ID, so a caller can
poll without asking first; a header tells whether this call started it.
"""

import os

import azure.functions as func

from shared import durable, exceptions, journal, problems, settings, starting
from singleton import request, start
from singleton.blueprint import bp

STARTED_HEADER = "X-Instance-Started"

_SETTINGS = settings.read(os.environ)


@bp.route(route="orchestrators2/{functionName}", methods=["GET", "POST"])
@bp.durable_client_input(client_name="client")
async def start_singleton(req: func.HttpRequest, client: durable.Client) -> func.HttpResponse:
    """Start the orchestrator of the route under the ID of the query, unless one runs there."""
    try:
        name = starting.orchestrator_name(req)
        wanted = request.read(req.url, req.get_body(), _SETTINGS)
        started = await start.start_or_find(client, name, wanted.instance_id, wanted.job.to_input())
    except (exceptions.InvalidValue, exceptions.OrchestratorNotFound) as refusal:
        journal.record(f"start_singleton: refused, {refusal}")
        return problems.response(refusal)
    journal.record(f"start_singleton: {'started' if started else 'found'} {wanted.instance_id}")
    headers = {STARTED_HEADER: "true" if started else "false"}
    return starting.accepted(client, req, wanted.instance_id, headers)
