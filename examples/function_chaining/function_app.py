"""Function chaining: each activity works on what the one before it returned.

An order becomes a parcel: the goods are priced, the customer is charged, the parcel gets its number.
"""

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)

PRICES_IN_CENTS = {"tea": 450, "pot": 2900}


@app.route(route="orders/{number}", methods=["PUT"])
@app.durable_client_input(client_name="client")
async def place_order(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Start an order and answer with its parcel, or with where to ask for it if that takes over 10 s."""
    instance_id = f"order-{req.route_params['number']}"
    await client.start_new("fulfil_order", instance_id, {"item": req.params["item"]})
    return await client.wait_for_completion_or_create_check_status_response(
        req, instance_id, timeout_in_milliseconds=10_000, retry_interval_in_milliseconds=100
    )


@app.orchestration_trigger(context_name="context")
def fulfil_order(context: df.DurableOrchestrationContext):
    """The chain. An activity that fails ends it; what comes after is not run."""
    order = context.get_input()
    priced = yield context.call_activity("add_price", order)
    charged = yield context.call_activity("charge_customer", priced)
    parcel = yield context.call_activity("ship", charged)
    return parcel


@app.activity_trigger(input_name="order")
def add_price(order: dict) -> dict:
    """Look up what the ordered item costs."""
    if order["item"] not in PRICES_IN_CENTS:
        raise ValueError(f"There is no {order['item']} on sale.")
    return {**order, "cents": PRICES_IN_CENTS[order["item"]]}


@app.activity_trigger(input_name="order")
def charge_customer(order: dict) -> dict:
    """Take the money."""
    return {**order, "paid": True}


@app.activity_trigger(input_name="order")
def ship(order: dict) -> dict:
    """Hand the parcel to the carrier."""
    return {**order, "parcel": f"{order['item'].upper()}-{order['cents']}"}
