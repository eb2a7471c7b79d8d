"""A decision, or none."""

import pytest

EXAMPLE = "human_interaction"


async def test_its_page_tells_the_truth(page):
    assert await page.run() == 5


@pytest.mark.parametrize("verdict", ["approved", "rejected"])
async def test_the_manager_s_verdict_is_the_output(host, verdict):
    await host.request("PUT", f"/api/expenses/{verdict}?euros=5&patience=60")
    await host.running(f"expense-{verdict}")

    reply = await host.post(f"/api/expenses/{verdict}/decision?verdict={verdict}")

    assert reply.status == 202
    assert (await host.ended(f"expense-{verdict}"))["output"] == verdict


async def test_a_silent_manager_is_passed_over(host):
    await host.request("PUT", "/api/expenses/silent?euros=5&patience=0.3")

    assert (await host.ended("expense-silent"))["output"] == "escalated"

    late = await host.post("/api/expenses/silent/decision?verdict=approved")
    assert late.status == 409


async def test_a_verdict_must_be_one_of_two(host):
    await host.request("PUT", "/api/expenses/unclear?euros=5&patience=60")

    reply = await host.post("/api/expenses/unclear/decision?verdict=perhaps")

    assert (reply.status, reply.text) == (400, "The verdict must be one of approved, rejected.")
