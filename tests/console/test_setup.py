"""setup_logging as a process uses it: real descriptors, real loggers."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import funchost

Script = Callable[..., list[str]]

_SCRIPT = """
import logging, os
from pathlib import Path
from funchost import console, settings
loaded = settings.load(settings.Flags(script_root=Path({root!r}), verbose={verbose}, {flags}), {{}})
console.setup_logging(loaded, "old")
console.setup_logging(loaded, "i2")
logging.getLogger("Host.General").info("host line")
logging.getLogger("Function.hello.User").info("user line")
logging.getLogger("Function.hello.User").debug("hidden")
logging.getLogger("asyncio").warning("from a library")
{more}
"""


@pytest.fixture
def script(tmp_path: Path) -> Script:
    (tmp_path / "host.json").write_text('{"version": "2.0"}')

    def make(verbose: bool = False, more: str = "", flags: str = "") -> list[str]:
        text = _SCRIPT.format(root=str(tmp_path), verbose=verbose, more=more, flags=flags)
        return [sys.executable, "-c", text]

    return make


def test_the_last_label_counts_and_each_line_comes_once(script: Script) -> None:
    done = subprocess.run(script(), capture_output=True, text=True, check=True)
    texts = [line.split("] ")[1] for line in done.stdout.splitlines()]
    assert texts == ["i2          user line", "i2          from a library"]
    assert done.stderr == ""


def test_verbose_shows_the_lines_of_the_host(script: Script) -> None:
    done = subprocess.run(script(verbose=True), capture_output=True, text=True, check=True)
    assert "host line" in done.stdout


def test_a_forked_process_writes_its_own_lines_once(script: Script) -> None:
    more = """
child = os.fork()
if child == 0:
    console.setup_logging(loaded, "child")
    logging.getLogger("Function.hello").info("from the child")
    raise SystemExit
os.waitpid(child, 0)
"""
    done = subprocess.run(script(more=more), capture_output=True, text=True, check=True)
    assert done.stdout.count("from the child") == 1
    assert done.stdout.count("user line") == 1


def test_json_objects_take_the_place_of_the_text(script: Script) -> None:
    more = "console.print_banner(loaded)\nconsole.print_ready(loaded, 1.5)\nconsole.print_stopping(10)"
    flags = "json_output=True"
    done = subprocess.run(script(more=more, flags=flags), capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["message"].split(" (")[0] for line in lines] == [
        "user line",
        "from a library",
        f"funchost {funchost.__version__}",
        "Host ready in 1.50 s. Listening on http://127.0.0.1:7071 - press Ctrl+C to stop.",
        "Stopping: no new work; what runs has 10 s.",
    ]
    assert (lines[3]["url"], lines[3]["seconds"]) == ("http://127.0.0.1:7071", 1.5)


def test_in_a_file_they_stand_beside_the_text(script: Script, tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    file.write_text('{"message": "before"}\n')
    flags = f"json_output=True, json_output_file=Path({str(file)!r})"
    done = subprocess.run(script(flags=flags), capture_output=True, text=True, check=True)
    messages = [json.loads(line)["message"] for line in file.read_text().splitlines()]
    assert messages == ["before", "user line", "from a library"]
    assert [line.split("] ")[1] for line in done.stdout.splitlines()] == [
        "i2          user line",
        "i2          from a library",
    ]


def test_the_reason_of_an_end_is_on_standard_error_and_among_the_objects(script: Script) -> None:
    more = "console.print_end('The port is taken.')"
    for flags, shown in (("", []), ("json_output=True", [("Critical", "The port is taken.")])):
        done = subprocess.run(script(more=more, flags=flags), capture_output=True, text=True, check=True)
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        assert done.stderr == "The port is taken.\n"
        assert [(line["level"], line["message"]) for line in lines if line["level"] == "Critical"] == shown


@pytest.mark.parametrize(
    ("extra", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_colours_are_for_terminals_unless_unwanted(
    script: Script, extra: dict[str, str], coloured: bool
) -> None:
    reading_end, terminal = pty.openpty()
    environment = {
        "PATH": os.environ["PATH"],
        "TERM": "xterm",
        "PYTHONPATH": os.pathsep.join(sys.path),
    } | extra
    subprocess.run(script(), stdout=terminal, env=environment, check=True)
    os.close(terminal)
    shown = os.read(reading_end, 65536).decode()
    os.close(reading_end)
    assert "user line" in shown
    assert ("\x1b[" in shown) is coloured
