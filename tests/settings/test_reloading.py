"""Settings that are read again while the host runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from funchost.settings import SettingsError, reload
from tests.settings.conftest import Load


def _write(app: Path, **sections: object) -> None:
    (app / "host.json").write_text(json.dumps({"version": "2.0", **sections}))


def test_what_belongs_to_the_app_is_new(load_app: Load, app: Path) -> None:
    current = load_app()
    _write(app, extensions={"http": {"routePrefix": "v2"}}, functionTimeout="00:01:00")
    fresh = reload(current, {"FUNCTIONS_WORKER_PROCESS_COUNT": "3"})
    assert (fresh.route_prefix, fresh.function_timeout_seconds, fresh.process_count) == ("v2", 60, 3)
    assert fresh.warnings == ()


def test_the_flags_still_win(load_app: Load, app: Path) -> None:
    current = load_app(functions=("a",), user_log_level="Error")
    _write(app, functions=["b"], logging={"logLevel": {"default": "Debug"}})
    fresh = reload(current, {})
    assert (fresh.functions, fresh.user_log_level) == (("a",), 40)


def test_what_lives_as_long_as_the_host_is_kept_and_named(load_app: Load, app: Path) -> None:
    current = load_app(durable={"hubName": "First"})
    _write(app, extensions={"durableTask": {"hubName": "Second", "maxConcurrentActivityFunctions": 3}})
    (app / "local.settings.json").write_text('{"IsEncrypted": false, "Host": {"LocalHttpPort": 8000}}')
    fresh = reload(current, {})
    assert (fresh.hub.name, fresh.hub.max_activities, fresh.port) == ("First", 3, 7071)
    assert fresh.environment["WEBSITE_HOSTNAME"] == "localhost:7071"
    assert fresh.warnings == (
        "port: the change takes effect when funchost is started again.",
        "hubName: the change takes effect when funchost is started again.",
    )


def test_a_file_that_is_wrong_now_is_refused_as_at_the_start(load_app: Load, app: Path) -> None:
    current = load_app()
    (app / "host.json").write_text("{")
    with pytest.raises(SettingsError, match="Unable to parse host configuration file"):
        reload(current, {})
