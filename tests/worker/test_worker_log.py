"""What workers print. Source: Azure Functions host, WorkerProcess."""

import logging

import pytest

from funchost.worker.worker_log import ChildOutput, Lines, stderr_level


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("all well", logging.INFO),
        ("UserWarning: old", logging.WARNING),
        ("a warning about an error", logging.WARNING),
        ("ValueError: bad", logging.ERROR),
        ("it FAILED", logging.ERROR),
        ("severe", logging.ERROR),
        ("Unhandled exception.", logging.ERROR),
    ],
)
def test_the_words_of_a_stderr_line_tell_how_serious_it_is(line, level):
    assert stderr_level(line) == level


def test_lines_come_out_whole_wherever_the_pipe_splits_them():
    lines: list[str] = []
    cutter = Lines(lines.append)

    for piece in (b"on", b"e\ntwo\r\nth", b"ree", b"\n\n", "vier ö".encode()[:-1]):
        cutter.feed(piece)
    cutter.close()

    assert lines == ["one", "two", "three", "", "vier �"]


def test_a_line_without_an_end_does_not_grow_for_ever():
    lines: list[str] = []
    cutter = Lines(lines.append)

    cutter.feed(b"x" * 200_000)

    assert lines == ["x" * 200_000]


def test_the_last_three_lines_of_stderr_are_kept_and_stdout_is_not(caplog):
    caplog.set_level(logging.INFO)
    output = ChildOutput()
    output.pid = 7

    output.feed(1, b"printed\n")
    output.feed(2, b"1\n2\n3\n4\n")

    assert list(output.last_lines) == ["2", "3", "4"]
    assert [record.message for record in caplog.records] == ["printed", "1", "2", "3", "4"]
    assert {(record.name, record.worker) for record in caplog.records} == {("Host.Function.Console", 7)}
