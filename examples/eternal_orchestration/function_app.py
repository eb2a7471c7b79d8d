"""Eternal orchestration: work that repeats for ever, each round with a fresh history.

A savings plan pays an instalment and interest every so often, until somebody ends it.
"""

from datetime import timedelta

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="plans/{name}", methods=["PUT"])
@app.durable_client_input(client_name="client")
async def open_plan(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Start a plan. `?euros=` is its instalment, `?every=` the seconds from one to the next."""
    name = req.route_params["name"]
    plan = {"euros": int(req.params["euros"]), "every": float(req.params["every"]), "balance": 0}
    await client.start_new("savings_plan", name, plan)
    return client.create_check_status_response(req, name)


@app.route(route="plans/{name}", methods=["DELETE"])
@app.durable_client_input(client_name="client")
async def close_plan(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """End a plan, whatever it is waiting for."""
    await client.terminate(req.route_params["name"], "closed by its owner")
    return func.HttpResponse(status_code=202)


@app.orchestration_trigger(context_name="context")
def savings_plan(context: df.DurableOrchestrationContext):
    """One round. What the next one needs is in its input; the history does not grow."""
    plan = context.get_input()
    balance = yield context.call_activity("pay_in", plan)
    context.set_custom_status({"balance": balance})
    yield context.create_timer(context.current_utc_datetime + timedelta(seconds=plan["every"]))
    context.continue_as_new({**plan, "balance": balance})


@app.activity_trigger(input_name="plan")
def pay_in(plan: dict) -> float:
    """The balance after one more instalment and 1 % interest."""
    return round((plan["balance"] + plan["euros"]) * 1.01, 2)
