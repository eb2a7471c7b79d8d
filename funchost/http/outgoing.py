"""The host's own HTTP client: durable HTTP calls of SDK 1.x, activities that the host does itself.

What a request or an answer means is in `funchost.protocols.json1.http_calls`.
"""

import asyncio
import zlib
from collections.abc import Callable

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
# Longer content is decoded in a thread.
_LONG_BYTES = 1024 * 1024
_ENCODINGS = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


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
        return TaskCompleted(self._clock.now(), task.task_id, response.to_json())


async def send(request: HttpCallRequest, limit_bytes: int) -> HttpCallResponse:
    """Make one request. Raises HttpCallFailed when no answer comes, or one of more than `limit_bytes`."""
    headers = dict(request.headers)
    if not any(name.casefold() == "accept-encoding" for name in headers):
        headers["Accept-Encoding"] = "gzip, deflate"
    try:
        async with (
            # Content is unpacked here: aiohttp would unpack a whole chunk, however large it becomes.
            aiohttp.ClientSession(timeout=_TIMEOUT, auto_decompress=False) as session,
            session.request(request.method, request.uri, data=request.content, headers=headers) as answer,
        ):
            content = await _content(answer, limit_bytes)
            received = {name: answer.headers.getall(name) for name in dict.fromkeys(answer.headers)}
            text = await _decoded(content, answer)
            return HttpCallResponse(answer.status, received, text)
    except TimeoutError as error:
        raise HttpCallFailed(f"No answer from {request.uri} within {_TIMEOUT.total:g} s.") from error
    except aiohttp.ClientConnectorError as error:
        reason = error.os_error.strerror or str(error.os_error)
        raise HttpCallFailed(f"{reason} ({error.host}:{error.port})") from error
    except (aiohttp.ClientError, ValueError, zlib.error) as error:
        raise HttpCallFailed(str(error) or type(error).__name__) from error


async def _content(answer: aiohttp.ClientResponse, limit_bytes: int) -> bytes:
    """The content, unpacked. Raises HttpCallFailed as soon as it is longer than the limit."""
    unpack = _unpacker(answer.headers.get("Content-Encoding", "").strip().casefold())
    content = bytearray()
    async for chunk in answer.content.iter_chunked(_CHUNK_BYTES):
        content += unpack(chunk, limit_bytes - len(content) + 1)
        if len(content) > limit_bytes:
            raise HttpCallFailed(
                f"The answer from {answer.url} has more than {limit_bytes} bytes of content. "
                "FUNCHOST_HTTP_ANSWER_LIMIT says how many are taken."
            )
    return bytes(content)


def _unpacker(encoding: str) -> Callable[[bytes, int], bytes]:
    """Unpacks one piece after the other, each time into so many bytes at most."""
    if encoding not in _ENCODINGS:
        return lambda piece, most: piece[:most]
    stream = zlib.decompressobj(_ENCODINGS[encoding])

    def unpack(piece: bytes, most: int) -> bytes:
        return stream.decompress(stream.unconsumed_tail + piece, most)

    return unpack


async def _decoded(content: bytes, answer: aiohttp.ClientResponse) -> str:
    """The content in the charset that the answer names; in UTF-8 if that is none."""
    try:
        charset = answer.get_encoding()
    except RuntimeError:
        # aiohttp would guess from content that it has read itself.
        charset = "utf-8"
    if len(content) <= _LONG_BYTES:
        return _text(content, charset)
    return await asyncio.to_thread(_text, content, charset)


def _text(content: bytes, charset: str) -> str:
    try:
        return content.decode(charset, errors="replace")
    except (LookupError, ValueError):
        return content.decode(errors="replace")
