"""Durable HTTP calls: what is sent, what the orchestrator gets, and how a 202 is followed up.

The original follows a 202 with timers and further activities, whose task numbers the Python SDK does not
expect; here the one activity is put off and asks again, so that the SDK sees the final answer.
Source: durable extension, DurableHttpRequest, TaskHttpActivityShim and CallHttpAsync.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin

from funchost.durable.refusals import Unreadable
from funchost.durable.text import dump_json, is_storable, parse_json, storable

_ACCEPTED = 202
# A key for the first request is not for the place it was sent on to, and a GET has no content.
_NOT_FOR_POLLS = frozenset({"x-functions-key", "content-type"})
_CONTENT_HEADERS = frozenset(
    {
        "allow",
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-length",
        "content-location",
        "content-range",
        "content-type",
        "expires",
        "last-modified",
    }
)
# Nobody waits longer than this for an operation, and a time stays within what a timestamp can say.
_LONGEST_PAUSE = 366 * 24 * 3600 * 1_000_000
_DIGITS = 12
_DEFAULT_CONTENT_TYPE = "text/plain; charset=utf-8"


class HttpCallFailed(Exception):
    """A durable HTTP call got no answer; the text says why."""


@dataclass(frozen=True, slots=True)
class HttpCallRequest:
    """One request. `content` is text, None for no body."""

    method: str
    uri: str
    headers: Mapping[str, str]
    content: str | None

    @classmethod
    def parse(cls, text: str) -> "HttpCallRequest":
        """Read the request of a call_http action.

        Raises HttpCallFailed when it is one that this host cannot make.
        """
        try:
            request = parse_json(text)
            given = request.get("headers") or {}
            headers = {_text(name): str(value) for name, value in given.items()}
            uri, method = _text(request["uri"]), _text(request.get("method") or "GET")
            given_content = request.get("content")
            content = None if given_content is None else _text(given_content)
        except (Unreadable, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise HttpCallFailed(f"call_http: the request cannot be read: {error!r}.") from error
        if request.get("tokenSource") is not None:
            raise HttpCallFailed(
                "call_http: token_source needs a managed identity, which this host does not have. "
                "Send an Authorization header instead."
            )
        content_type = next((v for n, v in headers.items() if n.casefold() == "content-type"), None)
        if content_type is not None and content_type.casefold().startswith("multipart/"):
            raise HttpCallFailed("Multipart content is not supported with CallHttpAsync.")
        if content is not None and content_type is None:
            headers["Content-Type"] = _DEFAULT_CONTENT_TYPE
        return cls(method, uri, headers, content)

    def to_json(self) -> str:
        """The request as an action's text."""
        fields = {"method": self.method, "uri": self.uri, "headers": dict(self.headers)}
        return dump_json(fields | {"content": self.content})


@dataclass(frozen=True, slots=True)
class HttpCallResponse:
    """What came back; header values in order, one list for each name."""

    status: int
    headers: Mapping[str, Sequence[str]]
    content: str

    def to_json(self) -> str:
        """The response as the SDK reads it: headers of the content are left out, as in the original."""
        headers: dict[str, Any] = {
            name: values[0] if len(values) == 1 else list(values)
            for name, values in self.headers.items()
            if name.casefold() not in _CONTENT_HEADERS
        }
        fields = {"statusCode": self.status, "headers": headers, "content": self.content}
        return dump_json(fields)

    def header(self, name: str) -> str | None:
        """The first value of a header, by its name in any case."""
        return next((v[0] for n, v in self.headers.items() if n.casefold() == name.casefold() and v), None)


@dataclass(frozen=True, slots=True)
class Poll:
    """A 202 asks to come back: with this request, at this time in microseconds."""

    request: HttpCallRequest
    due_at: int


def follow_up(
    request: HttpCallRequest, response: HttpCallResponse, default_pause_milliseconds: int, now: int
) -> Poll | None:
    """The next request of an asynchronous operation, None when this response is the answer."""
    location = response.header("Location")
    if response.status != _ACCEPTED or location is None:
        return None
    pause = _retry_after_microseconds(response.header("Retry-After"), now)
    if pause is None:
        pause = default_pause_milliseconds * 1000
    try:
        uri = urljoin(request.uri, location)
    except ValueError:
        # A Location that is no URL cannot be followed: this response is the answer.
        return None
    headers = {n: v for n, v in request.headers.items() if n.casefold() not in _NOT_FOR_POLLS}
    return Poll(HttpCallRequest("GET", storable(uri), headers, None), now + min(pause, _LONGEST_PAUSE))


def _retry_after_microseconds(value: str | None, now: int) -> int | None:
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return int(value[:_DIGITS]) * 1_000_000
    try:
        moment = parsedate_to_datetime(value)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        seconds = (moment - datetime.fromtimestamp(now / 1_000_000, UTC)).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return max(0, int(seconds * 1_000_000))


def _text(value: Any) -> str:
    if not isinstance(value, str) or not is_storable(value):
        raise TypeError(f"{value!r} is no Unicode text")
    return value
