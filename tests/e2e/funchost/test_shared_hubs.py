"""Several commands on one task hub: those of one app share its work, another app is refused.

Source: funchost: --functions, --adopt-hub.
"""

import signal

from tests.e2e import hosting
from tests.e2e.durable_host import connect

CRASHES, FEATURES = hosting.APPS / "crashes", hosting.APPS / "features"
SAME_HUB = {"AzureFunctionsJobHost__extensions__durableTask__hubName": "Crashes"}


async def test_functions_that_a_command_leaves_out_are_left_to_another_one(start_host):
    orchestrators, activities = start_host("--functions", "spread"), start_host("--functions", "hold")

    async with connect(orchestrators.base_url) as client:
        assert await client.output("spread", [3, 0.01]) == ["i1"]

    assert "doesn't exist" not in activities.log


async def test_what_waits_for_a_function_that_is_left_out_for_a_while_goes_on_later(start_host):
    whole = start_host()
    async with connect(whole.base_url) as client:
        instance_id = await client.start("events", 1)
        await client.running(instance_id)
    whole.signal(signal.SIGTERM)
    whole.wait()

    part = start_host("--functions", "steps", "step")
    async with connect(part.base_url) as client:
        await client.raise_event(instance_id, "add", 1)
        assert await client.output("steps", [{"key": "a"}]) == [1]
        assert (await client.instance(instance_id)).json()["runtimeStatus"] == "Running"

    async with connect(start_host().base_url) as client:
        assert (await client.ended(instance_id))["output"] == [1]


async def test_another_app_on_the_hub_is_refused_until_it_is_told_to_adopt_it(start_host, make_host):
    owner = start_host()
    async with connect(owner.base_url) as client:
        instance_id = await client.start("events", 1)
        await client.running(instance_id)
    other = make_host(app=FEATURES, **SAME_HUB)

    other.launch()
    assert other.wait() == 1
    assert (
        f"it belongs to the app in '{hosting.APPS / 'crashes'}', which runs on it. Stop that first"
        in other.log
    )

    owner.signal(signal.SIGTERM)
    owner.wait()
    other.launch()
    assert other.wait() == 1
    assert f"'{CRASHES}', 1 in all ('{instance_id}')." in other.log
    assert "start it once with --adopt-hub." in other.log

    owner.start()
    async with connect(owner.base_url) as client:
        await client.raise_event(instance_id, "add", 1)
        assert (await client.ended(instance_id))["output"] == [1]
        await client.start("events", 1)
    owner.signal(signal.SIGTERM)
    owner.wait()
    adopting = start_host("--adopt-hub", app=FEATURES, **SAME_HUB)
    assert f"is that of '{FEATURES}' from now on." in adopting.log
