"""Orchestrations from start to end: results, failures that name what is wrong, timers, limits."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from funchost.dispatch.instance_dispatcher import Versioning
from funchost.durable.instances import SdkProtocol, Status
from funchost.taskhub import TaskHub
from funchost.taskhub.work_items import WorkItems
from tests.dispatch.conftest import StartHost


async def test_an_orchestration_runs_to_its_end(start_host: StartHost) -> None:
    host = await start_host()
    ended = await host.run("chain")
    assert (ended.status, ended.output) == (Status.COMPLETED, '["hello","hello","hello"]')
    assert host.pool.count("chain") == 4
    assert host.pool.count("say") == 3


async def test_a_sub_orchestration_gives_its_parent_the_result(start_host: StartHost) -> None:
    host = await start_host()
    ended = await host.run("call_child")
    assert ended.output == '["hello","hello","hello"]'


async def test_generations_follow_each_other(start_host: StartHost) -> None:
    host = await start_host()
    ended = await host.run("count_down", input='"5"')
    assert (ended.status, ended.output) == (Status.COMPLETED, '"done"')
    assert host.pool.count("say") == 5


async def test_an_unknown_orchestrator_fails_and_names_those_that_exist(start_host: StartHost) -> None:
    host = await start_host()
    ended = await host.run("nothing")
    assert ended.status is Status.FAILED
    assert ended.output == (
        "Orchestrator function 'nothing' failed: The function 'nothing' doesn't exist, is disabled, or is "
        "not an orchestrator function. Additional info: The following are the known orchestrator functions: "
        "'ask', 'call_child', 'call_entity', 'call_unknown', 'chain', 'count_down', 'fan_out', 'nap', 'wait'."
    )


async def test_functions_are_found_in_any_case(start_host: StartHost) -> None:
    host = await start_host()
    assert (await host.run("CHAIN")).status is Status.COMPLETED


async def test_an_instance_of_a_newer_version_is_left_alone(
    start_host: StartHost, caplog: pytest.LogCaptureFixture
) -> None:
    host = await start_host(versioning=Versioning("1.5"))
    await host.app.start("chain", "newer", None, "2.0")
    await host.app.start("chain", "older", None, "1.0")
    assert (await host.end_of("older")).status is Status.COMPLETED
    async with asyncio.timeout(5):
        while "Instance 'newer' has version '2.0' and is left alone" not in caplog.text:
            await asyncio.sleep(0.005)
    newer = await host.app.get("newer")
    assert newer is not None
    assert newer.status is Status.PENDING
    assert host.pool.count("chain") == 4


async def test_an_instance_of_a_newer_version_fails_when_the_settings_say_so(start_host: StartHost) -> None:
    host = await start_host(versioning=Versioning("1.5", fails_others=True))
    await host.app.start("chain", "newer", None, "2.0")
    ended = await host.end_of("newer")
    assert (ended.status, ended.output) == (
        Status.FAILED,
        "Orchestration version did not comply with Worker Versioning",
    )


async def test_an_unknown_activity_fails_in_the_orchestrator(start_host: StartHost) -> None:
    host = await start_host()
    ended = await host.run("call_unknown")
    assert ended.status is Status.FAILED
    assert ended.output is not None
    assert (
        "The function 'nothing' doesn't exist, is disabled, or is not an activity function." in ended.output
    )
    assert "The following are the known activity functions: 'say'." in ended.output


async def test_a_timer_wakes_its_instance_when_it_is_due_and_nobody_polls(
    start_host: StartHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("funchost.taskhub.host_watch._LOOK_AROUND_SECONDS", 60.0)
    host = await start_host()
    began = time.monotonic()
    ended = await host.run("nap")
    assert ended.output == '"awake"'
    assert 0.2 <= time.monotonic() - began < 5
    assert host.pool.count("nap") == 2


async def test_what_another_host_starts_is_run_here(start_host: StartHost, tmp_path: Path) -> None:
    host = await start_host()
    starter = await TaskHub.open(tmp_path / "data", "Hub")
    await starter.clients(SdkProtocol.JSON1).start("chain", "one", None)
    assert (await host.end_of("one")).status is Status.COMPLETED
    await starter.close()


async def test_events_that_come_early_or_together_are_taken_in_order(start_host: StartHost) -> None:
    host = await start_host()
    await host.app.start("wait", "one", None)
    await host.app.raise_event("one", "go", "1")
    await host.app.raise_event("one", "go", "2")
    assert (await host.end_of("one")).output == "[1,2]"


async def test_no_more_episodes_run_at_a_time_than_the_limit_allows(start_host: StartHost) -> None:
    host = await start_host(instances=3)
    await asyncio.gather(*(host.app.start("wait", f"i{number}", None) for number in range(20)))
    await asyncio.gather(
        *(host.status_until(f"i{n}", lambda i: i.status is Status.RUNNING) for n in range(20))
    )
    assert host.pool.most_running == 3


async def test_completions_that_arrive_together_share_an_episode(start_host: StartHost) -> None:
    host = await start_host(activities=30)
    assert (await host.run("fan_out")).output == "30"
    assert host.pool.count("say") == 30
    assert host.pool.count("fan_out") < 15


async def test_a_replay_that_waited_for_a_worker_does_not_make_the_instance_rest_as_long(
    start_host: StartHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = await start_host()
    rests: list[int] = []
    commit_episode = WorkItems.commit_episode

    async def note(work: WorkItems, leased: Any, commit: Any, rest: int = 0) -> None:
        rests.append(rest)
        await commit_episode(work, leased, commit, rest)

    monkeypatch.setattr(WorkItems, "commit_episode", note)
    replay = host.pool.orchestrators["chain"]

    async def late(text: str) -> str:
        await asyncio.sleep(0.3)
        returned: str = replay(text)
        return returned

    host.pool.orchestrators["chain"] = late
    await host.app.start("chain", "one", None)
    await host.status_until("one", lambda instance: instance.status is Status.RUNNING)
    assert rests[0] <= 2 * 60_000
