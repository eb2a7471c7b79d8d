"""Entity batches of SDK 1.x: what the function is given, and how its answer is read.

Source: durable extension, TaskEntityShim; the SDK's entity context.
"""

from collections.abc import Sequence
from typing import Any

from funchost.durable.entities import BatchAnswer, EntityRequest, OperationResult, split_entity_id
from funchost.durable.instances import Instance
from funchost.durable.refusals import Unreadable
from funchost.durable.text import dump_json, is_storable, parse_json

_LONGEST_MILLISECONDS = 10**12


def batch_context(entity: Instance, batch: Sequence[EntityRequest]) -> bytes:
    """What the entity function is given for one batch. The SDK refuses any further top-level key."""
    name, key = split_entity_id(entity.instance_id)
    context = {
        "self": {"name": name, "key": key},
        "exists": entity.entity_state is not None,
        "state": entity.entity_state,
        "batch": [
            {"name": each.operation, "input": each.input, "isSignal": each.is_signal} for each in batch
        ],
    }
    return dump_json(context).encode()


def read_batch_answer(text: str, operations: int) -> BatchAnswer:
    """What a batch of so many operations returned.

    Raises Unreadable when the text is no such answer or has not one result for each operation.
    """
    answer = parse_json(text)
    try:
        exists, state = bool(answer["entityExists"]), answer["entityState"]
        results = tuple(
            OperationResult(
                _json_text(each.get("result"), "result"),
                bool(each["isError"]),
                milliseconds=_milliseconds(each.get("duration")),
            )
            for each in answer["results"]
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise Unreadable(repr(error)) from error
    if len(results) != operations:
        raise Unreadable(f"it has {len(results)} results for {operations} operations")
    return BatchAnswer(_json_text(state, "entityState") if exists else None, results)


def _json_text(value: Any, key: str) -> str:
    """JSON text of the SDK, escaped anew if need be. The caller's SDK needs text, so no value is `null`."""
    if value is None:
        return "null"
    if not isinstance(value, str):
        raise Unreadable(f"{key} is a {type(value).__name__}. It must be JSON text or null")
    if is_storable(value):
        return value
    return dump_json(parse_json(value))


def _milliseconds(duration: Any) -> float:
    """How long an operation took, for the log; 0 for anything that is no such number."""
    return duration if isinstance(duration, int | float) and 0 <= duration < _LONGEST_MILLISECONDS else 0.0
