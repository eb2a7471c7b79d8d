"""JSON as the host's own reader takes it: comments, trailing commas and single-quoted strings are fine.

Positions in errors point into the text as written: what is taken out leaves blanks behind.
"""

from __future__ import annotations

import json
import re
from typing import Any

_STRING_OR_COMMENT = re.compile(
    r"""(?P<double>"(?:\\.|[^"\\])*")|(?P<single>'(?:\\.|[^'\\])*')|(?P<comment>//[^\n]*|/\*.*?\*/)""",
    re.DOTALL,
)
_STRING_OR_TRAILING_COMMA = re.compile(r"""(?P<double>"(?:\\.|[^"\\])*")|,(?P<end>\s*[}\]])""", re.DOTALL)


def parse(text: str) -> Any:
    """The value of a lenient JSON text.

    Raises json.JSONDecodeError where even a lenient reader gives up.
    """
    plain = _STRING_OR_COMMENT.sub(_plain_json, text.removeprefix("\ufeff"))
    plain = _STRING_OR_TRAILING_COMMA.sub(lambda m: m["double"] or " " + m["end"], plain)
    # strict=False: a line break inside a string is taken as it is.
    return json.loads(plain, strict=False)


def _plain_json(match: re.Match[str]) -> str:
    if match["double"]:
        return match["double"]
    if match["single"]:
        inside = match["single"][1:-1].replace("\\'", "'")
        return '"' + re.sub(r'(\\.)|"', lambda m: m[1] or '\\"', inside) + '"'
    return re.sub(r"[^\n]", " ", match["comment"])
