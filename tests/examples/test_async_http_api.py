"""A report that takes its time."""

from tests.e2e.durable_host import NINE_KEYS

EXAMPLE = "async_http_api"


async def test_its_page_tells_the_truth(page):
    assert await page.run() == 3


async def test_an_order_is_answered_at_once_with_the_urls_of_the_instance(host):
    reply = await host.request("PUT", "/api/reports/2025-11")

    assert reply.status == 202
    assert set(reply.json()) == set(NINE_KEYS)
    assert reply.headers["Location"] == reply.json()["statusQueryGetUri"]


async def test_the_status_url_answers_202_until_it_has_the_report(host):
    location = (await host.request("PUT", "/api/reports/2025-12")).headers["Location"]
    assert (await host.get(location)).status == 202

    await host.ended("report-2025-12")

    done = await host.get(location)
    assert (done.status, len(done.json()["output"])) == (200, 3)


async def test_a_second_order_joins_the_report_that_is_being_made(host):
    await host.request("PUT", "/api/reports/2026-02")
    first = await host.running("report-2026-02")

    again = await host.request("PUT", "/api/reports/2026-02")

    assert again.status == 202
    assert (await host.ended("report-2026-02"))["createdTime"] == first["createdTime"]
    history = await host.history("report-2026-02")
    assert [event["EventType"] for event in history].count("ExecutionStarted") == 1
