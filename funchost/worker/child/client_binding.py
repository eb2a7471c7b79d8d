"""The string that a `durableClient` binding receives.

Pure. The host gives the object once; a binding with its own task hub or connection changes what it names.
Source: durable extension, BindingHelper.
"""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote


def client_text(client_binding: Mapping[str, Any], binding: Mapping[str, Any]) -> str:
    """The JSON text for one binding.

    Args:
        client_binding: the object for a binding that names neither task hub nor connection.
        binding: the raw `durableClient` binding of the function.
    """
    value = dict(client_binding)
    for key, value_key, parameter in (
        ("taskHub", "taskHubName", "taskHub"),
        ("connectionName", "connectionName", "connection"),
    ):
        if named := binding.get(key):
            value = {**_with_parameter(value, parameter, named), value_key: named}
    return json.dumps(value)


def _with_parameter(value: Any, parameter: str, to: str) -> Any:
    if isinstance(value, dict):
        return {key: _with_parameter(inner, parameter, to) for key, inner in value.items()}
    if isinstance(value, str):
        return re.sub(rf"([?&]{parameter}=)[^&]*", lambda found: found[1] + quote(to, safe=""), value)
    return value
