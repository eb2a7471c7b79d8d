"""Entities: what is asked of them, which operations one batch takes, and what a batch that ran changes.

An entity is an instance under the ID `@name@key` that keeps its state in its row and has no history. Its
mailbox is its queue: what cannot be taken yet, because somebody else holds the lock, stays there. How a batch
is handed to an SDK, and how its answer is read, is a matter of the protocol.
Source: DurableTask.Core, TaskEntityDispatcher, RequestMessage and ReleaseMessage.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from funchost.durable.actions import (
    CallEntity,
    LockEntities,
    SignalEntity,
    StartOrchestration,
)
from funchost.durable.commit import ArrivedMessage, Commit, Message, NewInstance, Operation
from funchost.durable.events import EventRaised, ExecutionStarted
from funchost.durable.failures import FailureDetails
from funchost.durable.identity import new_id
from funchost.durable.instances import Instance, SdkProtocol, Status
from funchost.durable.refusals import Unreadable
from funchost.durable.text import dump_json, is_storable, parse_json
from funchost.durable.timestamps import format_timestamp

OPERATION_EVENT = "op"
RELEASE_EVENT = "release"


@dataclass(frozen=True, slots=True)
class EntityRequest:
    """One operation that somebody asks of an entity, or a request for its lock.

    `input` is text, as the caller's SDK wrote it. A call has a `parent`, which gets the answer under
    `request_id`; a signal has none. A request for a lock has a `lock_set` and an `operation` of None.
    """

    entity_id: str
    operation: str | None
    input: str | None
    request_id: str
    parent: str | None = None
    parent_execution: str | None = None
    due: int | None = None
    lock_set: tuple[str, ...] = ()
    position: int = 0

    @property
    def is_signal(self) -> bool:
        """Whether nobody waits for an answer."""
        return self.parent is None

    @property
    def event_name(self) -> str:
        """The name of the event that carries it; a delayed one tells its time."""
        return OPERATION_EVENT if self.due is None else f"{OPERATION_EVENT}@{format_timestamp(self.due)}"

    def message(self, now: int) -> Message:
        """The message to the entity, which it can take now or when the request is due."""
        raised = EventRaised(now, OPERATION_EVENT, self.to_json())
        return Message(self.entity_id, raised, None, now if self.due is None else max(now, self.due))

    def to_json(self) -> str:
        """The request as it travels and as a history shows it."""
        request: dict[str, Any] = {"op": self.operation}
        if self.is_signal:
            request["signal"] = True
        if self.input is not None:
            request["input"] = self.input
        request["id"] = self.request_id
        if self.parent is not None:
            request |= {"parent": self.parent, "parentExecution": self.parent_execution}
        if self.due is not None:
            request["due"] = format_timestamp(self.due)
        if self.lock_set:
            request |= {"lockset": list(self.lock_set), "pos": self.position, "IsLockRequest": True}
        return dump_json(request)

    @classmethod
    def parse(cls, entity_id: str, text: str) -> "EntityRequest":
        """Read what `to_json` wrote, or what anybody else raised under the same name. Raises Unreadable."""
        request = parse_json(text)
        if not isinstance(request, dict):
            raise Unreadable(f"an operation is a JSON object, not a {type(request).__name__}")
        lock_set, position = request.get("lockset") or [], request.get("pos") or 0
        if not isinstance(lock_set, list) or (lock_set and position not in range(len(lock_set))):
            raise Unreadable("lockset of an operation is a list, and pos a position in it")
        values = {key: request.get(key) for key in ("op", "input", "id", "parent", "parentExecution")}
        texts = [*(value for value in values.values() if value is not None), *lock_set]
        if not all(isinstance(value, str) and is_storable(value) for value in texts):
            raise Unreadable("op, input, id, parent and lockset of an operation are text")
        if values["id"] is None or (values["op"] is None and not lock_set):
            raise Unreadable("an operation has op and id")
        is_signal = bool(request.get("signal"))
        return cls(
            entity_id,
            values["op"],
            values["input"],
            values["id"],
            None if is_signal else values["parent"],
            None if is_signal else values["parentExecution"],
            lock_set=tuple(lock_set),
            position=int(position) if lock_set else 0,
        )


@dataclass(frozen=True, slots=True)
class OperationResult:
    """How one operation ended: `text` is its JSON result, or what a failure says to a reader of results."""

    text: str
    is_error: bool = False
    failure: FailureDetails | None = None
    milliseconds: float = 0.0

    @property
    def error(self) -> str | None:
        """What went wrong, in words."""
        if not self.is_error:
            return None
        if self.failure is not None:
            return str(self.failure)
        try:
            said = parse_json(self.text)
        except Unreadable:
            return self.text
        return said if isinstance(said, str) else self.text

    def to_json(self) -> str:
        """The answer as it travels to the caller."""
        answer: dict[str, Any] = {"result": self.text}
        if self.is_error:
            answer["exceptionType"] = "Error" if self.failure is None else self.failure.error_type
        if self.failure is not None:
            answer["failureDetails"] = self.failure.document()
        return dump_json(answer)


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """What an entity function said of a batch: its state, None when it has none any more; a result for each
    operation that ran, from the first on; and what it asks for."""

    state: str | None
    results: tuple[OperationResult, ...]
    actions: tuple[SignalEntity | StartOrchestration, ...] = ()


@dataclass(slots=True)
class EntityIntake:
    """What one batch takes.

    `consumed` are the messages that are used up whatever happens; `batch` are the operations to run, under
    the numbers of their messages; `lock_request` is the one that is granted after them. `locked_by` is the
    holder of the lock before the batch. `left` tells that more can be taken at once.
    """

    locked_by: str | None
    consumed: list[int] = field(default_factory=list)
    batch: list[tuple[int, EntityRequest]] = field(default_factory=list)
    lock_request: tuple[int, EntityRequest] | None = None
    left: bool = False

    @property
    def operations(self) -> list[EntityRequest]:
        """The operations to run, in order."""
        return [request for _, request in self.batch]


def entity_id(name: str, key: str) -> str:
    """The instance ID of an entity; names ignore case, keys do not."""
    return f"@{name.lower()}@{key}"


def split_entity_id(instance_id: str) -> tuple[str, str]:
    """Name and key of an entity's instance ID; a key may hold an @ itself."""
    name, _, key = instance_id[1:].partition("@")
    return name, key


def new_entity(instance_id: str, protocol: SdkProtocol, now: int) -> Instance:
    """The row of an entity that nobody has asked anything yet; the first message to it makes one."""
    return Instance(
        instance_id=instance_id,
        execution_id=new_id(),
        name=instance_id,
        version="",
        status=Status.RUNNING,
        protocol=protocol,
        input=None,
        created_at=now,
        updated_at=now,
    )


def request_for(
    action: CallEntity | SignalEntity | LockEntities, caller: Instance | None = None
) -> EntityRequest:
    """The request that an action makes; `caller` is the orchestration that asks, None for an entity."""
    if isinstance(action, LockEntities):
        entity, operation, input, due = action.entity_ids[action.position], None, None, None
    else:
        entity, operation, input = action.entity_id, action.operation, action.input
        due = action.due if isinstance(action, SignalEntity) else None
    waits = caller is not None and not isinstance(action, SignalEntity)
    return EntityRequest(
        entity,
        operation,
        input,
        action.request_id or new_id(),
        caller.instance_id if caller is not None and waits else None,
        caller.execution_id if caller is not None and waits else None,
        due,
        action.entity_ids if isinstance(action, LockEntities) else (),
        action.position if isinstance(action, LockEntities) else 0,
    )


def release_text(holder: str, request_id: str) -> str:
    """The message that gives a lock back."""
    return dump_json({"parent": holder, "id": request_id})


def take(entity: Instance, arrived: Sequence[ArrivedMessage], limit: int) -> EntityIntake:
    """Choose the next batch of at most `limit` operations.

    The operations of the lock's holder come before those of others, which stay in the mailbox until the lock
    is given back. Whatever else has come is thrown away: an entity cannot be ended, held or waited for.
    """
    intake = EntityIntake(entity.locked_by)
    holder = entity.locked_by
    held: list[tuple[int, EntityRequest]] = []
    others: list[tuple[int, EntityRequest]] = []
    for message in arrived:
        event = message.event
        if isinstance(event, EventRaised) and event.name == RELEASE_EVENT:
            intake.consumed.append(message.message_id)
            holder = None if _releases(event.input, holder) else holder
            continue
        request = _request(entity, message)
        if request is None:
            intake.consumed.append(message.message_id)
        elif holder is not None and request.parent == holder:
            held.append((message.message_id, request))
        else:
            others.append((message.message_id, request))
    intake.locked_by = holder
    _choose(intake, held if holder is not None else [*held, *others], limit)
    return intake


def _choose(intake: EntityIntake, may: list[tuple[int, EntityRequest]], limit: int) -> None:
    for each in may:
        if intake.lock_request is not None or len(intake.batch) == limit:
            intake.left = intake.lock_request is None or intake.lock_request[1].parent == each[1].parent
            return
        if each[1].lock_set:
            intake.lock_request = each
        else:
            intake.batch.append(each)


def decide_batch(
    entity: Instance, intake: EntityIntake, answer: BatchAnswer, default_version: str, now: int
) -> Commit:
    """What a batch that ran changes: the state, an answer for every call, and what the entity asks for.

    Operations without a result stay in the mailbox and run again.
    """
    finished = intake.batch[: len(answer.results)]
    all_ran = len(finished) == len(intake.batch)
    commit = _commit(entity, intake, now, ran=True)
    commit.consumed += [number for number, _ in finished]
    commit.more_to_take = intake.left or not all_ran
    # The original starts a new generation for each batch, which moves the creation time.
    commit.instance = replace(commit.instance, entity_state=answer.state, created_at=now)
    for (_, request), result in zip(finished, answer.results, strict=True):
        _end_operation(commit, request, result, now)
    for action in answer.actions:
        _carry_out(commit, action, default_version, now)
    if all_ran:
        _grant_lock(commit, intake, now)
    return commit


def fail_batch(entity: Instance, intake: EntityIntake, result: OperationResult, now: int) -> Commit:
    """What a batch changes that cannot run at all, for example because the app has no such entity.

    The real host of SDK 1.x leaves the callers waiting for ever; here each call is answered with the error,
    and signals are dropped.
    """
    commit = _commit(entity, intake, now, ran=False)
    for number, request in intake.batch:
        commit.consumed.append(number)
        _end_operation(commit, request, result, now)
    _grant_lock(commit, intake, now)
    return commit


def idle(entity: Instance, intake: EntityIntake, now: int) -> Commit:
    """What changes when no operation can run: locks, and messages that are of no use."""
    commit = _commit(entity, intake, now, ran=False)
    _grant_lock(commit, intake, now)
    return commit


def _commit(entity: Instance, intake: EntityIntake, now: int, *, ran: bool) -> Commit:
    successor = replace(entity, status=Status.RUNNING, locked_by=intake.locked_by)
    if ran:
        successor = replace(successor, updated_at=now)
    return Commit(successor, consumed=list(intake.consumed), more_to_take=intake.left)


def _grant_lock(commit: Commit, intake: EntityIntake, now: int) -> None:
    """Give the lock to who asks for it, and pass the request on to the next entity of its set."""
    if intake.lock_request is None:
        return
    number, request = intake.lock_request
    commit.consumed.append(number)
    commit.instance = replace(commit.instance, locked_by=request.parent)
    position = request.position + 1
    if position < len(request.lock_set):
        following = replace(request, entity_id=request.lock_set[position], position=position)
        commit.messages.append(following.message(now))
    else:
        _respond(commit, request, OperationResult("Lock Acquisition Completed"), now)


def _end_operation(commit: Commit, request: EntityRequest, result: OperationResult, now: int) -> None:
    commit.operations.append(
        Operation(
            request.operation or "",
            request.request_id,
            request.input,
            result.text,
            result.error,
            result.milliseconds,
        )
    )
    _respond(commit, request, result, now)


def _respond(commit: Commit, request: EntityRequest, result: OperationResult, now: int) -> None:
    if request.parent is None:
        return
    answer = EventRaised(now, request.request_id, result.to_json())
    commit.messages.append(Message(request.parent, answer, request.parent_execution, now))


def _carry_out(
    commit: Commit, action: SignalEntity | StartOrchestration, default_version: str, now: int
) -> None:
    if isinstance(action, SignalEntity):
        commit.messages.append(request_for(action).message(now))
        return
    version = default_version if action.version is None else action.version
    started = Instance(
        instance_id=action.instance_id,
        execution_id=new_id(),
        name=action.name,
        version=version,
        status=Status.PENDING,
        protocol=commit.instance.protocol,
        input=action.input,
        created_at=now,
        updated_at=now,
        scheduled_at=action.start_at,
    )
    commit.new_instances.append(NewInstance(started, ExecutionStarted(now, action.name, version)))


def _request(entity: Instance, message: ArrivedMessage) -> EntityRequest | None:
    """The operation that this message asks for, None when it asks for none or cannot be read."""
    event = message.event
    if not isinstance(event, EventRaised) or event.name != OPERATION_EVENT or event.input is None:
        return None
    try:
        return EntityRequest.parse(entity.instance_id, event.input)
    except Unreadable:
        # Anybody may raise an event named op at an entity; it must not stop the others.
        return None


def _releases(text: str | None, holder: str | None) -> bool:
    try:
        released = parse_json(text or "null")
    except Unreadable:
        return False
    return isinstance(released, dict) and released.get("parent") == holder
