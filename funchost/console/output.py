"""Output without waiting: a thread writes what the others hand over, to standard output or to a file.

A slow reader delays nobody, a reader that is gone ends nothing, and lines stay whole when several
host instances write to the same pipe. Formats nothing.
"""

from __future__ import annotations

import atexit
import os
import select
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue

# The least that every system writes to a pipe in one piece (POSIX asks for 512, Linux and macOS do more).
_PIECE = 4096 if sys.platform == "linux" else 512
_LONGEST_BACKLOG = 100_000
_LAST_WORDS_SECONDS = 2.0


class Output:
    """Writes texts to a file descriptor in the order they were handed over.

    When nobody reads for so long that 100,000 texts wait, further ones are dropped and counted. `note` makes
    a line of what it says itself.
    """

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor
        self._waiting: SimpleQueue[str | threading.Event] = SimpleQueue()
        self._dropped = 0
        self.process = os.getpid()
        self.note: Callable[[str], str] = lambda text: f"{text}\n"
        threading.Thread(target=self._write_forever, name="console", daemon=True).start()

    @property
    def is_terminal(self) -> bool:
        """Whether a person looks at it directly."""
        try:
            return self._descriptor is not None and os.isatty(self._descriptor)
        except OSError:
            return False

    def write(self, text: str) -> None:
        """Hands over one or more whole lines; returns at once."""
        if self._waiting.qsize() < _LONGEST_BACKLOG:
            self._waiting.put(text)
        else:
            self._dropped += 1

    def flush(self, seconds: float) -> bool:
        """Waits until all that was handed over is written, at most `seconds`; tells whether it was."""
        reached = threading.Event()
        self._waiting.put(reached)
        return reached.wait(seconds)

    def _write_forever(self) -> None:
        while True:
            item = self._waiting.get()
            texts: list[str] = []
            size = 0
            while isinstance(item, str):
                texts.append(item)
                size += len(item)
                if size >= _PIECE or self._waiting.empty():
                    break
                item = self._waiting.get()
            if self._dropped and self._waiting.empty():
                texts.append(self.note(f"{self._dropped} lines were dropped: nobody read the output."))
                self._dropped = 0
            self._write_pieces(texts)
            if isinstance(item, threading.Event):
                item.set()

    def _write_pieces(self, texts: list[str]) -> None:
        piece = b""
        for text in texts:
            encoded = text.encode("utf-8", "backslashreplace")
            if piece and len(piece) + len(encoded) > _PIECE:
                self._write_bytes(piece)
                piece = b""
            piece += encoded
        self._write_bytes(piece)

    def _write_bytes(self, data: bytes) -> None:
        while data and self._descriptor is not None:
            try:
                data = data[os.write(self._descriptor, data) :]
            except BlockingIOError:
                # Another program made the shared terminal or pipe non-blocking.
                select.select([], [self._descriptor], [])
            except OSError:
                # The reader is gone (`funchost start | head`): the host goes on in silence.
                self._descriptor = None


_outputs: dict[Path | None, Output] = {}


def standard_output() -> Output:
    """The one Output of this process to standard output; after a fork the child gets its own."""
    # With standard output closed, descriptor 1 may by now be somebody's database or socket.
    return _output(None, lambda: 1 if sys.__stdout__ is not None else None)


def file_output(path: Path) -> Output:
    """The one Output of this process that appends to this file. Raises OSError when it cannot be opened."""
    return _output(path, lambda: os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644))


def flush(seconds: float = _LAST_WORDS_SECONDS) -> None:
    """Waits, for a bounded time, until this process has written all its lines."""
    for output in _outputs.values():
        if output.process == os.getpid():
            output.flush(seconds)


def _output(path: Path | None, opened: Callable[[], int | None]) -> Output:
    known = _outputs.get(path)
    if known is not None and known.process == os.getpid():
        return known
    if not _outputs:
        atexit.register(flush)
    output = _outputs[path] = Output(opened())
    return output
