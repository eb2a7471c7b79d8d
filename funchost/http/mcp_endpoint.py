"""The MCP server of an app: /runtime/webhooks/mcp, streamable HTTP, without sessions.

Each request is answered on its own by the package `mcp`, an optional extra, as JSON. Which tools there are
and what their results mean is in `mcp_tools`.
Source: Azure Functions MCP extension, StreamableHttpRequestHandler.
"""

import asyncio
import logging
import uuid
from collections.abc import MutableMapping, Sequence
from typing import Any

from aiohttp import web

from funchost.durable.refusals import Unreadable
from funchost.http.mcp_tools import Tool, failure
from funchost.http.replies import empty_reply
from funchost.http.request import Request
from funchost.http.router import Route
from funchost.worker.calling import Invoker, call
from funchost.worker.invocations import FunctionTimedOut, Invocation, PoolStopped, WorkerLost

MCP_PATH = "/runtime/webhooks/mcp"

_CALLED = "This function was called as an MCP tool."
_SERVER_NAME = "Azure Functions MCP server"
_SERVER_VERSION = "1.0.0"
_JSON = "application/json"

_log = logging.getLogger("Host.Mcp")


class McpEndpoint:
    """Serves these tools. Needs the package `mcp` as soon as it is called."""

    def __init__(self, tools: Sequence[Tool], pool: Invoker) -> None:
        self._tools = {tool.name: tool for tool in tools}
        self._pool = pool

    def routes(self) -> list[Route]:
        """The routes below its path."""
        return [Route.to("POST", "", self._answer), Route.to("", "", _only_post)]

    async def _answer(self, request: Request) -> web.Response:
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

        body = await request.body()
        reply = _Reply()
        manager = StreamableHTTPSessionManager(
            self._server(request), json_response=True, stateless=True, max_request_body_size=len(body) + 1
        )
        async with manager.run():
            await manager.handle_request(_scope(request), _Body(body), reply)
        return reply.response()

    def _server(self, request: Request) -> Any:
        import mcp_types as types
        from mcp.server.lowlevel import Server
        from mcp.shared.exceptions import MCPError

        async def list_tools(context: Any, params: Any) -> Any:
            described = [_described(tool) for tool in self._tools.values()]
            return types.ListToolsResult.model_validate({"tools": described})

        async def call_tool(context: Any, params: Any) -> Any:
            tool = self._tools.get(params.name)
            if tool is None:
                raise MCPError(types.INVALID_PARAMS, f"Unknown tool: '{params.name}'")
            arguments = params.arguments or {}
            if (missing := tool.missing(arguments)) is not None:
                raise MCPError(types.INVALID_PARAMS, missing)
            return types.CallToolResult.model_validate(await self._call(tool, arguments, request))

        return Server(_SERVER_NAME, version=_SERVER_VERSION, on_list_tools=list_tools, on_call_tool=call_tool)

    async def _call(self, tool: Tool, arguments: dict[str, Any], request: Request) -> dict[str, Any]:
        value = tool.trigger_value(arguments, request.joined_headers())
        invocation = Invocation(str(uuid.uuid4()), tool.function, "string", value.encode())
        try:
            result = await call(self._pool, invocation, _CALLED)
        except (WorkerLost, FunctionTimedOut, PoolStopped):
            return failure(tool.name)
        if not result.ok:
            return failure(tool.name)
        try:
            return tool.result(result.payload.decode())
        except Unreadable as error:
            _log.error("The result of MCP tool '%s' cannot be read: %s.", tool.name, error)
            return failure(tool.name)


async def _only_post(request: Request) -> web.Response:
    return empty_reply(405, {"Allow": "POST"})


def _described(tool: Tool) -> dict[str, Any]:
    return {"name": tool.name, "description": tool.description, "inputSchema": dict(tool.input_schema)}


def _scope(request: Request) -> dict[str, Any]:
    """The request as ASGI has it."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": request.path,
        "raw_path": request.path.encode(errors="replace"),
        "query_string": request.query.raw.encode(errors="replace"),
        "headers": [(name.lower(), value) for name, value in request.message.raw_headers],
        "client": None,
        "server": None,
        "root_path": "",
    }


class _Body:
    """ASGI's receive: the whole body at once, and then nothing more."""

    def __init__(self, body: bytes) -> None:
        self._body: bytes | None = body

    async def __call__(self) -> dict[str, Any]:
        if self._body is None:
            await asyncio.Event().wait()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


class _Reply:
    """ASGI's send: keeps what is sent."""

    def __init__(self) -> None:
        self._status = 500
        self._headers: list[tuple[str, str]] = []
        self._body = bytearray()

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = [(name.decode(), value.decode()) for name, value in message["headers"]]
        else:
            self._body += message.get("body", b"")

    def response(self) -> web.Response:
        """The response, without the framing that the server does itself."""
        response = web.Response(status=self._status, body=bytes(self._body) or None)
        for name, value in self._headers:
            if name.lower() != "content-length":
                response.headers[name] = value
        return response
