"""Aggregator: many small messages add up in an entity, which keeps its state between them.

Sensors send temperatures. Each sensor is an entity; its operations run one after the other, so none is lost.
"""

import json

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="sensors/{name}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def report(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Pass a temperature, `?celsius=`, on to the sensor's entity, and do not wait for it."""
    reading = {"celsius": float(req.params["celsius"])}
    await client.signal_entity(entity_of(req), "add", reading)
    return func.HttpResponse(status_code=202)


@app.route(route="sensors/{name}", methods=["GET"])
@app.durable_client_input(client_name="client")
async def summary(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """What the readings of a sensor add up to."""
    sensor_state = await client.read_entity_state(entity_of(req))
    if not sensor_state.entity_exists:
        return func.HttpResponse("This sensor has sent nothing.", status_code=404)
    return func.HttpResponse(json.dumps(sensor_state.entity_state), mimetype="application/json")


@app.route(route="sensors/{name}", methods=["DELETE"])
@app.durable_client_input(client_name="client")
async def forget(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Let a sensor begin anew."""
    await client.signal_entity(entity_of(req), "reset")
    return func.HttpResponse(status_code=202)


def entity_of(req: func.HttpRequest) -> df.EntityId:
    """The entity that stands for the sensor of the route."""
    return df.EntityId("sensor", req.route_params["name"])


@app.entity_trigger(context_name="context")
def sensor(context: df.DurableEntityContext) -> None:
    """One operation on one sensor."""
    state = context.get_state(lambda: {"count": 0})
    if context.operation_name == "add":
        celsius = context.get_input()["celsius"]
        state = {
            "count": state["count"] + 1,
            "lowest": min(celsius, state.get("lowest", celsius)),
            "highest": max(celsius, state.get("highest", celsius)),
        }
    elif context.operation_name == "reset":
        state = {"count": 0}
    context.set_state(state)
