"""One HTTP request, taken apart once at the edge and handed down as it is.

It reads the wire and refuses what cannot be read; which endpoint answers is the router's affair.
Source: Azure Functions host, HTTP request to RPC conversion; Kestrel, rules for the Host header.
"""

import asyncio
import math
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from multidict import CIMultiDictProxy

from funchost.durable.text import parse_json
from funchost.http.access import UNASKED, Caller
from funchost.http.connections import Connection
from funchost.http.replies import empty_reply, json_reply
from funchost.http.url_text import decode_path, encode_path, encode_query, parse_query, split_target

# How long a client may pause within its body.
_BODY_SECONDS = 30.0
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_SCHEMES = ("http", "https")
_VERSIONS = ((1, 0), (1, 1))
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~-]+)(?::[0-9]{0,5})?")


class Refused(Exception):
    """The request is answered with this status code, and with the text as its message if there is one."""

    def __init__(self, status: int, text: str = "") -> None:
        super().__init__(text)
        self.status = status

    def reply(self) -> web.Response:
        """The response."""
        text = str(self)
        return json_reply(self.status, {"Message": text}) if text else empty_reply(self.status)


class Query:
    """The query of a request. Names are found without case, as the original finds them; junk counts as not
    given."""

    def __init__(self, raw: str) -> None:
        self.raw = raw
        self._parsed = parse_query(raw)
        self._values = {name.casefold(): values for name, values in self._parsed.items()}

    def values(self, name: str) -> Sequence[str]:
        """Every value given for the name."""
        return self._values.get(name.casefold(), ())

    def text(self, name: str) -> str | None:
        """The value; repeats are joined by a comma, and an empty one is still a value."""
        values = self.values(name)
        return ",".join(values) if values else None

    def flag(self, name: str, default: bool) -> bool:
        """`true` or `false` in any case."""
        return {"true": True, "false": False}.get((self.text(name) or "").strip().casefold(), default)

    def whole(self, name: str) -> int | None:
        """A whole number."""
        try:
            return int(self.text(name) or "")
        except ValueError:
            return None

    def seconds(self, name: str) -> float | None:
        """A number of seconds, decimals allowed, not negative."""
        try:
            number = float(self.text(name) or "")
        except ValueError:
            return None
        return number if math.isfinite(number) and number >= 0 else None

    def joined(self) -> Mapping[str, str]:
        """The query as Python code gets it: names as first spelled, repeats joined by a comma, empty values
        left out."""
        joined = {name: ",".join(values) for name, values in self._parsed.items()}
        return {name: value for name, value in joined.items() if value}


@dataclass(frozen=True, slots=True)
class Request:
    """What an endpoint needs to know.

    Attributes:
        method: the verb in upper case.
        path: the decoded path, as routes see it.
        headers: looked up without case.
        host: the name and port that the client asked for.
        base_url: scheme and host of the URLs in answers, without a trailing slash.
        body_limit: how many bytes of a body are read; None is no limit.
        caller: whom the request's key proves.
        params: what the path gave the route's parameters.
        complete_headers: adds to a response what the port adds to every one; for a response that begins
            before it is returned.
    """

    method: str
    path: str
    query: Query
    headers: CIMultiDictProxy[str]
    host: str
    base_url: str
    body_limit: int | None
    caller: Caller
    message: web.BaseRequest
    params: Mapping[str, str] = field(default_factory=dict)
    complete_headers: Callable[[web.StreamResponse], None] = lambda response: None

    @classmethod
    def received(
        cls,
        message: web.BaseRequest,
        default_host: str,
        body_limit: int | None,
        use_forwarded_host: bool = False,
    ) -> Self:
        """The request in a message, of a caller who was not asked for a key.

        `default_host` stands for a Host that the client left out. With `use_forwarded_host` the URLs in
        answers are those of the proxy that names itself in `X-Forwarded-Host` and `X-Forwarded-Proto`.

        Raises Refused when the version of HTTP or the Host is none that is served.
        """
        if message.version not in _VERSIONS:
            major, minor = message.version
            raise Refused(505, f"HTTP/{major}.{minor} is not served here. Send HTTP/1.1.")
        authority, raw_path, raw_query = split_target(message.raw_path)
        # Two of them are no host either (RFC 9112, 3.2).
        given = ",".join(message.headers.getall("Host", ()))
        for name in filter(None, (authority, given)):
            if not _HOST.fullmatch(name):
                raise Refused(400, f"Host: '{name}' is not a host. Send a name or an address, and a port.")
        # The name in an absolute target counts before the Host header (RFC 9112, 3.2.2).
        host = authority or given or default_host
        return cls(
            method=message.method.upper(),
            path=decode_path(raw_path),
            query=Query(raw_query),
            headers=message.headers,
            host=host,
            base_url=_forwarded(message.headers, host) if use_forwarded_host else f"http://{host}",
            body_limit=body_limit,
            caller=UNASKED,
            message=message,
        )

    @property
    def url(self) -> str:
        """The URL as a function sees it, with the client's own Host, whatever this host is called."""
        return f"http://{self.host}{self._target}"

    @property
    def location(self) -> str:
        """The URL under which an answer sends the client here again."""
        return f"{self.base_url}{self._target}"

    @property
    def is_json(self) -> bool:
        """Whether the body says that it is JSON."""
        media_type = self.headers.get("Content-Type", "").partition(";")[0]
        return media_type.strip().casefold() == "application/json"

    @property
    def trace(self) -> tuple[str, str]:
        """The W3C trace context that the client sends: parent and state."""
        return self.headers.get("traceparent", ""), self.headers.get("tracestate", "")

    @property
    def connection(self) -> Connection:
        """The connection that it came on."""
        connection = self.message.protocol
        assert isinstance(connection, Connection)
        return connection

    async def body(self) -> bytes:
        """The whole body. The original loses chunked bodies on the way to Python; here they arrive.

        Raises Refused when it is too large (before reading, if the length is announced) or breaks off.
        """
        body = bytearray()
        async for chunk in self.chunks():
            body += chunk
        return bytes(body)

    def check_length(self) -> None:
        """Raises Refused when the body is announced as too large."""
        limit = self.body_limit
        if limit is not None and (self.message.content_length or 0) > limit:
            raise _too_large(limit)

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes; the client is held while nobody reads. Raises Refused like `body`."""
        message, limit = self.message, self.body_limit
        if not message.body_exists:
            return
        self.check_length()
        asks_first = self.headers.get("Expect", "").lower() == "100-continue"
        if asks_first and not message.writer.output_size:
            # A client that asks first (curl, from 1 MB on) sends nothing until it is answered.
            await message.writer.write(_CONTINUE)
            message.writer.output_size = 0
        arrived = 0
        try:
            while chunk := await self._next_chunk():
                arrived += len(chunk)
                if limit is not None and arrived > limit:
                    raise _too_large(limit)
                yield chunk
        except TimeoutError as error:
            raise Refused(
                408, f"Nothing more of the request body came for {_BODY_SECONDS:g} s. Send all of it."
            ) from error
        except (ConnectionError, HttpProcessingError) as error:
            raise Refused(
                400, f"The request body breaks off after {arrived} bytes. Send all of it."
            ) from error

    async def _next_chunk(self) -> bytes:
        # Only the client's time counts, not that of whoever reads.
        async with asyncio.timeout(_BODY_SECONDS):
            return await self.message.content.readany()

    async def json(self) -> Any:
        """The body's JSON value. Raises Refused like `body`, and Unreadable when it is no JSON."""
        return parse_json(await self.body(), strict=True)

    def joined_headers(self) -> Mapping[str, str]:
        """Header names in lower case; the values of a repeated one joined by a comma."""
        joined: dict[str, str] = {}
        for raw_name, raw_value in self.message.raw_headers:
            name = raw_name.decode("latin-1").lower()
            value = _text(raw_value)
            joined[name] = f"{joined[name]},{value}" if name in joined else value
        return joined

    @property
    def _target(self) -> str:
        query = f"?{encode_query(self.query.raw)}" if self.query.raw else ""
        return f"{encode_path(self.path)}{query}"


def _forwarded(headers: Mapping[str, str], host: str) -> str:
    """Scheme and host as the client knows them; of several proxies the first named one counts."""
    scheme = headers.get("X-Forwarded-Proto", "").partition(",")[0].strip().lower()
    name = headers.get("X-Forwarded-Host", "").partition(",")[0].strip()
    return f"{scheme if scheme in _SCHEMES else 'http'}://{name if _HOST.fullmatch(name) else host}"


def _too_large(limit: int) -> Refused:
    return Refused(
        413,
        f"The request body is larger than {limit} bytes. Send less, or set "
        "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT to a higher number of bytes.",
    )


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
