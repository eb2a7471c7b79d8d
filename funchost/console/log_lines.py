"""Log lines: `[time] instance worker function invocation: text`, the prefix on each line of the text.

The handler works on the records of the standard logging module; context comes as `extra` with the keys
worker, function, invocation and instance, each of which may be missing.
"""

from __future__ import annotations

import logging
import os
import re
import time

from funchost.console.output import Output, standard_output
from funchost.settings import LogLevels, Settings

_HEXADECIMAL_ID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")
_LONGEST_ID = 24
_WORKER_WIDTH = 8

_PLAIN = "\x1b[0m"
_DIM = "\x1b[2m"
_YELLOW = "\x1b[33m"
_RED = "\x1b[31m"

# Loggers that stand for whole families; a level set here saves making lines that nobody will see.
_FAMILIES = ("Host", "Function", "Host.Function.Console")


def setup_logging(settings: Settings, instance_label: str) -> None:
    """Sends the log of this process to standard output, each line marked with the instance.

    Called again (in a child, with another label) it replaces what it had set up.
    """
    output = standard_output()
    levels = settings.log_levels
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each, LineHandler)]:
        root.removeHandler(handler)
    root.addHandler(LineHandler(output, levels, instance_label, colours_wanted(output)))
    root.setLevel(levels.lowest_under(""))
    for family in _FAMILIES:
        logging.getLogger(family).setLevel(levels.lowest_under(family))


def colours_wanted(output: Output) -> bool:
    """Colours are for terminals, unless the person said otherwise (no-color.org)."""
    return output.is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def timestamp(seconds: float) -> str:
    """The time of a line as the real host writes it, in UTC with milliseconds."""
    whole = int(seconds)
    return f"[{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{int((seconds - whole) * 1000):03d}Z]"


def short_id(identity: str) -> str:
    """An invocation or instance ID as a column: random ones by their first eight digits."""
    if _HEXADECIMAL_ID.match(identity):
        return identity[:8]
    return identity if len(identity) <= _LONGEST_ID else identity[: _LONGEST_ID - 1] + "…"


class LineHandler(logging.Handler):
    """Formats records and hands them to the output; shows a line when its category's level allows it."""

    def __init__(self, output: Output, levels: LogLevels, instance_label: str, colours: bool) -> None:
        super().__init__()
        self._output = output
        self._levels = levels
        self._instance = f" {instance_label}" if instance_label else ""
        self._colours = colours
        self._minimum: dict[str, int] = {}
        self._second = -1
        self._second_text = ""

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

    def _lines(self, record: logging.LogRecord) -> str:
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + logging.Formatter().formatException(record.exc_info)
        start, end = f"{self._time(record.created)}{self._instance}{_context(record.__dict__)} ", "\n"
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
            self._second_text = timestamp(second)[:-5]
            self._second = second
        return f"{self._second_text}{int((created - second) * 1000):03d}Z]"


def _context(extra: dict[str, object]) -> str:
    """The columns after the instance: worker process, then function and ID before a colon."""
    worker, function = extra.get("worker"), extra.get("function")
    identity = extra.get("invocation") or extra.get("instance")
    column = " " * (_WORKER_WIDTH + 1) if worker is None else f" {f'w{worker}':<{_WORKER_WIDTH}}"
    if function and identity:
        return f"{column} {function} {short_id(str(identity))}:"
    if function or identity:
        return f"{column} {function or short_id(str(identity))}:"
    return column
