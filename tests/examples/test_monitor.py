"""Waiting for a file."""

EXAMPLE = "monitor"


async def test_its_page_tells_the_truth(page):
    assert await page.run() == 4


async def test_a_file_that_is_there_is_found_at_the_first_look(host, inbox):
    (inbox / "there.csv").write_bytes(b"12345")

    await host.post("/api/watches/there.csv?every=60&limit=60")

    status = await host.ended("there.csv")
    assert (status["output"], status["customStatus"]) == ({"arrived": True, "bytes": 5}, None)


async def test_a_file_that_comes_later_is_found_later(host, inbox):
    await host.post("/api/watches/late.csv?every=0.2&limit=60")
    await host.status_when("late.csv", lambda status: status["customStatus"] == {"looks": 2})

    (inbox / "late.csv").write_bytes(b"1")

    assert (await host.ended("late.csv"))["output"] == {"arrived": True, "bytes": 1}


async def test_the_watch_ends_when_the_time_is_up(host):
    await host.post("/api/watches/never.csv?every=0.2&limit=0.5")

    status = await host.ended("never.csv")
    assert status["output"] == {"arrived": False}
    assert status["customStatus"]["looks"] in (2, 3)
