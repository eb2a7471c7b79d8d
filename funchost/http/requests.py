"""From an HTTP request to what a function is given.

Reads the wire; which function gets it, and what its Python code sees, is decided elsewhere.
Source: Azure Functions host, HTTP request to RPC conversion.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from funchost.http.url_text import decode_path, encode_path, encode_query, joined_query, split_target
from funchost.worker.invocations import HttpCall

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class BodyTooLarge(Exception):
    """The request body is larger than this host takes."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"The request body is larger than {limit} bytes. Send less, or set "
            "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT to a higher number of bytes."
        )


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes: the decoded path for routing, the raw query, and the full URL."""

    path: str
    raw_query: str
    url: str


def target_of(request: web.BaseRequest) -> Target:
    """Take the request line apart; the URL has the client's own Host, whatever this host is called."""
    raw_path, raw_query = split_target(request.raw_path)
    path = decode_path(raw_path)
    query = f"?{encode_query(raw_query)}" if raw_query else ""
    return Target(path, raw_query, f"http://{host_of(request)}{encode_path(path)}{query}")


def host_of(request: web.BaseRequest) -> str:
    """The Host header as the client sent it, empty when there is none."""
    return request.headers.get("Host", "")


def headers_of(request: web.BaseRequest) -> Mapping[str, str]:
    """Header names in lower case; the values of a repeated one joined by a comma."""
    joined: dict[str, str] = {}
    for raw_name, raw_value in request.raw_headers:
        name = raw_name.decode("latin-1").lower()
        value = _text(raw_value)
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def http_call(request: web.BaseRequest, target: Target, params: Mapping[str, str]) -> HttpCall:
    """What the function sees of the request, apart from its body."""
    return HttpCall(
        method=request.method.upper(),
        url=target.url,
        headers=headers_of(request),
        query=joined_query(target.raw_query),
        params=params,
    )


async def read_body(request: web.BaseRequest, limit: int | None) -> bytes:
    """The whole body, at most `limit` bytes of it (None is no limit).

    The original loses chunked bodies on the way to Python; here they arrive.
    Raises BodyTooLarge, before reading when the length is announced.
    """
    if not request.body_exists:
        return b""
    announced = request.content_length
    if limit is not None and announced is not None and announced > limit:
        raise BodyTooLarge(limit)
    if request.headers.get("Expect", "").lower() == "100-continue":
        # A client that asks first (curl, from 1 MB on) sends nothing until it is answered.
        await request.writer.write(_CONTINUE)
        request.writer.output_size = 0
    body = bytearray()
    while chunk := await request.content.readany():
        body += chunk
        if limit is not None and len(body) > limit:
            raise BodyTooLarge(limit)
    return bytes(body)


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
