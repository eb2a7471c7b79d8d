"""MCP tools of an app: what clients are told of them, what a function is given, what its result means.

Pure; the protocol itself is that of the package `mcp`, which `mcp_endpoint` uses.
Source: Azure Functions MCP extension, McpToolTriggerBinding, PropertyBasedToolInputSchema and
ToolReturnValueBinder.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from funchost.conventions.names import MCP_TOOL_TRIGGER
from funchost.durable.refusals import Unreadable
from funchost.durable.text import dump_json, parse_json
from funchost.worker.invocations import FunctionInfo

# Tools that name a type of their own for their result.
_WHOLE_RESULT = "call_tool_result"
_SEVERAL_BLOCKS = "multi_content_result"


class BadTool(ValueError):
    """A function cannot be a tool; the text says why."""


@dataclass(frozen=True, slots=True)
class Tool:
    """One function as a tool. `input_schema` is a JSON schema; `has_result_schema`: the function says what
    its result is, otherwise it is text."""

    function: str
    name: str
    description: str
    input_schema: Mapping[str, Any]
    required: Sequence[str]
    has_result_schema: bool

    @classmethod
    def of(cls, function: FunctionInfo) -> "Tool":
        """Raises BadTool."""
        trigger = next(each for each in function.bindings if each["type"] == MCP_TOOL_TRIGGER)
        name = trigger.get("toolName") or function.name
        properties = _properties(name, trigger.get("toolProperties"))
        required = [each["propertyName"] for each in properties if _is_true(each, "isRequired")]
        schema = {
            "type": "object",
            "properties": {each["propertyName"]: _property_schema(each) for each in properties},
            "required": required,
        }
        has_result_schema = _is_true(trigger, "useResultSchema")
        return cls(
            function.name, name, str(trigger.get("description") or ""), schema, required, has_result_schema
        )

    def missing(self, arguments: Mapping[str, Any]) -> str | None:
        """What is said of required arguments that are not given; None when all are."""
        absent = [name for name in self.required if arguments.get(name) is None]
        if not absent:
            return None
        return f"One or more required tool properties are missing values. Please provide: {', '.join(absent)}"

    def trigger_value(self, arguments: Mapping[str, Any], headers: Mapping[str, str]) -> str:
        """What the function is given: JSON text."""
        session = headers.get("mcp-session-id")
        properties = {"headers": dict(headers)}
        transport = {"name": "http-streamable", "sessionId": session, "properties": properties}
        context = {"name": self.name, "arguments": dict(arguments), "sessionid": session}
        return dump_json(context | {"transport": transport})

    def result(self, returned: str) -> dict[str, Any]:
        """The result as MCP has it, of what the function returned. Raises Unreadable for a result that is not
        what the function says it is."""
        if not self.has_result_schema or not returned:
            return {"content": [{"type": "text", "text": returned}] if returned else []}
        value = parse_json(returned)
        if not isinstance(value, dict) or not isinstance(value.get("content"), str):
            # The SDK may also hand the content over as it is.
            return {"content": value if isinstance(value, list) else [value]}
        content = parse_json(value["content"])
        if str(value.get("type")).casefold() == _WHOLE_RESULT:
            if not isinstance(content, dict):
                raise Unreadable("it is no object")
            return content
        several = str(value.get("type")).casefold() == _SEVERAL_BLOCKS
        result: dict[str, Any] = {"content": content if several else [content]}
        if value.get("structuredContent"):
            result["structuredContent"] = parse_json(value["structuredContent"])
        return result


def failure(tool: str) -> dict[str, Any]:
    """The result of a tool whose function failed; what it raised is in the log."""
    return {"content": [{"type": "text", "text": f"An error occurred invoking '{tool}'."}], "isError": True}


def checked(functions: Iterable[FunctionInfo], *, has_package: bool) -> list[FunctionInfo]:
    """The functions; a tool that cannot be served carries the reason as its error."""
    names: set[str] = set()
    return [_checked(function, names, has_package) for function in functions]


def tools_of(functions: Iterable[FunctionInfo]) -> list[Tool]:
    """The tools that are served, by name."""
    running = (each for each in functions if each.trigger == MCP_TOOL_TRIGGER and not each.error)
    return sorted((Tool.of(each) for each in running if not each.disabled), key=lambda tool: tool.name)


def _checked(function: FunctionInfo, names: set[str], has_package: bool) -> FunctionInfo:
    if function.trigger != MCP_TOOL_TRIGGER or function.error is not None:
        return function
    if not has_package:
        return replace(function, error="MCP tools need the package mcp: pip install 'funchost[mcp]'.")
    try:
        tool = Tool.of(function)
        if tool.name in names:
            raise BadTool(f"The tool name '{tool.name}' is used twice. Give this one another toolName.")
    except BadTool as error:
        return replace(function, error=str(error))
    names.add(tool.name)
    return function


def _properties(tool: str, text: Any) -> list[Mapping[str, Any]]:
    if not text:
        return []
    wrong = BadTool(
        f"toolProperties of tool '{tool}' is no JSON list of objects with propertyName, propertyType and "
        "description, for example "
        '[{"propertyName": "city", "propertyType": "string", "description": "its name"}].'
    )
    try:
        listed = json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise wrong from error
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise wrong
    if not all(isinstance(each.get("propertyName"), str) for each in listed):
        raise wrong
    return listed


def _property_schema(described: Mapping[str, Any]) -> dict[str, Any]:
    kind: dict[str, Any] = {"type": described.get("propertyType") or "string"}
    if described.get("enumValues"):
        kind["enum"] = list(described["enumValues"])
    if _is_true(described, "isArray"):
        kind = {"type": "array", "items": kind}
    return {**kind, "description": str(described.get("description") or "")}


def _is_true(described: Mapping[str, Any], key: str) -> bool:
    return str(described.get(key, "")).casefold() == "true"
