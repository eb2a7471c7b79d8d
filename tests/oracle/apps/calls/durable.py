"""Activities, orchestrators, entities and timers."""

import json
from collections import Counter, OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import azure.durable_functions as df
import azure.functions as func

bp = df.Blueprint()


@dataclass
class Money:
    """A class of the app that travels as JSON."""

    amount: int

    @staticmethod
    def to_json(value: "Money") -> str:
        return str(value.amount)

    @staticmethod
    def from_json(text: str) -> "Money":
        return Money(int(text))


class Unspeakable:
    """Not for travelling."""


RETURNS = {
    "none": None,
    "true": True,
    "int": 10**30,
    "float": 0.1,
    "nan": float("nan"),
    "text": "text ä \ud83d\ude00",
    "json text": '{"a": 1}',
    "empty": "",
    "list": [1, "a", None, [2.5]],
    "tuple": (1, 2),
    "dict": {"a": {"b": 1}, "ä": 2},
    "dict with numbers": {1: "a", None: "b"},
    "dict with tuples": {(1, 2): "a"},
    "counter": Counter("aab"),
    "ordered": OrderedDict(b=1, a=2),
    "money": Money(5),
    "moneys": {"all": [Money(1), Money(2)]},
    "bytes": b"bytes",
    "set": {1},
    "datetime": datetime(2026, 1, 2, tzinfo=UTC),
    "decimal": Decimal("1.5"),
    "unspeakable": Unspeakable(),
    "function": len,
}


@bp.activity_trigger(input_name="name")
def give(name: str):
    return RETURNS[name]


@bp.activity_trigger(input_name="name")
async def give_async(name: str):
    return RETURNS[name]


@bp.activity_trigger(input_name="name")
def give_annotated(name: str) -> int:
    return RETURNS[name]


@bp.activity_trigger(input_name="value")
def take(value: object) -> str:
    return f"{type(value).__name__} {value!r}"


@bp.activity_trigger(input_name="value")
def take_text(value: str) -> str:
    return f"{type(value).__name__} {value!r}"


@bp.activity_trigger(input_name="value", activity="Renamed")
def take_bytes(value: bytes) -> str:
    return f"{type(value).__name__} {value!r}"


@bp.activity_trigger(input_name="context")
def take_as_context(context: dict) -> str:
    return f"{type(context).__name__} {context!r}"


@bp.activity_trigger(input_name="text")
def fail(text: str) -> None:
    raise ValueError(text)


@bp.activity_trigger(input_name="text")
async def fail_async(text: str) -> None:
    raise ValueError(text)


@bp.orchestration_trigger(context_name="context")
def chain(context: df.DurableOrchestrationContext):
    first = yield context.call_activity("take", context.get_input())
    context.set_custom_status({"first": first})
    second = yield context.call_activity("take", Money(2))
    return [first, second]


@bp.orchestration_trigger(context_name="context")
def everything(context: df.DurableOrchestrationContext):
    soon = context.current_utc_datetime + timedelta(seconds=5)
    retry = df.RetryOptions(1000, 3)
    yield context.task_any(
        [
            context.call_activity_with_retry("take", retry, 1),
            context.call_sub_orchestrator("chain", {"a": 1}, "child"),
            context.call_entity(df.EntityId("tally", "k"), "add", 1),
            context.call_http("GET", "http://localhost:1/"),
            context.create_timer(soon),
            context.wait_for_external_event("event"),
        ]
    )
    return context.new_uuid()


@bp.orchestration_trigger(context_name="context")
def fails(context: df.DurableOrchestrationContext):
    yield context.call_activity("take", 1)
    raise ValueError("no good ä")


@bp.orchestration_trigger(context_name="context")
def fails_at_once(context: df.DurableOrchestrationContext):
    raise KeyError("at once")


@bp.orchestration_trigger(context_name="context")
def plain(context: df.DurableOrchestrationContext):
    return {"id": context.instance_id, "money": Money(3)}


@bp.orchestration_trigger(context_name="context")
def unspeakable(context: df.DurableOrchestrationContext):
    return Unspeakable()


@bp.orchestration_trigger(context_name="context")
async def coroutine(context: df.DurableOrchestrationContext):
    return 1


@bp.entity_trigger(context_name="context")
def tally(context: df.DurableEntityContext) -> None:
    total = context.get_state(lambda: 0)
    if context.operation_name == "fail":
        raise ValueError("no good")
    total += context.get_input() or 0
    context.set_state(total)
    context.set_result({"total": total, "key": context.entity_key})


@bp.timer_trigger(arg_name="timer", schedule="0 0 * * * *")
def tick(timer: func.TimerRequest) -> None:
    seen = json.dumps([timer.past_due, timer.schedule, timer.schedule_status])
    # A timer returns nothing; its error is the only way to tell what it saw.
    raise RuntimeError(seen)


@bp.timer_trigger(arg_name="timer", schedule="0 0 * * * *")
async def silent_tick(timer: func.TimerRequest) -> None: ...


@bp.timer_trigger(arg_name="timer", schedule="0 0 * * * *")
def talkative_tick(timer: func.TimerRequest):
    return "something"
