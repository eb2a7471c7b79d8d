"""Custom status. Source: Durable Functions: custom orchestration status."""

import pytest


@pytest.mark.parametrize("value", [{"a": [1]}, "text", 5, [1, 2], True, "5"])
async def test_a_custom_status_is_shown_as_json(host, value):
    instance_id = await host.start("statuses", [value])

    status = await host.status_when(instance_id, lambda status: status["customStatus"] is not None)

    assert status["customStatus"] == value


@pytest.mark.parametrize("falsy", [0, "", [], {}, False, None])
async def test_a_falsy_custom_status_is_reported_or_not(host, sdk, falsy):
    instance_id = await host.start("statuses", ["kept", falsy])

    await host.raise_event(instance_id, "next")
    await host.raise_event(instance_id, "next")

    assert (await host.ended(instance_id))["customStatus"] == sdk.custom_status_after("kept", falsy)


async def test_the_last_custom_status_stays_after_the_end(host):
    instance_id = await host.start("statuses", ["only"])
    await host.raise_event(instance_id, "next")

    assert (await host.ended(instance_id))["customStatus"] == "only"


async def test_a_custom_status_of_16_kilobytes_is_kept(host):
    # 8,190 characters and the two quotes, each two bytes in UTF-16.
    instance_id = await host.start("bad_status", 8190)

    status = await host.ended(instance_id)

    assert (status["runtimeStatus"], len(status["customStatus"])) == ("Completed", 8190)


async def test_a_custom_status_over_16_kilobytes_fails_the_instance(host, sdk):
    text = await host.failure("bad_status", 8300)

    assert text.endswith(sdk.custom_status_too_large)
