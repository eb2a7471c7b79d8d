"""MCP tools in every style that the SDK has."""

import json

import azure.functions as func

app = func.FunctionApp()


@app.mcp_tool_trigger(
    arg_name="context",
    tool_name="add",
    description="Adds two numbers.",
    tool_properties=json.dumps(
        [
            {"propertyName": "a", "propertyType": "number", "description": "one", "isRequired": True},
            {"propertyName": "b", "propertyType": "number", "description": "other"},
        ]
    ),
)
def add(context: str) -> str:
    arguments = json.loads(context)["arguments"]
    return str(arguments["a"] + arguments.get("b", 0))


@app.mcp_tool()
@app.mcp_tool_property(arg_name="name", description="Whom to greet.")
async def greet(name: str) -> str:
    """Greets somebody."""
    return f"Hello, {name}"


@app.generic_trigger(
    arg_name="context", type="mcpToolTrigger", toolName="fail", description="", toolProperties="[]"
)
def fail(context) -> str:
    raise ValueError("a secret reason")


@app.mcp_tool_trigger(arg_name="context", tool_name="broken", tool_properties="{not JSON")
def broken(context) -> str:
    return "never"
