"""The sources of an app, and noticing that they have changed.

What counts is a Python file, host.json, local.settings.json, app_offline.htm, a folder at the top, and
what host.json names in `watchFiles` and `watchDirectories`. What a change leads to is decided elsewhere.
Source: Azure Functions host, FileMonitoringService. local.settings.json is funchost's own addition.
"""

import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from funchost.settings import Watch

Snapshot = Mapping[str, tuple[int, int]]
"""Time of change and size by path below the app's folder; folders end with a slash and have zeros."""

# Both as in the original: several changes within this time are one.
_DEBOUNCE_MS = 300
_LONGEST_BURST_MS = 3000
# Not every file system sends events (folders shared with a container often do not).
_LOOK_ANYWAY_MS = 5000

_AT_THE_TOP = frozenset({"host.json", "local.settings.json", "app_offline.htm"})
_OF_A_VIRTUAL_ENVIRONMENT = "pyvenv.cfg"
_log = logging.getLogger("Host.General")


@dataclass(frozen=True, slots=True)
class Sources:
    """Where an app's sources are. `data_dir` never counts, wherever it lies."""

    root: Path
    data_dir: Path
    watch: Watch

    def snapshot(self) -> Snapshot:
        """The sources as they are now."""
        seen = {f"{path.name}/": (0, 0) for path in self.folders() if path.parent == self.root}
        for folder in self.folders():
            wanted = self._wants_all(folder)
            for entry in _entries(folder):
                if entry.is_file() and (wanted or self._counts(folder, entry.name)):
                    status = entry.stat()
                    seen[os.path.relpath(entry.path, self.root)] = (status.st_mtime_ns, status.st_size)
        return seen

    def folders(self) -> Iterator[Path]:
        """The app's folder and those below it that may hold sources."""
        yield self.root
        yield from self._below(self.root)

    def _below(self, folder: Path) -> Iterator[Path]:
        for entry in _entries(folder):
            path = folder / entry.name
            if entry.is_dir(follow_symlinks=False) and not self._is_passed_over(path):
                yield path
                yield from self._below(path)

    def _is_passed_over(self, path: Path) -> bool:
        if path == self.data_dir:
            return True
        if any(path == named or named in path.parents or path in named.parents for named in self._named()):
            return False
        # Tools keep their own things in folders such as .venv, .git, __pycache__ and __blobstorage__.
        hidden = path.name.startswith((".", "__")) or path.name == "node_modules"
        return hidden or (path / _OF_A_VIRTUAL_ENVIRONMENT).exists()

    def _wants_all(self, folder: Path) -> bool:
        return any(folder == named or named in folder.parents for named in self._named())

    def _named(self) -> list[Path]:
        return [self.root / name for name in self.watch.directories]

    def _counts(self, folder: Path, name: str) -> bool:
        if folder == self.root and name in _AT_THE_TOP:
            return True
        return name.endswith(".py") or name in self.watch.files


def changes(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    """The paths that were added, removed or changed, in order."""
    return tuple(sorted(path for path in {*before, *after} if before.get(path) != after.get(path)))


class SourceWatcher:
    """A thread that calls `on_change` with the paths that have changed since it last looked."""

    def __init__(self, sources: Sources, on_change: Callable[[tuple[str, ...]], None]) -> None:
        self._sources = sources
        self._on_change = on_change
        self._stop = threading.Event()
        self._seen = sources.snapshot()
        self._thread = threading.Thread(target=self._run, name="sources", daemon=True)

    def start(self) -> None:
        """Begin to watch; what has changed since this object was made is noticed too."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._watch(tuple(self._sources.folders()))
            except FileNotFoundError:
                # A folder went away between the look and the watch.
                self._compare()
            except Exception:
                _log.exception("Changes of the sources are no longer noticed.")
                return

    def _watch(self, folders: tuple[Path, ...]) -> None:
        """Watch these folders until there are others."""
        # Loaded here: it takes a moment, and the first answer should not wait for it.
        import watchfiles

        for _ in watchfiles.watch(
            *folders,
            watch_filter=None,
            step=_DEBOUNCE_MS,
            debounce=_LONGEST_BURST_MS,
            rust_timeout=_LOOK_ANYWAY_MS,
            yield_on_timeout=True,
            stop_event=self._stop,
            raise_interrupt=False,
            recursive=False,
        ):
            self._compare()
            if self._stop.is_set() or tuple(self._sources.folders()) != folders:
                return

    def _compare(self) -> None:
        now = self._sources.snapshot()
        changed = changes(self._seen, now)
        self._seen = now
        if changed and not self._stop.is_set():
            self._on_change(changed)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """What is in a folder, in order; nothing when it has just gone."""
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda entry: entry.name)
    except OSError:
        return []
