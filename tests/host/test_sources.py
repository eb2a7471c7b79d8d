"""Which changes of an app's folder count, and that they are noticed."""

import os
import threading
from pathlib import Path

import pytest

from funchost.settings import Watch
from funchost.sources import Sources, SourceWatcher, changes


def sources(root: Path, *directories: str, files: tuple[str, ...] = ()) -> Sources:
    return Sources(root, root / "data", Watch(directories, files))


def write(path: Path, text: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize(
    "path",
    [
        "function_app.py",
        "parts/deep/er/module.py",
        "host.json",
        "local.settings.json",
        "app_offline.htm",
        "templates/page.html",
        "node_modules/shared/x.js",
        ".hidden/shared/x.txt",
        "anywhere/rules.yaml",
    ],
)
def test_a_change_of_a_source_counts(tmp_path: Path, path: str) -> None:
    watched = sources(tmp_path, "templates", "node_modules/shared", ".hidden/shared", files=("rules.yaml",))
    write(tmp_path / path, "before")
    before = watched.snapshot()
    write(tmp_path / path, "afterwards")
    assert changes(before, watched.snapshot()) == (path,)
    (tmp_path / path).unlink()
    assert path in changes(before, watched.snapshot())


@pytest.mark.parametrize(
    "path",
    [
        "readme.md",
        "parts/host.json",
        ".venv/lib/module.py",
        "venv/lib/module.py",
        ".git/hooks/hook.py",
        "__pycache__/module.py",
        "parts/__pycache__/module.py",
        "node_modules/tool/setup.py",
        "data/module.py",
        ".funchost/hub.db",
        "requirements.txt",
    ],
)
def test_a_change_of_anything_else_does_not(tmp_path: Path, path: str) -> None:
    write(tmp_path / "venv" / "pyvenv.cfg")
    write(tmp_path / "parts" / "module.py")
    before = sources(tmp_path).snapshot()
    write(tmp_path / path, "new")
    assert changes(before, sources(tmp_path).snapshot()) == ()


def test_a_folder_at_the_top_counts_when_it_comes_and_goes(tmp_path: Path) -> None:
    before = sources(tmp_path).snapshot()
    (tmp_path / "parts").mkdir()
    after = sources(tmp_path).snapshot()
    assert changes(before, after) == ("parts/",)
    (tmp_path / "parts" / "deeper").mkdir()
    assert changes(after, sources(tmp_path).snapshot()) == ()


def test_a_file_that_is_written_again_as_it_was_does_not_count(tmp_path: Path) -> None:
    write(tmp_path / "function_app.py", "same")
    before = sources(tmp_path).snapshot()
    status = (tmp_path / "function_app.py").stat()
    write(tmp_path / "function_app.py", "same")
    os.utime(tmp_path / "function_app.py", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert changes(before, sources(tmp_path).snapshot()) == ()


def test_links_that_lead_in_a_circle_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "up").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "gone.py").symlink_to(tmp_path / "nowhere.py")
    assert sources(tmp_path).snapshot() == {"parts/": (0, 0)}


def test_a_watcher_tells_changes_in_folders_old_and_new(tmp_path: Path) -> None:
    told = threading.Semaphore(0)
    seen: list[str] = []

    def on_change(paths: tuple[str, ...]) -> None:
        seen.extend(paths)
        told.release()

    watcher = SourceWatcher(sources(tmp_path), on_change)
    watcher.start()
    try:
        for path in ("function_app.py", "parts/deep/module.py", "parts/deep/other.py"):
            write(tmp_path / path, "new")
            while path not in seen:
                assert told.acquire(timeout=15)
    finally:
        watcher.stop()
