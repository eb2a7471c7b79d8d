"""Words counted text by text."""

EXAMPLE = "fan_out_fan_in"


async def test_its_page_tells_the_truth(page):
    assert await page.run() == 2


async def test_the_counts_of_all_texts_are_added_up(host):
    reply = await host.post("/api/word-counts", json=["a b"] * 50)

    assert reply.json() == {"texts": 50, "words": {"a": 50, "b": 50}}


async def test_each_text_is_counted_by_an_activity_of_its_own_all_at_once(host):
    await host.post("/api/word-counts", json=["distinct", "texts", "here"])

    (instance,) = [
        status for status in await host.listing("showInput=true") if "distinct" in str(status["input"])
    ]
    history = await host.history(instance["instanceId"])
    done = [event for event in history if event["EventType"] == "TaskCompleted"]
    assert len(done) == 3
    assert max(event["ScheduledTime"] for event in done) <= min(event["Timestamp"] for event in done)
