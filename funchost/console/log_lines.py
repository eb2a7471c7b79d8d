"""Log lines: text for people, `[time] host worker function instance: text`, and JSON objects for programs.

The handlers work on the records of the standard logging module; context comes as `extra` with the keys
worker, function, invocation, instance and exception, each of which may be missing. What is announced, such as
the banner, passes by the levels.
"""

from __future__ import annotations

import json
import logging
import os
import re
import time
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from funchost.console.output import Output, file_output, standard_output
from funchost.settings import LogLevels, Settings

_HEXADECIMAL_ID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")
_LONGEST_ID = 24
_WORKER_WIDTH = 8

_PLAIN = "\x1b[0m"
_DIM = "\x1b[2m"
_YELLOW = "\x1b[33m"
_RED = "\x1b[31m"

# Loggers that stand for whole families; a level set here saves making lines that nobody will see.
_FAMILIES = (
    "Host",
    "Host.Function.Console",
    "Host.Triggers.DurableTask",
    "DurableTask",
    "Function",
)
_LEVEL_NAMES = ((50, "Critical"), (40, "Error"), (30, "Warning"), (20, "Information"), (10, "Debug"))
_CONTEXT = ("worker", "function", "invocation", "instance")
_STARTUP = "Host.Startup"


def setup_logging(settings: Settings, host_label: str) -> None:
    """Sends the log of this process to standard output, each line marked with the host instance.

    It goes there as text or as JSON, or as text there and as JSON to a file. Called again (in a child, with
    another label) it replaces what it had set up. Raises OSError when the file cannot be written.
    """
    flags, levels = settings.flags, settings.log_levels
    handlers: list[LineHandler] = []
    if flags.json_output_file is not None:
        handlers.append(JsonLines(file_output(flags.json_output_file), levels, host_label))
    output = standard_output()
    if flags.json_output and not handlers:
        handlers.append(JsonLines(output, levels, host_label))
    else:
        handlers.append(TextLines(output, levels, host_label, colours_wanted(output)))
    root = logging.getLogger()
    for former in _line_handlers():
        root.removeHandler(former)
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(levels.lowest_under(""))
    for family in _FAMILIES:
        logging.getLogger(family).setLevel(levels.lowest_under(family))


def announce(
    text: str, message: str, level: int = logging.INFO, category: str = _STARTUP, **fields: object
) -> None:
    """Say something whatever the levels: `text` to people, `message` and `fields` to programs."""
    for handler in _line_handlers():
        handler.announce(text, message, level, category, fields)


def colours_wanted(output: Output) -> bool:
    """Colours are for terminals, unless the person said otherwise (no-color.org)."""
    return output.is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def timestamp(seconds: float) -> str:
    """The time of a line as the real host writes it, in UTC with milliseconds."""
    whole = int(seconds)
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole))
    return f"{moment}.{int((seconds - whole) * 1000):03d}Z"


def short_id(identity: str) -> str:
    """An invocation or instance ID as a column: random ones by their first eight digits."""
    if _HEXADECIMAL_ID.match(identity):
        return identity[:8]
    return identity if len(identity) <= _LONGEST_ID else identity[: _LONGEST_ID - 1] + "…"


class LineHandler(logging.Handler):
    """Formats records and hands them to the output; shows a line when its category's level allows it."""

    def __init__(self, output: Output, levels: LogLevels) -> None:
        super().__init__()
        self._output = output
        self._levels = levels
        self._minimum: dict[str, int] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Writes the record's lines, or nothing when its level is too low."""
        try:
            minimum = self._minimum.get(record.name)
            if minimum is None:
                minimum = self._minimum[record.name] = self._levels.minimum(record.name)
            if record.levelno >= minimum:
                self._output.write(self._lines(record))
        except Exception:
            self.handleError(record)

    @abstractmethod
    def announce(
        self, text: str, message: str, level: int, category: str, fields: Mapping[str, object]
    ) -> None:
        """Write what every start says."""

    @abstractmethod
    def _lines(self, record: logging.LogRecord) -> str:
        """The record, with the ends of its lines."""


class TextLines(LineHandler):
    """Lines for people; the prefix stands before each line of a text."""

    def __init__(self, output: Output, levels: LogLevels, host_label: str, colours: bool) -> None:
        super().__init__(output, levels)
        self._host = f" {host_label}" if host_label else ""
        self._colours = colours
        self._second = -1
        self._second_text = ""

    def announce(
        self, text: str, message: str, level: int, category: str, fields: Mapping[str, object]
    ) -> None:
        """Write the text as it is."""
        self._output.write(text)

    def _lines(self, record: logging.LogRecord) -> str:
        text = record.getMessage()
        exception = _exception(record)
        start, end = f"[{self._time(record.created)}]{self._host}{_columns(record.__dict__, text)} ", "\n"
        if exception:
            text += "\n" + exception
        if self._colours:
            colour = _RED if record.levelno >= logging.ERROR else _YELLOW
            start = f"{_DIM}{start}{_PLAIN}"
            if record.levelno >= logging.WARNING:
                start, end = start + colour, _PLAIN + "\n"
        if "\n" not in text:
            return start + text + end
        return "".join(start + line + end for line in text.replace("\r\n", "\n").rstrip("\n").split("\n"))

    def _time(self, created: float) -> str:
        second = int(created)
        if second != self._second:
            self._second_text = timestamp(second)[:-4]
            self._second = second
        return f"{self._second_text}{int((created - second) * 1000):03d}Z"


class JsonLines(LineHandler):
    """One JSON object for each record; keys without a value are left out."""

    def __init__(self, output: Output, levels: LogLevels, host_label: str) -> None:
        super().__init__(output, levels)
        self._host = host_label
        output.note = lambda note: self._object(time.time(), logging.WARNING, "Host.General", note, {})

    def announce(
        self, text: str, message: str, level: int, category: str, fields: Mapping[str, object]
    ) -> None:
        """Write the message and the fields."""
        self._output.write(self._object(time.time(), level, category, message, fields))

    def _lines(self, record: logging.LogRecord) -> str:
        fields = {key: record.__dict__.get(key) for key in _CONTEXT}
        fields["exception"] = _exception(record)
        return self._object(record.created, record.levelno, record.name, record.getMessage(), fields)

    def _object(
        self, seconds: float, level: int, category: str, message: str, fields: Mapping[str, object]
    ) -> str:
        line = {
            "time": timestamp(seconds),
            "level": next((name for lowest, name in _LEVEL_NAMES if level >= lowest), "Trace"),
            "category": category,
            "message": message,
            "host": self._host,
            **fields,
        }
        return json.dumps({key: value for key, value in line.items() if value is not None}) + "\n"


def _line_handlers() -> list[LineHandler]:
    return [each for each in logging.getLogger().handlers if isinstance(each, LineHandler)]


def _exception(record: logging.LogRecord) -> str | None:
    """What was raised, with its frames."""
    given: str | None = record.__dict__.get("exception")
    return logging.Formatter().formatException(record.exc_info) if record.exc_info else given


def _columns(extra: dict[str, Any], text: str) -> str:
    """The columns after the host instance: worker process, then function and ID before a colon.

    A text that begins with the ID of the instance needs no such column.
    """
    worker, function, instance = extra.get("worker"), extra.get("function"), extra.get("instance")
    column = " " * (_WORKER_WIDTH + 1) if worker is None else f" {f'w{worker}':<{_WORKER_WIDTH}}"
    if instance and text.startswith(instance):
        return column
    identity = instance or extra.get("invocation")
    named = [*([function] if function else []), *([short_id(identity)] if identity else [])]
    return f"{column} {' '.join(named)}:" if named else column
