"""The host's own HTTP client: makes the requests of durable HTTP calls.

What a request or an answer means is in `funchost.durable.http_calls`.
"""

import aiohttp

from funchost.durable.exceptions import HttpCallFailed
from funchost.durable.http_calls import HttpCallRequest, HttpCallResponse

# The default of the original's client.
_TIMEOUT = aiohttp.ClientTimeout(total=100)


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
            content = (await answer.read()).decode(answer.get_encoding(), errors="replace")
            return HttpCallResponse(answer.status, headers, content)
    except TimeoutError as error:
        raise HttpCallFailed(f"No answer from {request.uri} within {_TIMEOUT.total:g} s.") from error
    except aiohttp.ClientConnectorError as error:
        reason = error.os_error.strerror or str(error.os_error)
        raise HttpCallFailed(f"{reason} ({error.host}:{error.port})") from error
    except (aiohttp.ClientError, ValueError) as error:
        raise HttpCallFailed(str(error) or type(error).__name__) from error
