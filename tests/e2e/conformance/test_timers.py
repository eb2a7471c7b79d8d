"""Durable timers. Source: Durable Functions: timers in orchestrations."""

import asyncio

import pytest


async def test_a_timer_never_fires_early(host):
    told = await host.output("timer", 0.5)

    assert not told["early"]
    assert told["took"] >= 0.5


@pytest.mark.funchost_only
async def test_a_timer_fires_soon_after_its_time(host):
    told = await host.output("timer", 0.5)

    assert told["took"] < 2.5


@pytest.mark.parametrize("seconds", [0, -3600])
async def test_a_timer_that_is_due_fires_at_once(host, seconds):
    assert (await host.output("timer", seconds))["early"] is False


async def test_a_timer_without_a_time_zone_is_refused_by_the_sdk_or_taken_for_utc(host, sdk):
    assert await host.end("timer_without_zone") == sdk.timer_without_zone


async def test_a_cancelled_timer_does_not_hold_up_the_end(host):
    assert await host.output("activity_or_timer", {"seconds": 3600, "cancel": True}) == "activity"


async def test_a_timer_that_is_not_cancelled_holds_up_the_end_or_not(host, sdk):
    instance_id = await host.start("activity_or_timer", {"seconds": 1, "cancel": False})

    seen = await host.status_when(instance_id, lambda status: status["customStatus"] == "race is over")
    ended = await host.ended(instance_id)

    assert seen["runtimeStatus"] == sdk.status_when_a_timer_is_left
    assert ended["output"] == "activity"


async def test_a_timer_wins_against_a_slow_activity(host):
    output = await host.output("activity_or_timer", {"seconds": 0.1, "cancel": True, "work": 0.6})

    assert output == "timer"


async def test_a_cancel_of_a_fired_timer_fails_or_does_nothing(host, sdk):
    assert await host.end("cancel_a_fired_timer") == sdk.cancel_of_a_fired_timer


async def test_many_timers_fire_each_in_its_turn(host):
    told = await asyncio.gather(*(host.output("timer", number / 50) for number in range(20)))

    assert not any(each["early"] for each in told)
