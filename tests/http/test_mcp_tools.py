"""What a function is as an MCP tool, and what its result means. Source: Azure Functions MCP extension."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funchost.durable.refusals import Unreadable
from funchost.http.mcp_tools import BadTool, Tool, checked, tools_of
from funchost.worker.invocations import FunctionInfo


def function(name: str = "f", **trigger: Any) -> FunctionInfo:
    binding = {"type": "mcpToolTrigger", "name": "context", "toolName": "t", **trigger}
    trigger_type = "mcpToolTrigger"
    return FunctionInfo(name, trigger_type, (binding,), name, None, (), "", False, "function_app.py", name)


def tool(**trigger: Any) -> Tool:
    return Tool.of(function(**trigger))


def test_an_array_of_one_of_several_values_is_described():
    described = {"propertyName": "days", "propertyType": "string", "isArray": True, "enumValues": ["a", "b"]}

    schema = tool(toolProperties=json.dumps([described])).input_schema

    items = {"type": "string", "enum": ["a", "b"]}
    assert schema["properties"] == {"days": {"type": "array", "items": items, "description": ""}}
    assert schema["required"] == []


@pytest.mark.parametrize("text", ["{", "{}", "[1]", "[{}]", '[{"propertyName": 1}]', 5, "[" * 100_000])
def test_properties_that_cannot_be_read_are_refused(text: Any):
    with pytest.raises(BadTool, match="toolProperties of tool 't' is no JSON list"):
        tool(toolProperties=text)


def test_a_tool_name_that_is_used_twice_is_refused_with_the_second():
    first, second = checked([function("a"), function("b")], has_package=True)

    assert first.error is None
    assert second.error == "The tool name 't' is used twice. Give this one another toolName."
    assert [each.function for each in tools_of([first, second])] == ["a"]


def test_without_the_package_the_line_says_what_to_install():
    (one,) = checked([function()], has_package=False)

    assert one.error == "MCP tools need the package mcp: pip install 'funchost[mcp]'."


def test_text_is_one_block_and_nothing_is_none():
    assert tool().result("5") == {"content": [{"type": "text", "text": "5"}]}
    assert tool().result("") == {"content": []}


def test_a_result_of_its_own_type_is_taken_apart():
    block = {"type": "text", "text": "x"}
    has_schema = tool(useResultSchema=True)

    one = {"type": "text", "content": json.dumps(block), "structuredContent": '{"a": 1}'}
    several = {"type": "multi_content_result", "content": json.dumps([block, block])}
    whole = {"type": "call_tool_result", "content": json.dumps({"content": [], "isError": True})}

    assert has_schema.result(json.dumps(one)) == {"content": [block], "structuredContent": {"a": 1}}
    assert has_schema.result(json.dumps(several)) == {"content": [block, block]}
    assert has_schema.result(json.dumps(whole)) == {"content": [], "isError": True}


@given(st.text())
def test_a_result_that_is_not_what_it_says_is_refused_or_read(text: str):
    try:
        read = tool(useResultSchema=True).result(text)
    except Unreadable:
        return
    assert isinstance(read["content"], list)
