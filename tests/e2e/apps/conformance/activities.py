"""Activities: ones that return all kinds of values, that fail, and that tell where they ran."""

import asyncio
import os
import time
from typing import Any

import azure.durable_functions as df
import azure.functions as func
import tally
from money import Money

bp = df.Blueprint()


@bp.activity_trigger(input_name="value")
def echo(value: Any) -> Any:
    return value


@bp.activity_trigger(input_name="number")
def double(number: int) -> int:
    return number * 2


@bp.activity_trigger(input_name="number")
async def double_async(number: int) -> int:
    await asyncio.sleep(0)
    return number * 2


@bp.activity_trigger(input_name="message")
def fail(message: str) -> None:
    raise ValueError(message)


@bp.activity_trigger(input_name="seconds")
def block(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


@bp.activity_trigger(input_name="task")
def fail_later(task: dict) -> None:
    time.sleep(task["seconds"])
    raise ValueError(task["message"])


@bp.activity_trigger(input_name="key")
def count(key: str) -> int:
    return tally.count(key)


@bp.activity_trigger(input_name="task")
def succeed_on(task: dict) -> int:
    """Fail until the attempt of that number; give the number."""
    attempt = tally.count(task["key"])
    if attempt < task["attempt"]:
        raise RuntimeError(f"attempt {attempt}")
    return attempt


@bp.activity_trigger(input_name="kind")
def give(kind: str) -> Any:
    """Return a value of a kind that JSON does not have, or only just."""
    values: dict[str, Any] = {
        "none": None,
        "tuple": {"a": (1, 2)},
        "bytes": b"x",
        "set": {1},
        "money": Money(250),
        "unicode": "żółć \U0001f600 \u2028",
    }
    return values[kind]


@bp.activity_trigger(input_name="money")
def cents_of(money: Any) -> int:
    return money.cents


@bp.function_name("python_name")
@bp.activity_trigger(input_name="value", activity="Named")
def has_another_name(value: Any) -> Any:
    return value


@bp.activity_trigger(input_name="value")
def describe(value: Any, context: func.Context) -> dict[str, Any]:
    """What the invocation knows of itself."""
    return {
        "value": value,
        "function": context.function_name,
        "invocation": context.invocation_id,
        "process": os.getpid(),
    }
