"""Files of other versions: brought up to date as a whole, or refused with a reason and left as they are."""

import asyncio
import hashlib
import shutil
import sqlite3
import sys
import threading
from pathlib import Path

import pytest

from funchost.durable.events import TaskFailed
from funchost.durable.instances import InstanceFilter
from funchost.taskhub import TaskHub, TaskHubError
from funchost.taskhub.database import Database
from funchost.taskhub.host_watch import HostLock
from funchost.taskhub.migrations import SCHEMA_VERSION, bring_up_to_date
from tests.taskhub.stepping import client, query

VERSION_1 = Path(__file__).parents[1] / "e2e" / "hubs" / "0.1.0" / "Kept.db"
VERSION = "PRAGMA user_version"


@pytest.fixture
def older(folder: Path) -> Path:
    """A hub of version 1 where the tests open theirs."""
    folder.mkdir()
    shutil.copy(VERSION_1, folder / "Hub.db")
    return folder / "Hub.db"


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def host_of(path: Path) -> str:
    ((host_id,),) = query(path.parent, "SELECT host_id FROM hosts")
    return str(host_id)


async def test_a_new_hub_has_the_current_version_and_tells_so(folder: Path) -> None:
    hub = await TaskHub.open(folder, "Hub")
    await hub.close()
    assert query(folder, VERSION) == [(SCHEMA_VERSION,)]
    assert query(folder, "SELECT version FROM migrations") == [(SCHEMA_VERSION,)]


async def test_an_older_hub_is_brought_up_to_date_once(
    folder: Path, older: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        hub = await TaskHub.open(folder, "Hub")
        await hub.close()
    assert query(folder, VERSION) == [(SCHEMA_VERSION,)]
    assert caplog.text.count(f"Task hub '{older}' was brought from version 1 to {SCHEMA_VERSION}.") == 1
    tables = {name for (name,) in query(folder, "SELECT name FROM sqlite_master")}
    assert not any(name.startswith("old_") for name in tables)


async def test_a_hub_that_was_brought_up_to_date_has_the_tables_of_a_new_one(
    folder: Path, older: Path, tmp_path: Path
) -> None:
    for each, name in ((folder, "Hub"), (tmp_path / "new", "Hub")):
        hub = await TaskHub.open(each, name)
        await hub.close()
    schema = "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name"
    assert query(folder, schema) == query(tmp_path / "new", schema)


async def test_nothing_is_lost_on_the_way(folder: Path, older: Path) -> None:
    counts = {
        table: query(folder, f"SELECT count(*) FROM {table}")
        for table in ("instances", "mailboxes", "messages", "history", "activities")
    }
    hub = await TaskHub.open(folder, "Hub")
    found, _ = await client(hub).find(InstanceFilter(), 100)
    assert await client(hub).entity_state("@counter@kept") == "8"
    await hub.close()
    assert {table: query(folder, f"SELECT count(*) FROM {table}") for table in counts} == counts
    assert len(found) == counts["instances"][0][0]


async def test_hosts_that_start_together_on_an_older_hub_both_get_it(folder: Path, older: Path) -> None:
    hubs = await asyncio.gather(*(TaskHub.open(folder, "Hub") for _ in range(4)))
    for hub in hubs:
        assert await client(hub).get("chain") is not None
    for hub in hubs:
        await hub.close()
    assert query(folder, "SELECT version FROM migrations") == [(SCHEMA_VERSION,)]


async def test_an_older_hub_on_which_a_host_works_is_refused_and_left_as_it_is(
    folder: Path, older: Path
) -> None:
    lock = HostLock(folder / "Hub.hosts", host_of(older))
    before = digest(older)
    with pytest.raises(TaskHubError) as refusal:
        await TaskHub.open(folder, "Hub")
    assert str(refusal.value) == (
        f"Task hub '{older}' cannot be opened: an older funchost is working on it. Stop the other host "
        "first; the file is brought up to date at the next start."
    )
    assert digest(older) == before
    lock.release()
    hub = await TaskHub.open(folder, "Hub")
    await hub.close()


@pytest.mark.parametrize(
    "broken",
    [
        "UPDATE history SET text = 'no JSON' WHERE instance_id = 'two_events' AND position = 0",
        "UPDATE history SET type = 77 WHERE instance_id = 'kid' AND position = 1",
        "UPDATE messages SET text = '{}' WHERE message_id = (SELECT max(message_id) FROM messages)",
        "DROP INDEX activities_leased",
    ],
)
async def test_a_migration_that_breaks_in_the_middle_leaves_the_older_hub(
    folder: Path, older: Path, broken: str
) -> None:
    connection = sqlite3.connect(older)
    connection.execute(broken)
    connection.commit()
    before = list(connection.iterdump())
    connection.close()
    with pytest.raises(TaskHubError) as refusal:
        await TaskHub.open(folder, "Hub")
    assert str(refusal.value).startswith(f"Task hub '{older}' cannot be opened: ")
    connection = sqlite3.connect(older)
    assert list(connection.iterdump()) == before
    assert connection.execute(VERSION).fetchone() == (1,)
    connection.close()


async def test_text_that_no_file_can_hold_any_more_is_kept_escaped(folder: Path, older: Path) -> None:
    failed = "instance_id = 'failed' AND type = 6"
    connection = sqlite3.connect(older)
    connection.execute(f"UPDATE history SET text = replace(text, 'too early', '\\ud800') WHERE {failed}")
    connection.commit()
    connection.close()
    hub = await TaskHub.open(folder, "Hub")
    (event,) = [each for each in await client(hub).history("failed") if isinstance(each, TaskFailed)]
    assert "ValueError: \\ud800: f" in event.reason
    await hub.close()


async def test_a_migration_whose_last_step_fails_leaves_the_older_hub(
    folder: Path, older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = digest(older)
    module = sys.modules[bring_up_to_date.__module__]
    with monkeypatch.context() as patch:
        patch.setattr(module, "SQL", {"add_migration": "CREATE NONSENSE"})
        with pytest.raises(TaskHubError, match="syntax error"):
            await TaskHub.open(folder, "Hub")
    assert digest(older) == before
    hub = await TaskHub.open(folder, "Hub")
    assert await client(hub).get("chain") is not None
    await hub.close()


async def test_a_broken_file_is_refused_and_left_as_it_is(folder: Path, older: Path) -> None:
    content = bytearray(older.read_bytes())
    content[0:16] = b"no SQLite at all"
    older.write_bytes(content)
    with pytest.raises(TaskHubError, match="file is not a database"):
        await TaskHub.open(folder, "Hub")
    assert older.read_bytes() == content
    assert [each.name for each in folder.iterdir()] == ["Hub.db"]


async def test_a_locked_file_is_waited_for_without_blocking_the_event_loop(folder: Path, older: Path) -> None:
    other = sqlite3.connect(older, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    opening = asyncio.create_task(TaskHub.open(folder, "Hub"))
    loop, longest = asyncio.get_running_loop(), 0.0
    for _ in range(20):
        before = loop.time()
        await asyncio.sleep(0.01)
        longest = max(longest, loop.time() - before)
    assert not opening.done()
    assert longest < 5
    other.execute("ROLLBACK")
    other.close()
    hub = await asyncio.wait_for(opening, 20)
    await hub.close()


async def test_the_file_is_prepared_beside_the_event_loop(tmp_path: Path) -> None:
    threads: list[int] = []
    database = await Database.open(
        tmp_path / "Hub.db",
        power_loss_safe=False,
        prepare=lambda connection: threads.append(threading.get_ident()),
        on_work=lambda work: None,
    )
    await database.close()
    assert threads[0] != threading.get_ident()
