"""The file of keys."""

import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from funchost.http.key_file import KeyFile, KeyFileError, KeyGroup


def test_a_new_file_has_the_keys_that_every_app_has_and_is_its_owners_alone(tmp_path: Path) -> None:
    keys = KeyFile(tmp_path / "data")
    current = keys.current()
    assert list(current.host) == ["default"]
    assert list(current.system) == ["durabletask_extension", "mcp_extension"]
    assert len({current.master, *current.host.values(), *current.system.values()}) == 4
    assert len(current.master) > 40
    assert stat.S_IMODE(keys.path.stat().st_mode) == 0o600
    assert [path.name for path in keys.path.parent.iterdir()] == ["keys.json"]


def test_keys_outlive_the_host(tmp_path: Path) -> None:
    assert KeyFile(tmp_path).current() == KeyFile(tmp_path).current()


def test_instances_that_start_together_share_the_keys(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        masters = list(pool.map(lambda _: KeyFile(tmp_path).current().master, range(16)))
    assert len(set(masters)) == 1


def test_a_file_that_others_can_read_is_closed_to_them(tmp_path: Path) -> None:
    path = KeyFile(tmp_path).path
    path.chmod(0o644)
    KeyFile(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_missing_keys_are_added_and_given_ones_kept(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text('{"masterKey": "mine", "functionKeys": {"phone": "p"}}')
    current = KeyFile(tmp_path).current()
    assert current.master == "mine"
    assert set(current.host) == {"phone", "default"}
    assert set(current.system) == {"durabletask_extension", "mcp_extension"}


def test_a_function_s_default_key_is_made_when_it_is_first_asked_for(tmp_path: Path) -> None:
    keys = KeyFile(tmp_path)
    assert keys.current().functions == {}
    hello = KeyGroup("functions", "hello")
    made = keys.read(hello)
    assert list(made) == ["default"]
    assert keys.read(hello) == made
    assert keys.current().functions == {"hello": made}


def test_a_change_is_seen_by_every_instance(tmp_path: Path) -> None:
    one, other = KeyFile(tmp_path), KeyFile(tmp_path)
    group = KeyGroup("functionKeys")
    value = one.put(group, "phone")
    assert other.current().host["phone"] == value
    assert other.delete(group, "phone")
    assert "phone" not in one.current().host
    assert not one.delete(group, "phone")


def test_a_file_that_breaks_while_the_host_runs_leaves_the_keys_in_force(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keys = KeyFile(tmp_path)
    before = keys.current()
    keys.path.write_text("{")
    assert keys.current() == before
    assert "stay in force" in caplog.text
    keys.path.unlink()
    assert keys.current() == before


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[]",
        b'{"masterKey": 1}',
        b'{"systemKeys": []}',
        b'{"functions": {"a": 1}}',
        b"\xff\xfe{}",
        b"[" * 100_000,
    ],
)
def test_a_file_that_holds_no_keys_is_named_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "keys.json"
    path.write_bytes(content)
    with pytest.raises(KeyFileError, match=r"keys\.json' cannot be used: .* Mend it, or delete it"):
        KeyFile(tmp_path)
    assert path.read_bytes() == content


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(KeyFileError, match="cannot be kept in"):
        KeyFile(tmp_path / "file" / "data")


def test_the_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    keys = KeyFile(tmp_path)
    open_file = keys.path.open()
    inode = os.fstat(open_file.fileno()).st_ino
    keys.put(KeyGroup("systemKeys"), "other_extension", "o")
    assert keys.path.stat().st_ino != inode
    assert "other_extension" not in json.load(open_file)["systemKeys"]
    open_file.close()
