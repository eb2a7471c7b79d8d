"""The host's own HTTP client: durable HTTP calls of SDK 1.x, activities that the host does itself.

What a request or an answer means is in `funchost.protocols.json1.http_calls`.
"""

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


class HttpCalls:
    """Makes the request of an activity; a 202 that can be followed up postpones it."""

    def __init__(self, poll_milliseconds: int, clock: Clock) -> None:
        self._poll_milliseconds = poll_milliseconds
        self._clock = clock

    async def __call__(self, task: ActivityTask) -> Event | Postponed:
        """Make the request once; what comes of it is the activity's outcome, or another request for later."""
        try:
            request = HttpCallRequest.parse(task.input or "null")
            response = await send(request)
        except HttpCallFailed as failure:
            reason = storable(str(failure))
            return TaskFailed(self._clock.now(), task.task_id, *http_activity_failure(reason))
        poll = follow_up(request, response, self._poll_milliseconds, self._clock.now())
        if poll is not None:
            return Postponed(poll.request.to_json(), poll.due_at)
        return TaskCompleted(self._clock.now(), task.task_id, response.to_json())


async def send(request: HttpCallRequest) -> HttpCallResponse:
    """Make one request. Raises HttpCallFailed when no answer comes."""
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT) as session,
            session.request(
                request.method, request.uri, data=request.content, headers=dict(request.headers)
            ) as answer,
        ):
            headers = {name: answer.headers.getall(name) for name in dict.fromkeys(answer.headers)}
            return HttpCallResponse(answer.status, headers, _text(await answer.read(), answer))
    except TimeoutError as error:
        raise HttpCallFailed(f"No answer from {request.uri} within {_TIMEOUT.total:g} s.") from error
    except aiohttp.ClientConnectorError as error:
        reason = error.os_error.strerror or str(error.os_error)
        raise HttpCallFailed(f"{reason} ({error.host}:{error.port})") from error
    except (aiohttp.ClientError, ValueError) as error:
        raise HttpCallFailed(str(error) or type(error).__name__) from error


def _text(content: bytes, answer: aiohttp.ClientResponse) -> str:
    """The content in the charset that the answer names; in UTF-8 if that is none."""
    try:
        return content.decode(answer.get_encoding(), errors="replace")
    except (LookupError, ValueError):
        return content.decode(errors="replace")
