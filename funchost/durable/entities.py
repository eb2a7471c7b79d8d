"""Entities: which operations one batch takes, what the function is given, and what its answer changes.

An entity is an instance under the ID `@name@key` that keeps its state in its row and has no history.
Nothing here runs a function or knows which entities the app has.
Source: durable extension, TaskEntityShim, SchedulerState and EntityStatus; the SDK's entity context.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from funchost.durable import events
from funchost.durable.answer import dump
from funchost.durable.commit import ArrivedMessage, Commit, Message
from funchost.durable.events import Event, EventType
from funchost.durable.identity import new_id
from funchost.durable.model import Instance, Status

OPERATION_EVENT = "op"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation that somebody asks of an entity.

    `input` is text that holds JSON: the JSON of a string of JSON when it comes from the SDK. A call has a
    `parent`, which gets the answer under `request_id`; a signal has none.
    """

    name: str
    input: str | None
    request_id: str
    is_signal: bool
    parent: str | None = None
    parent_execution: str | None = None


@dataclass(slots=True)
class EntityIntake:
    """The messages that are used up and the operations among them; `left` tells that more are waiting."""

    consumed: list[int] = field(default_factory=list)
    batch: list[Operation] = field(default_factory=list)
    left: bool = False


class MalformedEntityAnswer(ValueError):
    """The worker's text is not the answer to this batch."""


def entity_id(name: str, key: str) -> str:
    """The instance ID of an entity; names ignore case, keys do not."""
    return f"@{name.lower()}@{key}"


def split_entity_id(instance_id: str) -> tuple[str, str]:
    """Name and key of an entity's instance ID; a key may hold an @ itself."""
    name, _, key = instance_id[1:].partition("@")
    return name, key


def new_entity(instance_id: str, now: int) -> Instance:
    """The row of an entity that nobody has asked anything yet; the first message to it makes one."""
    return Instance(
        instance_id=instance_id,
        execution_id=new_id(),
        name=instance_id,
        version="",
        status=Status.RUNNING,
        input=None,
        created_at=now,
        updated_at=now,
    )


def entity_state(entity: Instance) -> str | None:
    """The entity's state as JSON text, None when it does not exist (any more)."""
    kept = _kept(entity)
    if not kept.get("exists"):
        return None
    state: str = kept.get("state") or "null"
    return state


def request_text(operation: str, input: str | None, request_id: str, caller: Instance | None = None) -> str:
    """A request as it travels to an entity; it is a call when there is a caller, a signal otherwise."""
    request: dict[str, Any] = {"op": operation}
    if caller is None:
        request["signal"] = True
    if input is not None:
        request["input"] = input
    request["id"] = request_id
    if caller is not None:
        request |= {"parent": caller.instance_id, "parentExecution": caller.execution_id}
    return dump(request)


def signal(operation: str, input: str | None, now: int) -> Event:
    """The event of an operation that a client asks for."""
    return events.event_raised(now, OPERATION_EVENT, request_text(operation, input, new_id()))


def take(arrived: Sequence[ArrivedMessage], limit: int) -> EntityIntake:
    """Choose the next batch of at most `limit` operations, in order of arrival.

    Whatever else has come is thrown away: an entity cannot be ended, held or waited for.
    """
    intake = EntityIntake()
    for message in arrived:
        operation = _operation(message.event)
        if operation is not None:
            if len(intake.batch) == limit:
                intake.left = True
                break
            intake.batch.append(operation)
        intake.consumed.append(message.message_id)
    return intake


def entity_context(entity: Instance, batch: Iterable[Operation]) -> bytes:
    """What the entity function is given for one batch. The SDK refuses any further top-level key."""
    name, key = split_entity_id(entity.instance_id)
    kept = _kept(entity)
    context = {
        "self": {"name": name, "key": key},
        "exists": bool(kept.get("exists")),
        "state": kept.get("state"),
        "batch": [{"name": each.name, "input": each.input, "isSignal": each.is_signal} for each in batch],
    }
    return dump(context).encode()


def decide_entity(entity: Instance, intake: EntityIntake, returned: str, now: int) -> Commit:
    """What a batch that ran changes: the state, and an answer for every call.

    Raises MalformedEntityAnswer when the text cannot be read or has not one result for each operation;
    the batch then counts as not run.
    """
    try:
        answer = json.loads(returned)
        exists, state = bool(answer["entityExists"]), answer["entityState"]
        results = [(_result_text(each), bool(each["isError"])) for each in answer["results"]]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise MalformedEntityAnswer(
            f"Entity '{entity.instance_id}': the function's answer cannot be read: {error!r}."
        ) from error
    if not isinstance(state, str | None):
        raise MalformedEntityAnswer(
            f"Entity '{entity.instance_id}': the answer's entityState is a {type(state).__name__}. "
            "It must be JSON text or null."
        )
    if len(results) != len(intake.batch):
        raise MalformedEntityAnswer(
            f"Entity '{entity.instance_id}': the answer has {len(results)} results for "
            f"{len(intake.batch)} operations."
        )
    # The original starts a new generation for each batch, which moves the creation time.
    successor = replace(
        entity,
        status=Status.RUNNING,
        input=_scheduler_state(exists, state),
        custom_status=dump({"entityExists": True}) if exists else "{}",
        created_at=now,
        updated_at=now,
    )
    commit = Commit(successor, consumed=list(intake.consumed), more_to_take=intake.left)
    for operation, (text, is_error) in zip(intake.batch, results, strict=True):
        _respond(commit, operation, text, is_error, now)
    return commit


def fail_batch(entity: Instance, intake: EntityIntake, error: str, now: int) -> Commit:
    """What a batch changes that cannot run at all, for example because the app has no such entity.

    The real host leaves the callers waiting for ever; here each call is answered with the error, and
    signals are dropped.
    """
    commit = Commit(entity, consumed=list(intake.consumed), more_to_take=intake.left)
    for operation in intake.batch:
        _respond(commit, operation, dump(error), True, now)
    return commit


def _operation(event: Event) -> Operation | None:
    """The operation that this event asks for, None when it asks for none or cannot be read."""
    if event.type is not EventType.EVENT_RAISED or event.name != OPERATION_EVENT:
        return None
    try:
        request = json.loads(json.loads(event.text)["Input"])
        return Operation(
            name=request["op"],
            input=request.get("input"),
            request_id=request["id"],
            is_signal=bool(request.get("signal")),
            parent=request.get("parent"),
            parent_execution=request.get("parentExecution"),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        # Anybody may raise an event named op at an entity; it must not stop the others.
        return None


def _respond(commit: Commit, operation: Operation, result: str, is_error: bool, now: int) -> None:
    if operation.is_signal or operation.parent is None:
        return
    response = {"result": result} | ({"exceptionType": "Error"} if is_error else {})
    answer = events.event_raised(now, operation.request_id, dump(response))
    commit.messages.append(Message(operation.parent, answer, operation.parent_execution, now))


def _result_text(result: dict[str, Any]) -> str:
    """The SDK of the caller needs text, so no value travels as the text null."""
    text = result.get("result")
    if not isinstance(text, str | None):
        raise TypeError(f"result is a {type(text).__name__}, not JSON text")
    return "null" if text is None else text


def _scheduler_state(exists: bool, state: str | None) -> str:
    """What the row keeps as input. Default values are left out, as the original does."""
    kept = {"exists": True, "state": state} if exists else {}
    return dump(kept | {"sorter": {}})


def _kept(entity: Instance) -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(entity.input or "{}")
    return kept
