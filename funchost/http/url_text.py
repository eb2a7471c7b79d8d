"""Percent-encoding as Kestrel and ASP.NET Core read and write it.

Only text here; which route a path belongs to is decided elsewhere.
Source: Kestrel's path decoder, PathString.ToUriComponent and QueryHelpers.ParseQuery.
"""

import re
from urllib.parse import quote

# %2F stays as it is: decoded, it could not be told from a separator.
_PATH_ESCAPES = re.compile(r"(?:%(?!2[Ff])[0-9A-Fa-f]{2})+")
_ALL_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_STRAY_BYTES = re.compile("[\udc80-\udcff]")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PATH_SAFE = "/:@!$&'()*+,;=~%"
_QUERY_SAFE = _PATH_SAFE + '?[]{}|\\^`"<>'


def split_target(target: str) -> tuple[str, str, str]:
    """Authority (empty in origin form), raw path and raw query (without `?`) of a request target.

    Bytes that are no UTF-8, which the server hands over as lone surrogates, come out percent-encoded.
    """
    target = _STRAY_BYTES.sub(_escape, target.partition("#")[0])
    authority = ""
    if "://" in target and not target.startswith("/"):
        authority, slash, rest = re.split(r"([/?]|$)", target.partition("://")[2], maxsplit=1)
        target = slash + rest
    path, _, query = target.partition("?")
    return authority, path or "/", query


def decode_path(raw: str) -> str:
    """The path as routes see it: decoded but for `%2F` and invalid UTF-8, without dot segments."""
    return _without_dot_segments(_PATH_ESCAPES.sub(_decode_run, raw))


def encode_path(path: str) -> str:
    """The path as a function sees it in `req.url`; what is encoded already stays so."""
    return quote(_STRAY_PERCENT.sub("%25", path), safe=_PATH_SAFE)


def encode_query(raw: str) -> str:
    """The query as the client wrote it, with anything that is not ASCII encoded."""
    return quote(raw, safe=_QUERY_SAFE)


def parse_query(raw: str) -> dict[str, list[str]]:
    """Names and values of a query string; names that differ only in case are one, spelled as first seen."""
    values: dict[str, list[str]] = {}
    spelling: dict[str, str] = {}
    for pair in raw.split("&"):
        if not pair:
            continue
        name, _, value = pair.partition("=")
        name = _decode_query(name)
        name = spelling.setdefault(name.casefold(), name)
        values.setdefault(name, []).append(_decode_query(value))
    return values


def _decode_query(text: str) -> str:
    return _ALL_ESCAPES.sub(_decode_run, text.replace("+", " "))


def _decode_run(run: re.Match[str]) -> str:
    decoded = bytes.fromhex(run.group().replace("%", "")).decode("utf-8", "surrogateescape")
    return _STRAY_BYTES.sub(_escape, decoded)


def _escape(byte: re.Match[str]) -> str:
    """Of a byte that is no UTF-8 and stands as a lone surrogate."""
    return f"%{ord(byte.group()) - 0xDC00:02X}"


def _without_dot_segments(path: str) -> str:
    if "/." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")
    for segment in segments[1:]:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)
