"""What the demo shows: sentences, HTTP messages as curl prints them, and progress.

On a terminal the progress is one line that moves; anywhere else it is a few plain lines. Decides nothing
about the demo itself.
"""

import json
import shlex
import textwrap
from collections.abc import Mapping
from typing import Any, TextIO

from bench.client import Reply

_WIDTH = 100
_BAR = 40
_SECONDS_BETWEEN_LINES = 0.9
# Date, Server and lengths tell a reader nothing here.
_SHOWN_HEADERS = ("content-type", "location", "retry-after", "x-instance-started")


class Screen:
    """Writes to one stream, a terminal or not."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_terminal = stream.isatty()
        self._next_line_at = 0.0
        self._shown: int | None = None

    def heading(self, text: str) -> None:
        """Begin a part of the demo."""
        bold = f"\x1b[1m{text}\x1b[0m" if self._is_terminal else text
        self._write(f"{bold}\n\n")

    def say(self, text: str) -> None:
        """Tell in a sentence or two what happens, as one paragraph."""
        self._write(
            "\n".join(textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)) + "\n\n"
        )

    def command(self, *words: str) -> None:
        """Show the command line that a person would type."""
        line = f"$ {shlex.join(words)}"
        self._write((f"\x1b[36m{line}\x1b[0m" if self._is_terminal else line) + "\n")

    def block(self, text: str) -> None:
        """Show text as it is: an answer, a table."""
        self._write(f"{text}\n\n")

    def progress(self, completed: int, total: int, seconds: float) -> None:
        """Show how far it is; off a terminal at most one line a second, and none that says nothing new."""
        if self._is_terminal:
            self._write(f"\r\x1b[K  {progress_bar(completed, total)}  {seconds:.1f} s")
        elif completed != self._shown and (seconds >= self._next_line_at or completed == total):
            self._write(f"  {completed} of {total} tasks are done after {seconds:.1f} s\n")
            self._next_line_at = seconds + _SECONDS_BETWEEN_LINES
            self._shown = completed

    def end_progress(self) -> None:
        """Leave the moving line as it stands, so that the next text is below it."""
        self._write("\n\n" if self._is_terminal else "\n")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def progress_bar(completed: int, total: int) -> str:
    """A bar with its numbers; a total of 0 is complete."""
    filled = _BAR * completed // total if total else _BAR
    return f"[{'#' * filled}{'.' * (_BAR - filled)}] {completed} of {total} tasks"


def reply_head(reply: Reply) -> str:
    """The status line and the headers that matter, as `curl -i` prints them."""
    shown = [f"{name}: {value}" for name, value in reply.headers if name.lower() in _SHOWN_HEADERS]
    return "\n".join([f"HTTP/1.1 {reply.status} {reply.reason}".rstrip(), *shown])


def pretty(document: Mapping[str, Any]) -> str:
    """A JSON document with a line for each field; what is inside a field stays on its line."""
    fields = [f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in document.items()]
    return "{\n" + ",\n".join(fields) + "\n}"
