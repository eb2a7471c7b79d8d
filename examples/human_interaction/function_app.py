"""Human interaction: wait for a person's decision, but not for ever.

Somebody hands in an expense. The manager decides; if the manager is silent, the director is told.
"""

import logging
from datetime import timedelta

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)

DECISION = "Decision"
VERDICTS = ("approved", "rejected")


@app.route(route="expenses/{number}", methods=["PUT"])
@app.durable_client_input(client_name="client")
async def hand_in(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Ask for an approval. `?euros=` is the amount, `?patience=` the seconds that the manager has."""
    instance_id = f"expense-{req.route_params['number']}"
    expense = {"euros": int(req.params["euros"]), "patience": float(req.params["patience"])}
    await client.start_new("approval", instance_id, expense)
    return client.create_check_status_response(req, instance_id)


@app.route(route="expenses/{number}/decision", methods=["POST"])
@app.durable_client_input(client_name="client")
async def decide(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Pass the manager's `?verdict=` on as an external event."""
    verdict = req.params.get("verdict")
    if verdict not in VERDICTS:
        return func.HttpResponse(f"The verdict must be one of {', '.join(VERDICTS)}.", status_code=400)
    instance_id = f"expense-{req.route_params['number']}"
    status = await client.get_status(instance_id)
    if status.runtime_status != df.OrchestrationRuntimeStatus.Running:
        return func.HttpResponse("Nobody waits for this decision.", status_code=409)
    await client.raise_event(instance_id, DECISION, verdict)
    return func.HttpResponse(status_code=202)


@app.orchestration_trigger(context_name="context")
def approval(context: df.DurableOrchestrationContext):
    """Whichever comes first: the decision, or the end of patience."""
    expense = context.get_input()
    yield context.call_activity("tell", {"who": "manager", "euros": expense["euros"]})

    decision = context.wait_for_external_event(DECISION)
    deadline = context.create_timer(context.current_utc_datetime + timedelta(seconds=expense["patience"]))
    first = yield context.task_any([decision, deadline])
    if first == deadline:
        yield context.call_activity("tell", {"who": "director", "euros": expense["euros"]})
        return "escalated"

    # A timer that is neither fired nor cancelled keeps its instance running.
    deadline.cancel()
    # SDK 1.x sends the data as JSON within a JSON string and undoes only one of the two, so the verdict comes
    # in quotation marks; 2.x undoes what it does.
    return decision.result.strip('"')


@app.activity_trigger(input_name="news")
def tell(news: dict) -> None:
    """Where a real app would send a mail."""
    logging.info("To the %s: an expense of %d euros waits.", news["who"], news["euros"])
