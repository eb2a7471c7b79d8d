"""The command line up to the point where the host takes over."""

from __future__ import annotations

import os
import subprocess
import sys
import types
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

import funchost
from funchost import cli, settings


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[settings.Settings]:
    """An app here, and a host that only remembers the settings it was started with and returns 7."""
    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    monkeypatch.chdir(tmp_path)
    seen: list[settings.Settings] = []
    supervisor = types.ModuleType("funchost.supervisor")
    supervisor.run = lambda given: seen.append(given) or 7  # type: ignore[attr-defined, func-returns-value]
    console = types.ModuleType("funchost.console")
    console.setup_logging = lambda given, label: None  # type: ignore[attr-defined]
    for name, module in {"supervisor": supervisor, "console": console}.items():
        monkeypatch.setitem(sys.modules, f"funchost.{name}", module)
        monkeypatch.setattr(funchost, name, module, raising=False)
    return seen


def _run(*words: str) -> Result:
    return CliRunner().invoke(cli.main, [*words])


def test_the_flags_become_settings_and_the_exit_code_is_the_hosts(
    started: list[settings.Settings], tmp_path: Path
) -> None:
    result = _run(
        *("start", "--script-root", ".", "--address", "::1", "-p", "8080", "--instances", "4"),
        *("--dispatch", "round-robin", "--data-dir", "data", "--verbose", "--user-log-level", "Error"),
        *("--cors", "http://a,http://b", "--cors-credentials"),
    )
    assert result.exit_code == 7
    (given,) = started
    assert given.script_root == tmp_path
    assert (given.address, given.port, given.instances) == ("::1", 8080, 4)
    assert (given.dispatch, given.data_dir, given.verbose) == ("round-robin", tmp_path / "data", True)
    assert given.user_log_level == 40
    assert given.cors == settings.Cors(("http://a", "http://b"), True)


@pytest.mark.parametrize("word", ["--json-output", "--enable-json-output"])
def test_json_lines_are_asked_for_in_both_spellings(started: list[settings.Settings], word: str) -> None:
    _run("start")
    _run("start", word)
    assert [given.flags.json_output for given in started] == [False, True]


@pytest.mark.parametrize("word", ["--enable-auth", "--enableAuth"])
def test_keys_are_asked_for_in_both_spellings(started: list[settings.Settings], word: str) -> None:
    _run("start")
    _run("start", word)
    assert [given.enable_auth for given in started] == [False, True]


@pytest.mark.parametrize(
    ("words", "in_a_terminal", "watches"),
    [([], True, True), ([], False, False), (["--watch"], False, True), (["--no-watch"], True, False)],
)
def test_sources_are_watched_in_a_terminal_or_when_asked_for(
    started: list[settings.Settings],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    in_a_terminal: bool,
    watches: bool,
) -> None:
    monkeypatch.setattr(cli, "in_a_terminal", lambda: in_a_terminal)
    _run("start", *words)
    assert (started[0].watch is not None) == watches


@pytest.mark.parametrize(
    "words",
    [
        ["--functions", "a", "b", "c"],
        ["--functions", "a", "b", "--functions", "c"],
        ["--functions", "a,b", "c"],
        ["--functions=a b c"],
        ["--functions=a", "b", "c", "--verbose"],
    ],
)
def test_functions_are_a_list_with_spaces_or_commas(
    started: list[settings.Settings], words: list[str]
) -> None:
    _run("start", *words)
    assert started[0].functions == ("a", "b", "c")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--port", "0"], "'0' is not a whole number from 1 to 65535."),
        (["--port", "http"], "'http' is not a whole number from 1 to 65535."),
        (["-p", "70000"], "'70000' is not a whole number from 1 to 65535."),
        (["--instances", "0"], "'0' is not a whole number from 1 to 64."),
        (["--instances", "two"], "'two' is not a whole number from 1 to 64."),
        (["--dispatch", "random"], "'least-busy', 'round-robin'"),
        (["--address", "localhost"], "Invalid --address value 'localhost'. Expected an IP address"),
        (["--user-log-level", "loud"], "'loud' is not a log level. Give Trace, Debug,"),
        (["--cors", "here"], "--cors: 'here' is not an origin."),
        (["--script-root", "missing"], '"missing" doesn\'t exist.'),
        (["--script-root", "host.json"], '"host.json" is not a folder.'),
        (["--data-dir", "host.json"], "is not a folder"),
        (["--functions"], "requires an argument"),
        (["--verbose", "hello"], "unexpected extra argument (hello)"),
        (["--unknown"], "No such option"),
    ],
)
def test_a_wrong_flag_is_named_with_what_is_allowed_and_exit_code_2(
    started: list[settings.Settings], words: list[str], said: str
) -> None:
    result = _run("start", *words)
    assert result.exit_code == 2
    assert said in click.unstyle(result.output)
    assert started == []


def test_a_wrong_file_ends_with_exit_code_2_and_no_traceback(
    started: list[settings.Settings], tmp_path: Path
) -> None:
    (tmp_path / "host.json").write_text("{")
    result = _run("start")
    assert result.exit_code == 2
    assert result.output.startswith("Error: Unable to parse host configuration file")
    assert "Traceback" not in result.output
    assert started == []


def test_an_unknown_command_ends_with_exit_code_2() -> None:
    result = _run("begin")
    assert result.exit_code == 2
    assert "No such command 'begin'" in result.output


def _python_m_funchost(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(Path(funchost.__file__).parent.parent)}
    return subprocess.run(
        [sys.executable, "-m", "funchost", *words], capture_output=True, text=True, cwd=cwd, env=environment
    )


def test_python_m_funchost_lists_the_commands() -> None:
    done = _python_m_funchost("--help")
    assert done.returncode == 0
    assert "start   Start the host and serve the app until Ctrl+C." in done.stdout


def test_the_version_is_the_packages() -> None:
    assert _python_m_funchost("--version").stdout == f"funchost {funchost.__version__}\n"


def test_a_folder_that_is_no_project_is_refused(tmp_path: Path) -> None:
    done = _python_m_funchost("start", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: Unable to find project root.")
    assert list(tmp_path.iterdir()) == []


def test_help_imports_neither_the_host_nor_the_settings() -> None:
    script = (
        "import sys, funchost.cli\n"
        "assert not {'funchost.supervisor', 'funchost.settings', 'asyncio', 'aiohttp'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
