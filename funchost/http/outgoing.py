"""The host's own HTTP client: durable HTTP calls of SDK 1.x, activities that the host does itself.

What a request or an answer means is in `funchost.protocols.json1.http_calls`.
"""

import asyncio
import zlib
from collections.abc import Callable
from functools import partial
from io import BytesIO
from typing import TypeVar

import aiohttp

from funchost.clock import Clock
from funchost.durable.commit import ActivityTask, Postponed
from funchost.durable.events import Event, TaskCompleted, TaskFailed
from funchost.durable.text import storable
from funchost.protocols.json1.failure_texts import http_activity_failure
from funchost.protocols.json1.http_calls import (
    HttpCallFailed,
    HttpCallRequest,
    HttpCallResponse,
    follow_up,
)

# The default of the original's client.
_TIMEOUT = aiohttp.ClientTimeout(total=100)
_CHUNK_BYTES = 64 * 1024
# What is longer, or packed, is read in a thread.
_LONG_BYTES = 256 * 1024
_PACKED = ("gzip", "x-gzip", "deflate")
# Each costs a copy of what follows it.
_MOST_MEMBERS = 100
_ZLIB_METHOD = 8
_GZIP_MAGIC = b"\x1f\x8b"

T = TypeVar("T")


class HttpCalls:
    """Makes the request of an activity; a 202 that can be followed up postpones it."""

    def __init__(self, poll_milliseconds: int, answer_limit_bytes: int, clock: Clock) -> None:
        """An answer whose content is longer than the limit, when it is unpacked, fails the call."""
        self._poll_milliseconds = poll_milliseconds
        self._answer_limit_bytes = answer_limit_bytes
        self._clock = clock

    async def __call__(self, task: ActivityTask) -> Event | Postponed:
        """Make the request once; what comes of it is the activity's outcome, or another request for later."""
        try:
            request = HttpCallRequest.parse(task.input or "null")
            response = await send(request, self._answer_limit_bytes)
        except HttpCallFailed as failure:
            reason = storable(str(failure))
            return TaskFailed(self._clock.now(), task.task_id, *http_activity_failure(reason))
        poll = follow_up(request, response, self._poll_milliseconds, self._clock.now())
        if poll is not None:
            return Postponed(poll.request.to_json(), poll.due_at)
        result = await _aside(len(response.content), response.to_json)
        return TaskCompleted(self._clock.now(), task.task_id, result)


async def send(request: HttpCallRequest, limit_bytes: int) -> HttpCallResponse:
    """Make one request. Raises HttpCallFailed when no answer comes, or one of more than `limit_bytes`."""
    try:
        async with (
            # Content is unpacked here: aiohttp would unpack a whole chunk, however large it becomes. Like the
            # original, the request does not ask for packed content.
            aiohttp.ClientSession(
                timeout=_TIMEOUT, auto_decompress=False, skip_auto_headers=["Accept-Encoding"]
            ) as session,
            session.request(
                request.method, request.uri, data=request.content, headers=request.headers
            ) as answer,
        ):
            content = await _received(answer, limit_bytes)
            headers = {name: answer.headers.getall(name) for name in dict.fromkeys(answer.headers)}
            encoding = answer.headers.get("Content-Encoding", "").strip().casefold()
            text = await _aside(
                _LONG_BYTES + 1 if encoding in _PACKED else len(content),
                partial(_text, content, encoding, _charset(answer), limit_bytes),
            )
            return HttpCallResponse(answer.status, headers, text)
    except _TooLong:
        raise HttpCallFailed(
            f"The answer from {request.uri} has more than {limit_bytes} bytes of content. "
            "FUNCHOST_HTTP_ANSWER_LIMIT says how many are taken."
        ) from None
    except TimeoutError as error:
        raise HttpCallFailed(f"No answer from {request.uri} within {_TIMEOUT.total:g} s.") from error
    except aiohttp.ClientConnectorError as error:
        reason = error.os_error.strerror or str(error.os_error)
        raise HttpCallFailed(f"{reason} ({error.host}:{error.port})") from error
    except (aiohttp.ClientError, ValueError, OSError, zlib.error) as error:
        raise HttpCallFailed(str(error) or type(error).__name__) from error


class _TooLong(Exception):
    """The content is longer than the limit."""


async def _aside(size: int, work: Callable[[], T]) -> T:
    """Do the work, in a thread when it concerns so much that others would wait for it."""
    return work() if size <= _LONG_BYTES else await asyncio.to_thread(work)


async def _received(answer: aiohttp.ClientResponse, limit_bytes: int) -> bytes:
    """The content as it was sent. Raises _TooLong as soon as it is longer than the limit."""
    content = BytesIO()
    async for chunk in answer.content.iter_chunked(_CHUNK_BYTES):
        content.write(chunk)
        if content.tell() > limit_bytes:
            raise _TooLong
    return content.getvalue()


def _charset(answer: aiohttp.ClientResponse) -> str:
    try:
        return answer.get_encoding()
    except RuntimeError:
        # aiohttp would guess from content that it has read itself.
        return "utf-8"


def _text(content: bytes, encoding: str, charset: str, limit_bytes: int) -> str:
    """The content, unpacked, in the charset that the answer names; in UTF-8 if that is none.

    Raises _TooLong, and HttpCallFailed or zlib.error when it is not packed as it says.
    """
    if encoding in _PACKED and content:
        content = _unpacked(content, encoding, limit_bytes)
    try:
        return content.decode(charset, errors="replace")
    except (LookupError, ValueError):
        return content.decode(errors="replace")


def _unpacked(packed: bytes, encoding: str, limit_bytes: int) -> bytes:
    # Deflate is packed with zlib's head, by some servers without.
    is_bare = encoding == "deflate" and packed[0] & 0x0F != _ZLIB_METHOD
    window = zlib.MAX_WBITS if encoding == "deflate" else 16 + zlib.MAX_WBITS
    content = BytesIO()
    for _ in range(_MOST_MEMBERS):
        stream = zlib.decompressobj(-window if is_bare else window)
        content.write(stream.decompress(packed, limit_bytes - content.tell() + 1))
        if content.tell() > limit_bytes:
            raise _TooLong
        if not stream.eof:
            raise HttpCallFailed(f"The {encoding} content of the answer breaks off.")
        # A gzip file may be several, one behind the other; what is no member is padding.
        packed = stream.unused_data
        if encoding == "deflate" or not packed.startswith(_GZIP_MAGIC):
            return content.getvalue()
    raise HttpCallFailed(f"The {encoding} content of the answer has more than {_MOST_MEMBERS} members.")
