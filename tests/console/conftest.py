"""An Output whose other end the test reads."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from funchost.console.output import Output


class Piped:
    """An Output into a pipe, and what came out of it."""

    def __init__(self) -> None:
        self.reading_end, self.writing_end = os.pipe()
        self.output = Output(self.writing_end)

    def text(self) -> str:
        """All that was written so far."""
        assert self.output.flush(10)
        return os.read(self.reading_end, 1_000_000).decode()

    def close(self) -> None:
        """Let the Output find out that nobody reads, before another test gets the pipe's number."""
        os.close(self.reading_end)
        self.output.write("\n")
        assert self.output.flush(10)
        os.close(self.writing_end)


@pytest.fixture
def piped() -> Iterator[Piped]:
    piped = Piped()
    yield piped
    piped.close()
