"""Async HTTP API: long work behind a request that is answered at once with where to ask for the result.

The report of a month takes its time: PUT starts it, the status URL tells how far it is and has it in the end.
"""

import time

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)

CHAPTERS = ("sales", "returns", "stock")
UNDER_WAY = (df.OrchestrationRuntimeStatus.Pending, df.OrchestrationRuntimeStatus.Running)


@app.route(route="reports/{month}", methods=["PUT"])
@app.durable_client_input(client_name="client")
async def order_report(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Start the report, unless it is being made; 202 with the URLs that observe and steer it."""
    month = req.route_params["month"]
    instance_id = f"report-{month}"
    status = await client.get_status(instance_id)
    if status.runtime_status not in UNDER_WAY:
        await client.start_new("make_report", instance_id, month)
    return client.create_check_status_response(req, instance_id)


@app.orchestration_trigger(context_name="context")
def make_report(context: df.DurableOrchestrationContext):
    """Write the chapters one by one; the custom status tells pollers how far it is."""
    month = context.get_input()
    chapters = []
    for chapter in CHAPTERS:
        context.set_custom_status({"written": len(chapters), "of": len(CHAPTERS)})
        text = yield context.call_activity("write_chapter", f"{chapter} of {month}")
        chapters.append(text)
    context.set_custom_status({"written": len(chapters), "of": len(CHAPTERS)})
    return chapters


@app.activity_trigger(input_name="title")
def write_chapter(title: str) -> str:
    """Half a second of work."""
    time.sleep(0.5)
    return f"The {title}: nothing unusual."
