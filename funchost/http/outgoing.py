"""Durable HTTP: the request that `call_http` asks for, made by the host.

Source: durable extension, TaskHttpActivityShim and DurableHttpRequest.
"""

import json
from typing import Any

import aiohttp

from funchost.durable.exceptions import HttpCallFailed

_CONTENT_HEADERS = frozenset(
    {"content-type", "content-length", "content-encoding", "content-language", "content-disposition"}
)


async def call_http(request_text: str) -> str:
    """Make the request and return the answer as the SDK reads it: status code, headers, content.

    Raises HttpCallFailed when there is no answer.
    """
    request = json.loads(request_text)
    headers = dict(request.get("headers") or {})
    content = request.get("content")
    if content is not None and not any(name.casefold() == "content-type" for name in headers):
        headers["Content-Type"] = "text/plain; charset=utf-8"
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                request.get("method") or "GET", request["uri"], data=content, headers=headers
            ) as answer,
        ):
            return json.dumps(await _describe(answer), separators=(",", ":"))
    except (TimeoutError, aiohttp.ClientError, ValueError) as error:
        raise HttpCallFailed(str(error)) from error


async def _describe(answer: aiohttp.ClientResponse) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    for name in dict.fromkeys(answer.headers):
        if name.casefold() not in _CONTENT_HEADERS:
            values = answer.headers.getall(name)
            headers[name] = values[0] if len(values) == 1 else values
    return {"statusCode": answer.status, "headers": headers, "content": await answer.text()}
