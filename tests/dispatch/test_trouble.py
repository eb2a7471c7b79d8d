"""What goes wrong around an episode or an activity: it is tried again, and the others go on."""

from typing import Any

import pytest

from funchost.durable.instances import Instance, Status
from funchost.protocols.json1.rules import Json1Rules
from funchost.taskhub.work_items import WorkItems
from funchost.worker.invocations import FunctionTimedOut
from tests.dispatch.conftest import StartHost


async def test_an_episode_whose_worker_dies_is_run_again(
    start_host: StartHost, caplog: pytest.LogCaptureFixture
) -> None:
    host = await start_host()
    host.pool.deaths["chain"] = 3
    ended = await host.run("chain")
    assert ended.status is Status.COMPLETED
    assert host.pool.count("chain") == 7
    assert caplog.text.count("was aborted. Reason: It is run again: Worker process 4711 died") == 3


async def test_an_activity_whose_worker_dies_is_run_again(
    start_host: StartHost, caplog: pytest.LogCaptureFixture
) -> None:
    host = await start_host()
    host.pool.deaths["say"] = 2
    ended = await host.run("chain")
    assert ended.status is Status.COMPLETED
    assert host.pool.count("say") == 5
    assert caplog.text.count("one: Function 'say (Activity)' was aborted") == 2


async def test_an_activity_whose_time_is_over_fails_its_task(start_host: StartHost) -> None:
    def late(text: str) -> str:
        raise FunctionTimedOut("say", "00:05:00", 4711)

    host = await start_host()
    host.pool.activities["say"] = late
    ended = await host.run("chain")
    assert ended.status is Status.FAILED
    assert (
        "Activity function 'say' failed: Timeout value of 00:05:00 was exceeded by function: Functions.say"
        in (ended.output or "")
    )
    assert host.pool.count("say") == 1


async def test_an_episode_whose_time_is_over_is_run_again(start_host: StartHost) -> None:
    host = await start_host()
    replay = host.pool.orchestrators["chain"]
    late = iter([True, False, True])

    def sometimes_late(text: str) -> str:
        if next(late, False):
            raise FunctionTimedOut("chain", "00:05:00", 4711)
        returned: str = replay(text)
        return returned

    host.pool.orchestrators["chain"] = sometimes_late
    assert (await host.run("chain")).status is Status.COMPLETED
    assert host.pool.count("chain") == 6


async def test_an_orchestrator_that_gives_no_state_fails_its_instance(start_host: StartHost) -> None:
    host = await start_host()
    host.pool.orchestrators["chain"] = lambda text: '{"not": "a state"}'
    ended = await host.run("chain")
    assert ended.status is Status.FAILED
    assert "cannot be read" in (ended.output or "")


async def test_an_episode_that_breaks_the_host_is_tried_again_and_stops_no_other(
    start_host: StartHost, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    host = await start_host(instances=1)
    broken = True
    begin_episode = Json1Rules.begin_episode

    def break_for_poison(rules: Json1Rules, instance: Instance, *arguments: Any) -> Any:
        if broken and instance.instance_id == "poison":
            raise AssertionError("a defect of the host")
        return begin_episode(rules, instance, *arguments)

    monkeypatch.setattr(Json1Rules, "begin_episode", break_for_poison)
    await host.app.start("chain", "poison", None)
    assert (await host.run("chain", "other")).status is Status.COMPLETED
    assert "a defect of the host" in caplog.text
    poison = await host.app.get("poison")
    assert poison is not None
    assert poison.status is Status.PENDING
    broken = False
    assert (await host.end_of("poison")).status is Status.COMPLETED


async def test_trouble_with_the_hub_is_survived(
    start_host: StartHost, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("funchost.dispatch.dispatcher._PAUSE_AFTER_TROUBLE_SECONDS", 0.02)
    troubles = {"lease_instances": 2, "commit_episode": 2, "return_instance": 1, "finish_activity": 1}
    for name in troubles:
        _fail_some_times(monkeypatch, name, troubles)
    host = await start_host()
    assert (await host.run("chain")).status is Status.COMPLETED
    assert set(troubles.values()) == {0}
    assert "Work could not be leased. It is tried again." in caplog.text
    assert "A work item could not be given back: disk full. It is tried again." in caplog.text


def _fail_some_times(monkeypatch: pytest.MonkeyPatch, name: str, troubles: dict[str, int]) -> None:
    real = getattr(WorkItems, name)

    async def fails(*arguments: Any, **options: Any) -> Any:
        if troubles[name] > 0:
            troubles[name] -= 1
            raise OSError("disk full")
        return await real(*arguments, **options)

    monkeypatch.setattr(WorkItems, name, fails)
