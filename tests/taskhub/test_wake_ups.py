"""Who hears of work: those who asked for it, until they do not want to any more."""

import pytest

from funchost.durable.commit import ActivityTask
from funchost.taskhub import TaskHub, Work
from funchost.taskhub.hub import WakeUps
from tests.taskhub.stepping import client, commit_of, lease_one


@pytest.mark.parametrize(
    ("told", "heard"),
    [
        (Work.EPISODES, ["episodes", "any"]),
        (Work.ACTIVITIES, ["activities", "any"]),
        (Work.ANY, ["episodes", "activities", "any"]),
        (Work.NONE, []),
    ],
)
def test_a_listener_hears_of_the_work_that_it_asked_for(told: int, heard: list[str]) -> None:
    wake_ups, calls = WakeUps(), list[str]()
    for name, work in (("episodes", Work.EPISODES), ("activities", Work.ACTIVITIES), ("any", Work.ANY)):
        wake_ups.subscribe(work, lambda name=name: calls.append(name))  # type: ignore[misc]

    wake_ups.tell(told)

    assert calls == heard


def test_a_listener_that_has_left_hears_nothing_and_the_others_do() -> None:
    wake_ups, calls = WakeUps(), list[str]()
    leave = wake_ups.subscribe(Work.ANY, lambda: calls.append("left"))
    wake_ups.subscribe(Work.ANY, lambda: calls.append("stayed"))

    leave()
    wake_ups.tell(Work.EPISODES)

    assert calls == ["stayed"]


def test_one_listener_may_subscribe_twice_and_leave_once() -> None:
    wake_ups, calls = WakeUps(), list[int]()

    def listener() -> None:
        calls.append(1)

    leave = wake_ups.subscribe(Work.ANY, listener)
    wake_ups.subscribe(Work.ANY, listener)
    leave()
    wake_ups.tell(Work.ANY)

    assert calls == [1]


def test_a_listener_may_leave_while_it_is_called() -> None:
    wake_ups, calls = WakeUps(), list[str]()

    def once() -> None:
        calls.append("once")
        leave()

    leave = wake_ups.subscribe(Work.ANY, once)
    wake_ups.subscribe(Work.ANY, lambda: calls.append("always"))
    for _ in range(2):
        wake_ups.tell(Work.ANY)

    assert calls == ["once", "always", "always"]


async def test_clients_dispatchers_and_others_hear_of_a_commit_side_by_side(hub: TaskHub) -> None:
    calls: list[str] = []
    hub.wake_ups.subscribe(Work.EPISODES, lambda: calls.append("episodes"))
    hub.wake_ups.subscribe(Work.EPISODES, lambda: calls.append("episodes too"))
    hub.wake_ups.subscribe(Work.ACTIVITIES, lambda: calls.append("activities"))

    await client(hub).start("work", "one", None)
    assert calls == ["episodes", "episodes too"]

    leased = await lease_one(hub)
    calls.clear()
    task = ActivityTask("one", leased.instance.execution_id, 0, "a", None)
    await hub.work.commit_episode(leased, commit_of(leased, activities=[task]))
    assert calls == ["episodes", "episodes too", "activities"]
