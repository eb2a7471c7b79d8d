"""Percent-encoding. Expectations: Kestrel's path decoding and ASP.NET Core's PathString and QueryHelpers."""

from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funchost.http.request import Query
from funchost.http.url_text import decode_path, encode_path, parse_query, split_target


@pytest.mark.parametrize(
    ("target", "parts"),
    [
        ("/a?b=1", ("", "/a", "b=1")),
        ("/a", ("", "/a", "")),
        ("/a?b?c", ("", "/a", "b?c")),
        ("/a#x?y", ("", "/a", "")),
        ("http://h:1/a?b", ("h:1", "/a", "b")),
        ("http://h", ("h", "/", "")),
        ("http://h?b", ("h", "/", "b")),
        ("/a?u=http://x/y", ("", "/a", "u=http://x/y")),
        ("*", ("", "*", "")),
        ("/\udcff?\udcfe", ("", "/%FF", "%FE")),
    ],
)
def test_a_target_falls_into_authority_path_and_query(target: str, parts: tuple[str, str, str]) -> None:
    assert split_target(target) == parts


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ("/a%20b", "/a b"),
        ("/caf%C3%A9", "/café"),
        ("/a%2Fb%2fc", "/a%2Fb%2fc"),
        ("/100%", "/100%"),
        ("/%zz", "/%zz"),
        ("/%FF%41", "/%FFA"),
        ("/%C3%2F", "/%C3%2F"),
        ("/a/../b", "/b"),
        ("/a/%2e%2e/b", "/b"),
        ("/a/./b/.", "/a/b/"),
        ("/../../a", "/a"),
        ("/a+b", "/a+b"),
        ("/.hidden", "/.hidden"),
    ],
)
def test_a_path_is_decoded_as_kestrel_does(raw: str, path: str) -> None:
    assert decode_path(raw) == path


@given(st.text(max_size=20).filter(lambda text: "." not in text and "/" not in text))
def test_an_encoded_segment_decodes_to_itself(text: str) -> None:
    assert decode_path("/" + quote(text)) == "/" + text


@given(st.text(max_size=20))
def test_encoding_a_path_gives_ascii_that_means_the_same(text: str) -> None:
    encoded = encode_path("/" + text)
    assert encoded.isascii()
    assert unquote(encoded) == unquote("/" + text)


def test_names_that_differ_in_case_are_one_as_first_spelled() -> None:
    assert parse_query("A=1&a=2&b") == {"A": ["1", "2"], "b": [""]}


@pytest.mark.parametrize(
    ("raw", "query"),
    [
        ("", {}),
        ("a=&b", {}),
        ("a=1&a=", {"a": "1,"}),
        ("a=b=c", {"a": "b=c"}),
        ("a=%2B+%20", {"a": "+  "}),
        ("&&a=1&", {"a": "1"}),
        ("a=%FF", {"a": "%FF"}),
    ],
)
def test_a_query_is_joined_and_emptied_of_nothing(raw: str, query: dict[str, str]) -> None:
    assert Query(raw).joined() == query
