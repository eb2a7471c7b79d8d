"""What the demo shows, on a terminal and elsewhere."""

import io

import pytest

from bench import client, screen


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("completed", "total", "bar"),
    [
        (0, 100, "[........................................] 0 of 100 tasks"),
        (25, 100, "[##########..............................] 25 of 100 tasks"),
        (99, 100, "[#######################################.] 99 of 100 tasks"),
        (100, 100, "[########################################] 100 of 100 tasks"),
        (0, 0, "[########################################] 0 of 0 tasks"),
    ],
)
def test_the_bar_is_full_only_when_all_is_done(completed: int, total: int, bar: str) -> None:
    assert screen.progress_bar(completed, total) == bar


def test_on_a_terminal_progress_is_one_line_that_moves() -> None:
    stream = Terminal()
    show = screen.Screen(stream)
    show.progress(10, 100, 1.0)
    show.progress(20, 100, 1.1)
    assert stream.getvalue().count("\r") == 2
    assert "\n" not in stream.getvalue()


def test_elsewhere_progress_is_at_most_a_line_a_second_and_the_last_one_is_always_there() -> None:
    stream = io.StringIO()
    show = screen.Screen(stream)
    for completed, seconds in [(0, 0.0), (0, 0.5), (10, 0.6), (20, 1.0), (20, 2.0), (40, 2.1), (100, 2.2)]:
        show.progress(completed, 100, seconds)
    assert stream.getvalue().splitlines() == [
        "  0 of 100 tasks are done after 0.0 s",
        "  20 of 100 tasks are done after 1.0 s",
        "  40 of 100 tasks are done after 2.1 s",
        "  100 of 100 tasks are done after 2.2 s",
    ]


def test_elsewhere_nothing_is_coloured() -> None:
    stream = io.StringIO()
    show = screen.Screen(stream)
    show.heading("Part one")
    show.command("curl", "http://localhost/?a=1&b=2")
    assert stream.getvalue() == "Part one\n\n$ curl 'http://localhost/?a=1&b=2'\n"


def test_a_reply_is_shown_with_the_headers_that_matter() -> None:
    headers = (("Date", "today"), ("Location", "http://localhost/x"), ("X-Instance-Started", "true"))
    assert screen.reply_head(client.Reply(202, "Accepted", headers, b"")).splitlines() == [
        "HTTP/1.1 202 Accepted",
        "Location: http://localhost/x",
        "X-Instance-Started: true",
    ]


def test_a_document_is_shown_with_a_line_for_each_field() -> None:
    assert screen.pretty({"id": "a", "output": ["x", "y"]}).splitlines() == [
        "{",
        '  "id": "a",',
        '  "output": ["x", "y"]',
        "}",
    ]
