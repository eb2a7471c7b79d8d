"""An order, step by step."""

from tests.generations import HAS_SDK_2

EXAMPLE = "function_chaining"


async def test_its_page_tells_the_truth(page):
    assert await page.run() == 2


async def test_the_parcel_of_an_order_is_the_answer(host):
    reply = await host.request("PUT", "/api/orders/1?item=pot")

    assert (reply.status, reply.json()["parcel"]) == (200, "POT-2900")


async def test_the_activities_run_in_their_order(host):
    await host.request("PUT", "/api/orders/2?item=tea")

    history = await host.history("order-2")
    steps = [event["FunctionName"] for event in history if event["EventType"] == "TaskCompleted"]
    assert steps == ["add_price", "charge_customer", "ship"]


async def test_nobody_is_charged_for_what_is_not_on_sale(host):
    reply = await host.request("PUT", "/api/orders/3?item=coffee")

    # The client of SDK 1.x answers 500 when the instance has failed, that of 2.x 200.
    assert (reply.status, reply.json()["runtimeStatus"]) == (200 if HAS_SDK_2 else 500, "Failed")
    assert not any(event.get("FunctionName") == "charge_customer" for event in await host.history("order-3"))
