"""Percent-encoding as Kestrel and ASP.NET Core read and write it.

Only text here; which route a path belongs to is decided elsewhere.
Source: Kestrel's path decoder, PathString.ToUriComponent and QueryHelpers.ParseQuery.
"""

import re
from collections.abc import Mapping
from urllib.parse import quote

# %2F stays as it is: decoded, it could not be told from a separator.
_PATH_ESCAPES = re.compile(r"(?:%(?!2[Ff])[0-9A-Fa-f]{2})+")
_ALL_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PATH_SAFE = "/:@!$&'()*+,;=~%"
_QUERY_SAFE = _PATH_SAFE + '?[]{}|\\^`"<>'


def split_target(target: str) -> tuple[str, str]:
    """The raw path and the raw query (without `?`) of a request target, in origin or absolute form."""
    target = target.partition("#")[0]
    if "://" in target and not target.startswith("/"):
        authority_and_path = target.partition("://")[2]
        slash = re.search(r"[/?]", authority_and_path)
        target = authority_and_path[slash.start() :] if slash else "/"
    path, _, query = target.partition("?")
    return path or "/", query


def decode_path(raw: str) -> str:
    """The path as routes see it: decoded but for `%2F` and invalid UTF-8, without dot segments."""
    return _without_dot_segments(_PATH_ESCAPES.sub(_decode_run, raw))


def path_segments(path: str) -> tuple[str, ...]:
    """The parts of a decoded path; one slash at the end counts for nothing."""
    trimmed = path.removeprefix("/").removesuffix("/")
    return tuple(trimmed.split("/")) if trimmed else ()


def encode_path(path: str) -> str:
    """The path as a function sees it in `req.url`; what is encoded already stays so."""
    return quote(_STRAY_PERCENT.sub("%25", path), safe=_PATH_SAFE, errors="surrogateescape")


def encode_query(raw: str) -> str:
    """The query as the client wrote it, with anything that is not ASCII encoded."""
    return quote(raw, safe=_QUERY_SAFE, errors="surrogateescape")


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


def joined_query(raw: str) -> Mapping[str, str]:
    """The query as Python code gets it: repeats joined by a comma, empty values left out."""
    joined = {name: ",".join(values) for name, values in parse_query(raw).items()}
    return {name: value for name, value in joined.items() if value}


def _decode_query(text: str) -> str:
    return _ALL_ESCAPES.sub(_decode_run, text.replace("+", " "))


def _decode_run(run: re.Match[str]) -> str:
    decoded = bytes.fromhex(run.group().replace("%", "")).decode("utf-8", "surrogateescape")
    # Bytes that are no UTF-8 came out as lone surrogates; they go back to their escapes.
    return "".join(f"%{ord(c) - 0xDC00:02X}" if 0xDC80 <= ord(c) <= 0xDCFF else c for c in decoded)


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
