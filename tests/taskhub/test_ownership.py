"""Whose a hub is: no app works on the hub of another one, unless that harms nobody or is asked for."""

import shutil
from pathlib import Path

import pytest

from funchost.durable.instances import Status
from funchost.taskhub import App, TaskHub, TaskHubError
from tests.taskhub.stepping import client, run_to


@pytest.fixture
def one(tmp_path: Path) -> Path:
    (tmp_path / "one").mkdir()
    return tmp_path / "one"


@pytest.fixture
def other(tmp_path: Path) -> Path:
    (tmp_path / "other").mkdir()
    return tmp_path / "other"


async def use(folder: Path, app: Path, *unfinished: str, adopts: bool = False) -> None:
    """Open the hub for an app, start instances, and close it."""
    hub = await TaskHub.open(folder, "Hub", app=App(app, adopts))
    for instance_id in unfinished:
        await client(hub).start("work", instance_id, None)
    await hub.close()


async def test_the_hub_of_another_app_with_unfinished_instances_is_refused(
    folder: Path, one: Path, other: Path
) -> None:
    await use(folder, one, "a", "b", "c", "d")
    with pytest.raises(TaskHubError) as refusal:
        await use(folder, other)
    assert str(refusal.value) == (
        f"Task hub '{folder / 'Hub.db'}' cannot be opened: it holds unfinished instances of the app in "
        f"'{one}', 4 in all ('a', 'b', 'c', ...). Give this app another hubName (extensions.durableTask in "
        "host.json) or another --data-dir. If it is the same app in another place, start it once with "
        "--adopt-hub."
    )
    await use(folder, one)


async def test_the_hub_of_another_app_that_runs_is_refused_whatever_is_in_it(
    folder: Path, one: Path, other: Path
) -> None:
    hub = await TaskHub.open(folder, "Hub", app=App(one))
    with pytest.raises(TaskHubError) as refusal:
        await use(folder, other, adopts=True)
    assert str(refusal.value) == (
        f"Task hub '{folder / 'Hub.db'}' cannot be opened: it belongs to the app in '{one}', which runs on "
        "it. Stop that first, or give this app another hubName (extensions.durableTask in host.json) or "
        "another --data-dir."
    )
    await hub.close()


async def test_a_refusal_leaves_nothing_behind(folder: Path, one: Path, other: Path) -> None:
    await use(folder, one, "a")
    with pytest.raises(TaskHubError):
        await use(folder, other)
    assert list((folder / "Hub.hosts").iterdir()) == []


async def test_several_hosts_of_one_app_share_a_hub(folder: Path, one: Path) -> None:
    first = await TaskHub.open(folder, "Hub", app=App(one))
    await client(first).start("work", "a", None)
    await use(folder, one / ".." / one.name)
    (folder.parent / "link").symlink_to(one)
    await use(folder, folder.parent / "link")
    await first.close()


async def test_a_hub_without_unfinished_instances_goes_to_the_next_app(
    folder: Path, one: Path, other: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hub = await TaskHub.open(folder, "Hub", app=App(one))
    await run_to(hub, "a", Status.COMPLETED)
    await hub.close()
    await use(folder, other)
    assert caplog.messages == [
        f"Task hub '{folder / 'Hub.db'}' was that of the app in '{one}' and is that of '{other}' from now on."
    ]
    await use(folder, other, "b")
    with pytest.raises(TaskHubError):
        await use(folder, one)


async def test_an_entity_counts_as_unfinished_while_somebody_waits_for_it(
    folder: Path, one: Path, other: Path
) -> None:
    hub = await TaskHub.open(folder, "Hub", app=App(one))
    await client(hub).signal_entity("@counter@a", "add", None)
    await hub.close()
    with pytest.raises(TaskHubError, match=r"1 in all \('@counter@a'\)"):
        await use(folder, other)


async def test_an_app_may_adopt_the_hub_of_another_one(folder: Path, one: Path, other: Path) -> None:
    await use(folder, one, "a")
    await use(folder, other, adopts=True)
    await use(folder, other)
    with pytest.raises(TaskHubError):
        await use(folder, one)


async def test_an_app_that_was_moved_keeps_its_hub(folder: Path, one: Path, other: Path) -> None:
    await use(folder, one, "a")
    shutil.rmtree(other)
    one.rename(other)
    await use(folder, other)


async def test_a_hub_inside_the_folder_of_its_app_moves_along_with_it(one: Path, other: Path) -> None:
    await use(one / ".funchost", one, "a")
    copy = shutil.copytree(one, other / "copy")
    await use(copy / ".funchost", copy)
    with pytest.raises(TaskHubError):
        await use(copy / ".funchost", one)


async def test_a_folder_whose_name_is_no_unicode_can_have_a_hub(folder: Path, tmp_path: Path) -> None:
    odd = tmp_path / b"odd-\xff".decode(errors="surrogateescape")
    odd.mkdir()
    await use(folder, odd, "a")
    await use(folder, odd)


async def test_a_hub_of_nobody_goes_to_the_first_app(folder: Path, one: Path, other: Path) -> None:
    hub = await TaskHub.open(folder, "Hub")
    await client(hub).start("work", "a", None)
    await hub.close()
    await use(folder, one)
    with pytest.raises(TaskHubError):
        await use(folder, other)
