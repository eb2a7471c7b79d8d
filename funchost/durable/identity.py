"""IDs: what a caller may choose, and how the engine makes its own.

Source: HTTP management API: start; Durable Task default instance and execution IDs.
"""

import os
import unicodedata
from collections import deque

from funchost.durable.refusals import InvalidInstanceId
from funchost.durable.text import is_storable

MAX_INSTANCE_ID_LENGTH = 256
_FORBIDDEN = frozenset("/\\#?")

# Random bytes come from the system, and one call for many IDs costs as much as one call for one.
_ID_BYTES = 16
_IDS_AT_ONCE = 256
_ready: deque[str] = deque()


def new_id() -> str:
    """A fresh instance or execution ID: 32 hexadecimal digits. May be called in any thread."""
    try:
        return _ready.pop()
    except IndexError:
        fresh = os.urandom(_ID_BYTES * _IDS_AT_ONCE).hex()
        digits = 2 * _ID_BYTES
        _ready.extend(fresh[start : start + digits] for start in range(digits, len(fresh), digits))
        return fresh[:digits]


def child_instance_id(parent_execution_id: str, task_id: int) -> str:
    """The ID of a sub-orchestration whose caller named none."""
    return f"{parent_execution_id}:{task_id}"


def is_entity_id(instance_id: str) -> bool:
    """Whether this instance is an entity, `@name@key`."""
    return instance_id.startswith("@")


def check_instance_id(instance_id: str) -> None:
    """Refuse an ID that the extension would refuse for a new orchestration.

    Raises InvalidInstanceId with the extension's own text, in which the parameter name and the
    message stand in swapped places.
    """
    if instance_id.startswith("@"):
        raise InvalidInstanceId("instanceId (Parameter 'Orchestration instance ids must not start with @.')")
    if any(c in _FORBIDDEN or unicodedata.category(c) == "Cc" for c in instance_id):
        raise InvalidInstanceId(
            "instanceId (Parameter 'Orchestration instance ids must not contain /, \\, #, ?, "
            "or control characters.')"
        )
    if len(instance_id) > MAX_INSTANCE_ID_LENGTH:
        raise InvalidInstanceId(f"Instance ID lengths must not exceed {MAX_INSTANCE_ID_LENGTH} characters.")
    if not is_storable(instance_id):
        raise InvalidInstanceId("instanceId (Parameter 'Orchestration instance ids must be Unicode text.')")
