"""The reader of the examples' pages itself, and that every example has a page and a line in the index."""

import argparse
import re

import pytest

from tests.examples.conftest import EXAMPLES
from tests.examples.page import Step, fits, parse_curl, steps_of

APPS = sorted(path.parent.name for path in EXAMPLES.glob("*/function_app.py"))
FILES = ["README.md", "function_app.py", "host.json", "local.settings.json", "requirements.txt"]


def test_a_page_s_commands_are_read_with_their_outputs():
    text = "# Page\n\n```sh\n$ no\n```\n\n```console\n$ curl a\none\ntwo\n$ curl b\n```\n"

    assert steps_of(text) == [Step("curl a", "one\ntwo"), Step("curl b", "")]


def test_a_curl_command_becomes_its_request():
    request = parse_curl(["-si", "http://x/", "-d", "[]"])

    assert (request.method, request.url, request.data, request.include) == ("POST", "http://x/", "[]", True)


def test_an_option_of_curl_that_is_not_understood_is_an_error():
    with pytest.raises((argparse.ArgumentError, SystemExit)):
        parse_curl(["--compressed", "http://x/"])


@pytest.mark.parametrize(
    ("output", "expected", "is_alike"),
    [
        ("at 2026-01-02T03:04:05Z", "at 2024-05-01T10:00:00.123Z", True),
        ("a lot of text", "a … text", True),
        ("a lot of text", "a … texts", False),
        ("more than that", "more", False),
        ("dot", "d.t", False),
    ],
)
def test_an_output_is_held_against_the_page(output, expected, is_alike):
    assert fits(output, expected) is is_alike


@pytest.mark.parametrize("name", APPS)
def test_an_example_is_a_complete_app(name):
    assert [file for file in FILES if not (EXAMPLES / name / file).is_file()] == []


def test_the_index_has_every_example():
    links = re.findall(r"\]\((\w+)/README\.md\)", (EXAMPLES / "README.md").read_text())

    assert sorted(links) == APPS
    assert len(APPS) == 7
