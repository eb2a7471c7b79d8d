"""Names that Azure Functions fixes: trigger types, what a function may be called, headers.

What a trigger or a header does is elsewhere.
"""

import re

HTTP_TRIGGER = "httpTrigger"
TIMER_TRIGGER = "timerTrigger"
ORCHESTRATION_TRIGGER = "orchestrationTrigger"
ACTIVITY_TRIGGER = "activityTrigger"
ENTITY_TRIGGER = "entityTrigger"
MCP_TOOL_TRIGGER = "mcpToolTrigger"

LISTENED_TRIGGERS = frozenset({TIMER_TRIGGER})
"""The triggers that the host itself listens to; their functions may have retry policies."""

EPISODE_TRIGGERS = frozenset({ORCHESTRATION_TRIGGER, ENTITY_TRIGGER})
"""The triggers whose functions run in episodes over what an instance has been through."""

TRIGGERS = EPISODE_TRIGGERS | {HTTP_TRIGGER, TIMER_TRIGGER, ACTIVITY_TRIGGER, MCP_TOOL_TRIGGER}
"""The triggers that funchost has."""

KEY_HEADER = "x-functions-key"
"""The request header with an access key."""

_FUNCTION_NAME = re.compile(r"[a-z][a-z0-9_-]{0,127}", re.IGNORECASE | re.ASCII)


def is_function_name(name: str) -> bool:
    """Whether a function may be called this. Source: Azure Functions host, Utility.IsValidFunctionName."""
    return _FUNCTION_NAME.fullmatch(name) is not None and name.lower() != "host"
