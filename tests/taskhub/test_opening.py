"""Opening a hub: new files, files that are none, and what is left behind."""

import os
import sqlite3
import stat
import sys
import threading
from pathlib import Path

import pytest

from funchost.taskhub import TaskHub, TaskHubError, database, trouble
from funchost.taskhub.database import Database
from funchost.taskhub.migrations import SCHEMA_VERSION, bring_up_to_date
from tests.taskhub.stepping import client, lease, query

NOT_ROOT = pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")


async def test_a_new_folder_is_readable_by_its_owner_only(folder: Path) -> None:
    deep = folder / "in" / "side"
    hub = await TaskHub.open(deep, "Hub")
    assert stat.S_IMODE(deep.stat().st_mode) == 0o700
    await hub.close()


async def test_a_folder_that_was_there_keeps_its_mode(folder: Path) -> None:
    folder.mkdir(mode=0o755)
    hub = await TaskHub.open(folder, "Hub")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    await hub.close()


async def test_nobody_else_reads_or_writes_its_files_whatever_the_folder_and_the_umask(folder: Path) -> None:
    folder.mkdir(mode=0o755)
    for name in ("Hub.db", "Hub.db-wal"):
        (folder / name).touch(mode=0o644)
    before = os.umask(0)
    try:
        hub = await TaskHub.open(folder, "Hub")
        await client(hub).start("o", "x", None)
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}
        await hub.close()
    finally:
        os.umask(before)

    assert modes.pop("Hub.hosts") == 0o700
    assert len(modes) == 4
    assert set(modes.values()) == {0o600}


async def test_what_was_written_is_there_after_the_next_opening(folder: Path) -> None:
    first = await TaskHub.open(folder, "Hub")
    started = await client(first).start("hello", "one", '"in"')
    await first.close()
    second = await TaskHub.open(folder, "Hub")
    assert await client(second).get("one") == started
    assert len(await lease(second)) == 1
    await second.close()


async def test_hubs_of_one_folder_know_nothing_of_each_other(folder: Path) -> None:
    first, second = await TaskHub.open(folder, "One"), await TaskHub.open(folder, "Two")
    await client(first).start("hello", "one", None)
    assert await client(second).get("one") is None
    await first.close()
    await second.close()


async def test_closing_frees_what_was_leased(hub: TaskHub, folder: Path) -> None:
    leaving = await TaskHub.open(folder, "Hub")
    await client(leaving).start("hello", "one", None)
    assert len(await lease(leaving)) == 1
    await leaving.close()
    assert len(await lease(hub)) == 1


async def test_closing_leaves_no_lock_and_no_log_of_writes(folder: Path) -> None:
    hub = await TaskHub.open(folder, "Hub")
    await client(hub).start("hello", "one", None)
    await hub.close()
    assert sorted(each.name for each in folder.rglob("*")) == ["Hub.db", "Hub.hosts"]
    assert query(folder, "SELECT count(*) FROM hosts") == [(0,)]


@pytest.mark.parametrize(("safe", "level"), [(False, 1), (True, 2)])
async def test_power_loss_safe_means_that_every_commit_is_flushed(
    tmp_path: Path, safe: bool, level: int
) -> None:
    database = await Database.open(
        tmp_path / "Hub.db", power_loss_safe=safe, prepare=lambda connection: None, on_work=lambda work: None
    )

    def read(connection: sqlite3.Connection, name: str) -> object:
        return connection.execute(f"PRAGMA {name}").fetchone()[0]

    assert await database.write(lambda transaction: read(transaction.connection, "synchronous")) == level
    assert await database.write(lambda transaction: read(transaction.connection, "journal_mode")) == "wal"
    await database.close()


@pytest.mark.parametrize("version", [SCHEMA_VERSION + 1, 99])
async def test_a_hub_of_a_newer_version_is_refused_with_both_versions_and_left_as_it_is(
    folder: Path, version: int
) -> None:
    folder.mkdir()
    with sqlite3.connect(folder / "Hub.db") as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    before = (folder / "Hub.db").read_bytes()
    with pytest.raises(TaskHubError) as refusal:
        await TaskHub.open(folder, "Hub")
    assert str(refusal.value) == (
        f"Task hub '{folder / 'Hub.db'}' cannot be opened: it was written by a newer funchost (schema "
        f"version {version}, this one reads up to version {SCHEMA_VERSION}). Install that "
        "funchost again, or give another folder with --data-dir."
    )
    assert (folder / "Hub.db").read_bytes() == before
    assert [each.name for each in folder.iterdir()] == ["Hub.db"]


async def test_a_file_that_is_no_database_is_refused(folder: Path) -> None:
    folder.mkdir()
    (folder / "Hub.db").write_bytes(b"this is a text, and a long one at that" * 100)
    with pytest.raises(TaskHubError, match=r"file is not a database\. Give another folder with --data-dir"):
        await TaskHub.open(folder, "Hub")
    assert (folder / "Hub.db").read_bytes().startswith(b"this is a text")


async def test_a_damaged_hub_is_refused(folder: Path) -> None:
    hub = await TaskHub.open(folder, "Hub")
    await hub.close()
    with (folder / "Hub.db").open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 3000)
    with pytest.raises(TaskHubError, match=r"Hub\.db' cannot be opened: .*malformed"):
        await TaskHub.open(folder, "Hub")


async def make_a_hub_with_a_damaged_page(folder: Path) -> None:
    hub = await TaskHub.open(folder, "Hub")
    for number in range(50):
        await client(hub).start("work", f"one{number}", "x" * 1000)
    await hub.close()
    with (folder / "Hub.db").open("r+b") as file:
        file.seek(30 * 4096)
        file.write(b"\xff" * 4096)


async def test_a_hub_with_a_damaged_page_is_refused_with_what_can_be_done(folder: Path) -> None:
    await make_a_hub_with_a_damaged_page(folder)
    with pytest.raises(TaskHubError) as refusal:
        await TaskHub.open(folder, "Hub")
    assert str(refusal.value).startswith(f"Task hub '{folder / 'Hub.db'}' cannot be opened: it is damaged (")
    assert str(refusal.value).endswith(
        "Put a copy in its place, save what can be read with 'sqlite3 FILE .recover', or give another folder "
        "with --data-dir."
    )


async def test_the_look_for_damage_is_cut_short_in_a_large_hub(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_a_hub_with_a_damaged_page(folder)
    monkeypatch.setattr(trouble, "_LONGEST_CHECK_SECONDS", 0)
    monkeypatch.setattr(trouble, "_STEPS_BETWEEN_LOOKS", 1)
    hub = await TaskHub.open(folder, "Hub")
    await hub.close()


async def test_a_hub_that_stays_locked_is_not_opened_and_says_what_to_do(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    hub = await TaskHub.open(folder, "Hub")
    await hub.close()
    monkeypatch.setattr(database, "_WRITING_SECONDS", 0.05)
    other = sqlite3.connect(folder / "Hub.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(TaskHubError, match=r"another process holds it locked\. End the process that does"):
        await TaskHub.open(folder, "Hub")
    other.close()
    assert caplog.records == []


async def test_a_folder_where_the_file_should_be_is_refused(folder: Path) -> None:
    (folder / "Hub.db").mkdir(parents=True)
    with pytest.raises(TaskHubError, match="unable to open database file"):
        await TaskHub.open(folder, "Hub")


async def test_a_file_where_the_folder_should_be_is_refused(folder: Path) -> None:
    folder.write_text("in the way")
    with pytest.raises(TaskHubError, match="File exists"):
        await TaskHub.open(folder, "Hub")


async def test_a_file_where_the_locks_should_be_is_refused(folder: Path) -> None:
    folder.mkdir()
    (folder / "Hub.hosts").write_text("in the way")
    with pytest.raises(TaskHubError, match=r"Hub\.hosts"):
        await TaskHub.open(folder, "Hub")


async def test_a_new_file_that_another_host_has_in_hand_is_waited_for(folder: Path) -> None:
    folder.mkdir()
    other = sqlite3.connect(folder / "Hub.db", isolation_level=None, check_same_thread=False)
    other.execute("CREATE TABLE in_hand (it)")
    other.execute("BEGIN IMMEDIATE")
    lets_go = threading.Timer(0.1, other.execute, ["ROLLBACK"])
    lets_go.start()
    hub = await TaskHub.open(folder, "Hub")
    lets_go.join()
    other.close()
    await hub.close()


@NOT_ROOT
async def test_a_folder_that_may_not_be_written_is_refused(folder: Path) -> None:
    folder.mkdir(mode=0o500)
    with pytest.raises(TaskHubError, match="unable to open database file"):
        await TaskHub.open(folder, "Hub")


async def test_tables_that_cannot_all_be_made_are_not_made_by_half(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = sys.modules[bring_up_to_date.__module__]
    with monkeypatch.context() as patch:
        patch.setattr(module, "SCHEMA", module.SCHEMA + ";\nCREATE NONSENSE")
        with pytest.raises(TaskHubError, match="syntax error"):
            await TaskHub.open(folder, "Hub")
    hub = await TaskHub.open(folder, "Hub")
    await hub.close()
