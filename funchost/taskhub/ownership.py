"""Whose a hub is: of the app that used it first. Another one would fail its instances, for which it has no
functions.

An app is known by its folder. A hub inside that folder, as it is by default, moves along with it.
"""

import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from funchost.durable.text import storable
from funchost.taskhub.statements import SQL
from funchost.taskhub.trouble import TaskHubError

_NAMED_INSTANCES = 3
_ANOTHER_HUB = "another hubName (extensions.durableTask in host.json) or another --data-dir"
_ADOPT = (
    f"Give this app {_ANOTHER_HUB}. If it is the same app in another place, start it once with --adopt-hub."
)
_STOP_FIRST = f"Stop that first, or give this app {_ANOTHER_HUB}."


@dataclass(frozen=True, slots=True)
class App:
    """An app that wants to work on a hub, by its folder; whether it `adopts` the hub of another one."""

    folder: Path
    adopts: bool = False


def claim(
    connection: sqlite3.Connection, path: Path, app: App, others_are_alive: Callable[[], bool]
) -> Path | None:
    """Make the hub at `path` that of this app, or see that it is. Within a transaction.

    The hub of another app is taken when nobody works on it and it holds no unfinished instance, when the
    folder of that app is gone, or when this one adopts it. Returns that folder then, else None. Raises
    TaskHubError when the hub stays that of the other app.
    """
    (stored,) = connection.execute(SQL["app"]).fetchone()
    ours = _as_stored(app.folder, path.parent)
    if stored == ours:
        return None
    owner = None if stored is None else Path(os.path.normpath(path.parent / stored))
    if owner is not None and _is_same_folder(owner, app.folder):
        owner = None
    if owner is not None:
        _refuse_unless_free(connection, path, owner, app.adopts, others_are_alive)
    connection.execute(SQL["set_app"], {"app": ours})
    return owner


def _refuse_unless_free(
    connection: sqlite3.Connection,
    path: Path,
    owner: Path,
    adopts: bool,
    others_are_alive: Callable[[], bool],
) -> None:
    if others_are_alive():
        raise TaskHubError(path, f"it belongs to the app in '{owner}', which runs on it", _STOP_FIRST)
    (unfinished,) = connection.execute(SQL["count_of_unfinished"]).fetchone()
    if unfinished and not adopts and owner.is_dir():
        rows = connection.execute(SQL["unfinished"], {"limit": _NAMED_INSTANCES}).fetchall()
        names = [f"'{row['instance_id']}'" for row in rows] + ["..."] * (unfinished > len(rows))
        reason = f"it holds unfinished instances of the app in '{owner}', {unfinished} in all"
        raise TaskHubError(path, f"{reason} ({', '.join(names)})", _ADOPT)


def _as_stored(app: Path, folder: Path) -> str:
    app, folder = app.resolve(), folder.resolve()
    return storable(os.path.relpath(app, folder) if folder.is_relative_to(app) else str(app))


def _is_same_folder(owner: Path, app: Path) -> bool:
    try:
        return owner.samefile(app)
    except OSError:
        return False
