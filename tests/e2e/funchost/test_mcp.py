"""MCP tools: a client of the official package lists and calls them."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from mcp import Client

from tests.e2e import hosting
from tests.e2e.hosting import HostProcess

MCP = "/runtime/webhooks/mcp"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    with hosting.running(HostProcess(hosting.APPS / "tools", tmp_path_factory.mktemp("tools"))) as host:
        yield host


@asynccontextmanager
async def connected(host: HostProcess) -> AsyncIterator[Any]:
    async with Client(host.base_url + MCP) as client:
        yield client


async def test_a_client_lists_the_tools_with_their_properties(host):
    async with connected(host) as client:
        listed = {tool.name: tool for tool in (await client.list_tools()).tools}

    assert set(listed) == {"add", "greet", "fail"}
    assert listed["add"].description == "Adds two numbers."
    assert listed["add"].input_schema == {
        "type": "object",
        "properties": {
            "a": {"type": "number", "description": "one"},
            "b": {"type": "number", "description": "other"},
        },
        "required": ["a"],
    }
    assert listed["greet"].input_schema["required"] == ["name"]


async def test_a_client_calls_a_tool_of_either_style(host):
    async with connected(host) as client:
        added = await client.call_tool("add", {"a": 2, "b": 3})
        greeted = await client.call_tool("greet", {"name": "Ada"})

    assert [block.text for block in (*added.content, *greeted.content)] == ["5", "Hello, Ada"]
    assert not added.is_error


async def test_a_tool_that_fails_says_so_and_keeps_its_reason(host):
    async with connected(host) as client:
        failed = await client.call_tool("fail", {})

    assert failed.is_error
    assert failed.content[0].text == "An error occurred invoking 'fail'."
    assert "a secret reason" in host.log


async def test_a_required_property_that_is_missing_is_named(host):
    async with connected(host) as client:
        with pytest.raises(Exception, match="Please provide: a"):
            await client.call_tool("add", {"b": 1})


async def test_an_unknown_tool_is_named(host):
    async with connected(host) as client:
        with pytest.raises(Exception, match="Unknown tool: 'nothing'"):
            await client.call_tool("nothing", {})


def test_a_tool_whose_properties_cannot_be_read_is_in_error_alone(host):
    assert "The 'broken' function is in error: toolProperties of tool 'broken' is no JSON list" in host.log


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"1", b'{"jsonrpc": "2.0"}', b"[" * 5000])
async def test_what_is_no_message_is_refused(host, body):
    headers = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(host.base_url + MCP, data=body, headers=headers) as answer,
    ):
        assert answer.status == 400


async def test_only_post_is_served(host):
    async with aiohttp.ClientSession() as session, session.get(host.base_url + MCP) as answer:
        assert answer.status == 405
