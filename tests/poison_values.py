"""Values that nobody writes: for every place where text, numbers or structures enter."""

import json

from hypothesis import strategies as st

# Half a surrogate pair, NUL and the like among ordinary characters.
TEXTS = st.text(st.characters(exclude_categories=()), max_size=40) | st.sampled_from(
    [
        *("", " ", "\ud800", "a\udfffb", "\x00", "\r\n", "\u2028\ufeff", "x" * 70_000),
        *("$OutOfProcData$:", "@keeper@k", "@", "null", "../..", "%00", "{}", "NaN"),
    ]
)
NUMBERS = (
    st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([10**400, -(10**400), 1e308, 2**63, -0.0])
)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)


def nested(depth: int) -> str:
    """So many lists within one another, as JSON."""
    return "[" * depth + "]" * depth


JSON_TEXTS = (
    VALUES.map(json.dumps)
    | st.sampled_from([nested(depth) for depth in (100, 900, 990, 1_000, 1_001, 20_000)])
    | st.sampled_from(["NaN", "[Infinity]", '{"a": -Infinity}', "1e999", "[1e-999]", "9" * 5_000])
)
"""What has the form of JSON, and of what some readers take for it."""

CONTENTS = (
    st.binary(max_size=60)
    | JSON_TEXTS.map(str.encode)
    | st.sampled_from([b"", b"\xff\xfe", b"\xef\xbb\xbf{}", b'{"a":1', b"[" * 100_000, b'"\\ud800"'])
)
"""The bytes of a body or of a file."""
