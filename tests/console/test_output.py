from __future__ import annotations

import os
import subprocess
import sys

import pytest

from funchost.console import output as output_module
from funchost.console.output import Output
from tests.console.conftest import Piped


def test_texts_come_out_in_order(piped: Piped) -> None:
    for number in range(500):
        piped.output.write(f"{number}\n")
    assert piped.text() == "".join(f"{number}\n" for number in range(500))


def test_a_reader_that_does_not_read_delays_nobody_and_loses_nothing(piped: Piped) -> None:
    line = "x" * 99 + "\n"
    for _ in range(3000):  # far more than a pipe holds
        piped.output.write(line)
    assert not piped.output.flush(0.05)
    received = 0
    while received < 3000 * len(line):
        received += len(os.read(piped.reading_end, 65536))
    assert piped.output.flush(10)


def test_a_backlog_without_end_is_cut_and_counted(piped: Piped, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output_module, "_LONGEST_BACKLOG", 10)
    big = "y" * 70_000 + "\n"  # the first one fills the pipe
    for _ in range(50):
        piped.output.write(big)
    text = ""
    while "lines were dropped: nobody read the output." not in text:
        text += os.read(piped.reading_end, 65536).decode()
    written = text.count("\n") - 1
    assert f"{50 - written} lines were dropped" in text


def test_a_reader_that_is_gone_ends_nothing() -> None:
    reading_end, writing_end = os.pipe()
    os.close(reading_end)
    output = Output(writing_end)
    output.write("nobody hears this\n")
    assert output.flush(10)
    output.write("nor this\n")
    assert output.flush(10)
    os.close(writing_end)


def test_a_non_blocking_pipe_is_waited_for(piped: Piped) -> None:
    os.set_blocking(piped.writing_end, False)
    for _ in range(2000):
        piped.output.write("z" * 99 + "\n")
    received = 0
    while received < 200_000:
        received += len(os.read(piped.reading_end, 65536))
    assert piped.output.flush(10)


def test_a_closed_standard_output_is_not_written_to() -> None:
    output = Output(None)
    output.write("nowhere\n")
    assert output.flush(10)
    assert not output.is_terminal


def test_lines_written_just_before_the_end_of_the_process_are_not_lost() -> None:
    script = (
        "from funchost.console.output import standard_output\n"
        "for number in range(2000): standard_output().write(f'{number}\\n')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(number) for number in range(2000)]
