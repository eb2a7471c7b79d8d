"""Expectations: the layout of Azure Functions Core Tools' list of functions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from funchost.console.start_up import functions_text, knobs_text, ready_text
from funchost.settings import Flags, Settings, load
from funchost.worker.invocations import FunctionInfo


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    return load(Flags(script_root=tmp_path), {"FUNCTIONS_WORKER_PROCESS_COUNT": "3"})


def _function(name: str, trigger: str, **rest: Any) -> FunctionInfo:
    given = {
        "bindings": (),
        "durable_name": name,
        "route": None,
        "methods": (),
        "auth_level": "FUNCTION",
        "is_async": False,
        "script_file": "function_app.py",
        "entry_point": name,
    }
    return FunctionInfo(name=name, trigger=trigger, **(given | rest))


def test_http_functions_come_first_each_group_by_name(settings: Settings) -> None:
    functions = [
        _function("orch", "orchestrationTrigger"),
        _function("plain", "httpTrigger", route="plain"),
        _function("Act", "activityTrigger"),
        _function("hello", "httpTrigger", route="hello/{name}", methods=("GET", "POST")),
    ]
    assert functions_text(functions, settings) == (
        "\nFunctions:\n\n"
        "\thello: [GET,POST] http://localhost:7071/api/hello/{name}\n\n"
        "\tplain:  http://localhost:7071/api/plain\n\n"
        "\tAct: activityTrigger\n\n"
        "\torch: orchestrationTrigger\n\n"
        "For detailed output, run funchost with --verbose flag.\n"
    )


def test_the_hint_is_gone_with_verbose(settings: Settings) -> None:
    functions = [_function("act", "activityTrigger")]
    assert "--verbose" not in functions_text(functions, replace(settings, verbose=True))


@pytest.mark.parametrize(
    ("change", "url"),
    [
        ({"route_prefix": ""}, "http://localhost:7071/f"),
        ({"route_prefix": "v1/x", "port": 80}, "http://localhost:80/v1/x/f"),
        ({"address": "0.0.0.0"}, "http://localhost:7071/api/f"),
        ({"address": "192.0.2.1"}, "http://192.0.2.1:7071/api/f"),
        ({"address": "2001:db8::1"}, "http://[2001:db8::1]:7071/api/f"),
    ],
)
def test_the_url_is_the_one_to_call(settings: Settings, change: dict[str, Any], url: str) -> None:
    text = functions_text([_function("f", "httpTrigger")], replace(settings, **change))
    assert f"\tf:  {url}\n" in text


def test_functions_that_do_not_run_are_named_below_the_list(settings: Settings) -> None:
    functions = [
        _function("good", "activityTrigger"),
        _function("off", "activityTrigger", disabled=True),
        _function("bad", "httpTrigger", error="it has no trigger"),
    ]
    text = functions_text(functions, settings)
    listing, notes = text.split("\tgood: activityTrigger\n\n")
    assert "off" not in listing
    assert "bad" not in listing
    assert notes.splitlines()[:2] == [
        "The 'bad' function is in error: it has no trigger",
        "Function off is disabled.",
    ]


def test_an_app_without_functions_is_told_what_to_do(settings: Settings) -> None:
    text = functions_text([], settings)
    assert "Functions:\n" not in text
    assert "No job functions found. function_app.py must make an app" in text


def test_the_knobs_tell_their_values_and_origins(settings: Settings) -> None:
    rows = [line.split() for line in knobs_text(settings).splitlines() if line.startswith("\t")]
    assert ["--instances", "1", "default"] in rows
    assert ["FUNCTIONS_WORKER_PROCESS_COUNT", "3", "environment"] in rows
    assert ["PYTHON_THREADPOOL_THREAD_COUNT", "1000", "default"] in rows
    assert ["hubName", "TestHubName", "default"] in rows


def test_the_knobs_name_a_store_that_the_app_has_on_azure_only(settings: Settings) -> None:
    elsewhere = replace(
        settings,
        hub=replace(settings.hub, storage_type="azureManaged"),
        origins={**settings.origins, "hub.storage_type": "host.json"},
    )
    assert "storageProvider.type" not in knobs_text(settings)
    rows = [line.split() for line in knobs_text(elsewhere).splitlines()]
    assert ["storageProvider.type", "azureManaged,", "here", "SQLite", "host.json"] in rows


def test_the_ready_line_tells_where_and_how_to_stop(settings: Settings) -> None:
    assert ready_text(settings, 0.8412) == (
        "Host ready in 0.84 s. Listening on http://127.0.0.1:7071 - press Ctrl+C to stop.\n"
    )
    several = replace(settings, instances=4, address="::1")
    assert ready_text(several, 1) == (
        "Host ready in 1.00 s with 4 host instances. Listening on http://[::1]:7071 - press Ctrl+C to stop.\n"
    )
