"""An app's folder to read settings from."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from funchost.settings import Flags, Settings, load

Load = Callable[..., Settings]


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A folder with the smallest host.json."""
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "host.json").write_text('{"version": "2.0"}')
    return folder


@pytest.fixture
def load_app(app: Path) -> Load:
    """Loads the app's settings from given files, environment and flags."""

    def load_with(
        environment: dict[str, str] | None = None,
        *,
        host: dict[str, Any] | str | None = None,
        durable: dict[str, Any] | None = None,
        local: dict[str, Any] | str | None = None,
        values: dict[str, Any] | None = None,
        **flags: Any,
    ) -> Settings:
        if durable is not None:
            host = {"extensions": {"durableTask": durable}}
        if isinstance(host, dict):
            host = json.dumps({"version": "2.0"} | host)
        if host is not None:
            (app / "host.json").write_text(host)
        if values is not None:
            local = {"IsEncrypted": False, "Values": values}
        if isinstance(local, dict):
            local = json.dumps(local)
        if local is not None:
            (app / "local.settings.json").write_text(local)
        return load(Flags(script_root=app, **flags), environment or {})

    return load_with
