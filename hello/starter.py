"""The plain HTTP starter: every request starts a new instance under a new random ID."""

import azure.functions as func

from hello.blueprint import bp
from shared import durable, exceptions, journal, parameters, problems, starting


@bp.route(route="orchestrators/{functionName}", methods=["GET", "POST"])
@bp.durable_client_input(client_name="client")
async def start_orchestrator(req: func.HttpRequest, client: durable.Client) -> func.HttpResponse:
    """Start the orchestrator of the route; a JSON body, if any, is its input."""
    try:
        name = starting.orchestrator_name(req)
        given = parameters.json_body(req.get_body())
        instance_id = await starting.start(client, name, None, given)
    except (exceptions.InvalidValue, exceptions.OrchestratorNotFound) as refusal:
        journal.record(f"start_orchestrator: refused, {refusal}")
        return problems.response(refusal)
    journal.record(f"start_orchestrator: started {name} as {instance_id}")
    return starting.accepted(client, req, instance_id, headers={})
