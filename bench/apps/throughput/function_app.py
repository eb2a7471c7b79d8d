"""The app that is measured, on SDK 1.x and 2.x: activities that do nothing, and little else."""

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="ping", methods=["GET"])
def ping(req: func.HttpRequest) -> str:
    return "pong"


@app.route(route="start/{functionName}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def start(req: func.HttpRequest, client):
    instance_id = await client.start_new(req.route_params["functionName"])
    return client.create_check_status_response(req, instance_id)


@app.orchestration_trigger(context_name="context")
def hello_cities(context):
    greetings = []
    for city in ("Tokyo", "Seattle", "London", "Amsterdam", "Mumbai"):
        greetings.append((yield context.call_activity("say_hello", city)))
    return greetings


@app.orchestration_trigger(context_name="context")
def fan_out(context):
    count = context.get_input()["activities"]
    results = yield context.task_all([context.call_activity("nothing", index) for index in range(count)])
    return len(results)


@app.orchestration_trigger(context_name="context")
def chain(context):
    count = context.get_input()["activities"]
    for index in range(count):
        yield context.call_activity("nothing", index)
    return count


@app.orchestration_trigger(context_name="context")
def one_activity(context):
    return (yield context.call_activity("nothing", 0))


@app.activity_trigger(input_name="city")
def say_hello(city: str) -> str:
    return f"Hello {city}!"


@app.activity_trigger(input_name="index")
def nothing(index: int) -> None:
    return None
