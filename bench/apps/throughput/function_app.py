"""The app that is measured: activities that do nothing, and as little else as possible."""

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="ping", methods=["GET"])
def ping(req: func.HttpRequest) -> str:
    return "pong"


@app.route(route="start/{functionName}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def start(req: func.HttpRequest, client):
    given = req.get_json() if req.get_body() else None
    instance_id = await client.start_new(req.route_params["functionName"], None, given)
    return client.create_check_status_response(req, instance_id)


@app.orchestration_trigger(context_name="context")
def fan_out(context):
    count = context.get_input()["tasks"]
    results = yield context.task_all([context.call_activity("nothing", index) for index in range(count)])
    return len(results)


@app.orchestration_trigger(context_name="context")
def one_activity(context):
    return (yield context.call_activity("nothing", 0))


@app.activity_trigger(input_name="index")
def nothing(index: int) -> None:
    return None
