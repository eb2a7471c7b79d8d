"""Monitor: look at something again and again, at intervals, until it is as wished or the time is up.

A partner delivers a file into the folder of the app setting INBOX; somebody wants to know when.
"""

import os
from datetime import timedelta
from pathlib import Path

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="watches/{file}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def watch(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Start to wait for a file. `?every=` and `?limit=` are seconds."""
    file = req.route_params["file"]
    wish = {"file": file, "every": float(req.params["every"]), "limit": float(req.params["limit"])}
    await client.start_new("wait_for_file", file, wish)
    return client.create_check_status_response(req, file)


@app.orchestration_trigger(context_name="context")
def wait_for_file(context: df.DurableOrchestrationContext):
    """Look, then sleep in a durable timer: between two looks nothing runs, and a restart loses nothing."""
    wish = context.get_input()
    # The orchestrator's own clock: on replay it tells the same times again.
    deadline = context.current_utc_datetime + timedelta(seconds=wish["limit"])
    looks = 0
    while context.current_utc_datetime < deadline:
        size = yield context.call_activity("size_of", wish["file"])
        looks += 1
        if size is not None:
            return {"arrived": True, "bytes": size}
        context.set_custom_status({"looks": looks})
        yield context.create_timer(context.current_utc_datetime + timedelta(seconds=wish["every"]))
    return {"arrived": False}


@app.activity_trigger(input_name="file")
def size_of(file: str) -> int | None:
    """The size of a file in the inbox; None when it is not there."""
    path = Path(os.environ["INBOX"]) / file
    return path.stat().st_size if path.is_file() else None
