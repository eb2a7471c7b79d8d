"""Rounds without an end."""

EXAMPLE = "eternal_orchestration"


async def test_its_page_tells_the_truth(page):
    assert await page.run() == 4


async def test_each_round_starts_with_the_balance_of_the_one_before(host):
    await host.request("PUT", "/api/plans/car?euros=100&every=0.1")

    await host.status_when("car", lambda status: status["customStatus"] == {"balance": 306.04})
    second = await host.status_when("car", lambda status: "306.04" in str(status["input"]))
    assert second["runtimeStatus"] == "Running"


async def test_the_history_does_not_grow_with_the_rounds(host):
    await host.request("PUT", "/api/plans/house?euros=1&every=0.02")
    await host.status_when("house", lambda status: (status["customStatus"] or {}).get("balance", 0) > 15)

    assert len(await host.history("house")) <= 4


async def test_a_closed_plan_stays_closed(host):
    await host.request("PUT", "/api/plans/boat?euros=1&every=0.05")
    await host.running("boat")

    await host.delete("/api/plans/boat")

    status = await host.ended("boat")
    assert (status["runtimeStatus"], status["output"]) == ("Terminated", "closed by its owner")
