"""From what a function returned to the HTTP response.

An HttpResponse passes through untouched. A plain string is first read as JSON, because the original
host does so; everything that follows from that is here.
Source: Azure Functions host, HttpBinding.CreateResult and RawScriptResult.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from aiohttp import web
from multidict import CIMultiDict

from funchost.durable.text import dump_json
from funchost.worker.invocations import InvocationResult
from funchost.worker.streams import ResponseHead

TEXT = "text/plain; charset=utf-8"
JSON = "application/json; charset=utf-8"

# The server frames the body itself; a function that sets these would contradict it.
_CONNECTION = frozenset({"transfer-encoding", "connection", "keep-alive", "date"})
_FRAMING = _CONNECTION | {"content-length"}
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]*")


class UnsendableReply(Exception):
    """A function's response cannot be put on the wire; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A response before it meets the server."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


def empty_reply(status: int, headers: Mapping[str, str] | None = None) -> web.Response:
    """A response without a body, and so without a content type."""
    return web.Response(status=status, headers=headers)


def json_reply(status: int, value: Any, headers: Mapping[str, str] | None = None) -> web.Response:
    """A compact JSON document."""
    return json_text_reply(status, dump_json(value), headers)


def json_text_reply(status: int, text: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """A JSON document that is text already."""
    return web.Response(status=status, body=text.encode(), headers={"Content-Type": JSON, **(headers or {})})


def response_of(result: InvocationResult) -> web.Response:
    """The response to a client whose function has answered.

    A failure is an empty 500: exceptions never reach the client.
    Raises UnsendableReply when the function's own response is not valid HTTP.
    """
    if not result.ok:
        return empty_reply(500)
    return _to_response(_reply_of(result))


def _reply_of(result: InvocationResult) -> Reply:
    if result.datum == "none":
        return Reply(status=204)
    if result.datum != "http":
        return reply_to_text(result.payload.decode())
    http = result.http
    status, headers = (http.status, http.headers) if http else (200, ())
    return Reply(status, tuple(headers), result.payload)


def streamed_response(head: ResponseHead) -> web.StreamResponse:
    """The response, not yet begun, of a function that sends its body piece by piece.

    It keeps the length that the function announces. Raises UnsendableReply like `response_of`.
    """
    status = _checked_status(head.status)
    return _StreamedResponse(status=status, headers=_checked_headers(head.headers, _CONNECTION))


class _StreamedResponse(web.StreamResponse):
    """A response that goes without a content type if it has none; a browser would save it as a file."""

    async def _prepare_headers(self) -> None:
        has_type = "Content-Type" in self.headers
        await super()._prepare_headers()
        if not has_type:
            self.headers.popall("Content-Type", None)


def _to_response(reply: Reply) -> web.Response:
    status = _checked_status(reply.status)
    return web.Response(status=status, headers=_checked_headers(reply.headers, _FRAMING), body=reply.body)


def _checked_status(status: int) -> int:
    if not 200 <= status <= 999:
        raise UnsendableReply(f"status code {status} is not one that can be sent. Use 200 to 999.")
    return status


def _checked_headers(given: Iterable[tuple[str, str]], dropped: Set[str]) -> CIMultiDict[str]:
    headers: CIMultiDict[str] = CIMultiDict()
    for name, value in given:
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            raise UnsendableReply(
                f"header {name!r}: {value!r} is not valid HTTP. Names are letters, digits and -, "
                "values have no line breaks or control characters."
            )
        if name.lower() not in dropped:
            headers.add(name, value)
    return headers


def reply_to_text(text: str) -> Reply:
    """The response to a function that returned a `str`.

    Text that is no JSON goes out as it is; a JSON object with a `body` is a description of the
    response; any other JSON is printed the way the original prints it.
    """
    try:
        value = json.loads(text) if text.strip() else None
        described = {key.casefold(): item for key, item in value.items()} if isinstance(value, dict) else {}
        if "body" in described:
            return _described_reply(described)
        body = printed(value)
    except (ValueError, RecursionError):
        # No JSON, or nested more deeply than can be read or printed.
        body = text
    return Reply(headers=(("Content-Type", TEXT),), body=_encode(body))


def printed(value: Any) -> str:
    """A JSON value as .NET prints it: objects indented, scalars without their JSON form."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, float):
        return _printed_double(value)
    if isinstance(value, int):
        return str(value)
    return json.dumps(value, indent=2, ensure_ascii=False)


def _described_reply(described: Mapping[str, Any]) -> Reply:
    given = described.get("headers")
    headers = [(name, printed(value)) for name, value in given.items()] if isinstance(given, dict) else []
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.insert(0, ("Content-Type", TEXT))
    cookies = described.get("cookies")
    if isinstance(cookies, list):
        headers += [("Set-Cookie", text) for text in _cookies(cookies)]
    return Reply(_status(described), tuple(headers), _encode(printed(described["body"])))


def _status(described: Mapping[str, Any]) -> int:
    for key in ("statuscode", "status"):
        try:
            return int(described[key])
        except (KeyError, TypeError, ValueError, OverflowError):
            continue
    return 200


def _cookies(cookies: Iterable[Any]) -> Iterable[str]:
    for cookie in cookies:
        if not isinstance(cookie, dict) or not cookie.get("name"):
            continue
        yield "; ".join(
            [
                f"{_quoted(cookie['name'])}={_quoted(cookie.get('value', ''))}",
                *(f"{name}={cookie[key]}" for key, name in _COOKIE_VALUES.items() if cookie.get(key)),
                *(name for key, name in _COOKIE_FLAGS.items() if cookie.get(key) is True),
            ]
        )


def _quoted(value: Any) -> str:
    return quote(str(value), errors="replace")


_COOKIE_VALUES = {
    "expires": "expires",
    "maxAge": "max-age",
    "domain": "domain",
    "path": "path",
    "sameSite": "samesite",
}
_COOKIE_FLAGS = {"secure": "secure", "httpOnly": "httponly"}


def _printed_double(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    exact = Decimal(repr(value)).normalize()
    power = exact.adjusted()
    # .NET changes to an exponent at 1E+15 and below 0.0001.
    if -5 < power < 15:
        return f"{exact:f}"
    digits = "".join(map(str, exact.as_tuple().digits))
    mantissa = f"{digits[0]}.{digits[1:]}" if len(digits) > 1 else digits
    return f"{'-' if value < 0 else ''}{mantissa}E{power:+03d}"


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "replace")
