from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funchost.settings.app_files import parse_json


def test_comments_trailing_commas_and_single_quotes_are_taken() -> None:
    text = """\ufeff
    { // the version
      'version': "2.0", /* and
      more */
      "list": [1, 2,],
    }
    """
    assert parse_json(text) == {"version": "2.0", "list": [1, 2]}


def test_what_looks_like_a_comment_or_a_comma_inside_a_string_stays() -> None:
    text = """{"url": "http://host/*x*/", "text": ",]", 'single': 'http://a,}'}"""
    assert parse_json(text) == {"url": "http://host/*x*/", "text": ",]", "single": "http://a,}"}


def test_quotes_inside_single_quoted_strings_keep_their_meaning() -> None:
    assert parse_json(r"""['say "hi"', 'it\'s', 'a\\"b', 'tab\t']""") == [
        'say "hi"',
        "it's",
        'a\\"b',
        "tab\t",
    ]


def test_an_error_points_into_the_text_as_written() -> None:
    with pytest.raises(json.JSONDecodeError) as caught:
        parse_json('{\n  /* two\n     lines */\n  "a": nonsense\n}')
    assert caught.value.lineno == 4


@pytest.mark.parametrize("text", ["", "{", "[1 2]", "{'a' 1}", "/* open"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(json.JSONDecodeError):
        parse_json(text)


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(_values)
def test_plain_json_means_what_it_means_to_a_strict_reader(value: object) -> None:
    assert parse_json(json.dumps(value, indent=1)) == value
